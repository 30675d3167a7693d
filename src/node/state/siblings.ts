import type { Digest } from '../../contracts/names.js'
import type { ProcessTag } from '../disk/process-tag.js'

/** A protection, as the others of its process see it. */
export interface Sibling {
  /** Whether it tries another snapshot than this one. */
  triesOtherThan(digest: Digest): boolean
  /**
   * This snapshot is tried in the process: a death proves nothing of another that is tried again.
   */
  crowd(digest: Digest): Promise<void>
}

/** By the process, since one program may simulate several. */
const families = new WeakMap<ProcessTag, Set<Sibling>>()

/** The protections of one process: what one tries, the others have to know. */
export function siblingsOf(owner: ProcessTag): Set<Sibling> {
  const family = families.get(owner) ?? new Set()
  families.set(owner, family)
  return family
}
