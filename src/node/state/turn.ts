import type { LoadedState, SavedAttempt } from '../../contracts/state.js'
import type { Claim } from './claims.js'
import { isDead, MISSED_BEATS, type Judge } from './judge-attempts.js'
import type { ProtectedFolder } from './protected-folder.js'

/** The right to try what no more than one process of a folder tries at a time. */
export interface Turn {
  /** Takes it, unless another process has it that may be alive and tries something. */
  take(found: LoadedState): Promise<boolean>
  /** Whether it could be taken. */
  isFree(found: LoadedState): Promise<boolean>
  /** Lets go of it, if it is held. */
  giveUp(): Promise<void>
}

const NAME = 'turn'

/** Makes the {@link Turn} of one instance. */
export function createTurn(
  folder: Pick<ProtectedFolder, 'take' | 'holder' | 'release'>,
  { claim, by }: { readonly claim: () => Claim; readonly by: () => Judge },
): Turn {
  let isHeld = false

  /** Whether who has it is gone, or tries nothing. */
  const isOver = (holder: Claim, { attempts = [] }: LoadedState): boolean => {
    const judge = by()
    if (judge.fate(holder) === 'gone') return true
    const isTrying = (attempt: SavedAttempt): boolean =>
      attempt.instanceId === holder.instanceId && attempt.stopped === undefined && !isDead(attempt, judge)
    const sinceMs = Math.abs(judge.nowMs - Date.parse(holder.at))
    return sinceMs >= MISSED_BEATS * judge.beatMs && !attempts.some(isTrying)
  }

  return {
    async take(found) {
      isHeld = await folder.take(NAME, claim(), holder => isOver(holder, found))
      return isHeld
    },
    async isFree(found) {
      const holder = await folder.holder(NAME)
      return holder === undefined || isOver(holder, found)
    },
    async giveUp() {
      if (!isHeld) return
      isHeld = false
      await folder.release(NAME, claim().instanceId)
    },
  }
}
