import { bootOf, startOf, ticksOf, UNKNOWN_BOOT } from './boot-id.js'
import { splitTag, type ProcessTag } from './process-tag.js'

/**
 * What can be said of a process that wrote something: a number of a process alone says nothing in
 * containers.
 */
export type ProcessFate = 'alive' | 'gone' | 'unknown'

/** The fate of the process that a tag and a boot name, as this process can tell it. */
export function fateOf(
  { tag, bootId }: { readonly tag: string; readonly bootId: string },
  own: ProcessTag,
): ProcessFate {
  if (tag === own.tag) return 'alive'
  if (own.isGone(tag)) return 'gone'
  const [machine, pid] = splitTag(tag)
  const mine = own.bootId ?? UNKNOWN_BOOT
  if (pid === undefined || machine !== splitTag(own.tag)[0]) return 'unknown'
  if (bootId === UNKNOWN_BOOT || mine === UNKNOWN_BOOT) return 'unknown'
  if (bootOf(bootId) !== bootOf(mine)) return 'gone'
  const [now, then] = [startOf(pid), ticksOf(bootId)]
  return now === undefined ? 'unknown' : now === then ? 'alive' : 'gone'
}
