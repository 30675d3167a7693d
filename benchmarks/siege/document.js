// What the besieged board holds: a document that is large enough to have deltas and to be
// compressed, in as many versions as let strangers ask for many pairs of them.
import { makeDocument } from '../document.js'

/**
 * How many were published before the siege; of the last the rollback goes back to the one before.
 */
export const versions = 12
const bytes = 20_480
const flags = makeDocument(bytes)

/** A version of it. @param {number} size */
export function documentOf(size) {
  return { ...flags, size }
}
