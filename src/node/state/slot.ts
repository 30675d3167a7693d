import { MAX_SLOT } from '../../core/limits.js'
import { bootOf } from '../disk/boot-id.js'
import type { ProcessFate } from '../disk/process-fate.js'
import type { Claim } from './claims.js'
import type { ProtectedFolder } from './protected-folder.js'

/**
 * Takes the lowest slot of a folder whose process is gone, or was one of another boot. Rejects with
 * the trouble of the disk.
 */
export async function takeSlot(
  folder: Pick<ProtectedFolder, 'take'>,
  claim: Claim,
  fate: (holder: Claim) => ProcessFate,
): Promise<number | undefined> {
  const isOver = (holder: Claim): boolean =>
    fate(holder) === 'gone' || bootOf(holder.bootId) !== bootOf(claim.bootId)
  for (let slot = 0; slot < MAX_SLOT; slot += 1)
    if (await folder.take(nameOfSlot(slot), claim, isOver)) return slot
  return undefined
}

/** What a slot is called in {@link ProtectedFolder.take}. */
export function nameOfSlot(slot: number): string {
  return `slots/${slot}`
}
