import type { ClientReport } from '../../contracts/report.js'
import { byCodeUnit } from '../json/canonical.js'

/**
 * The instances of one client that no state protects over a restart, although they say so: what was
 * before them was lost, as in a container whose folder is empty at each start. An instance that
 * finds its state names the one before it. Where one does not, and the store heard one in the same
 * slot that was over by then, with nobody beside it who could have taken that slot's turn, its
 * state did not survive; nor does it count as kept before a restart has found it. A function of the
 * reports, whatever order they come in.
 *
 * ```ts
 * const isProtected = report.protection === 'disk' && !lostState(words).has(report.instanceId)
 * ```
 */
export function lostState(words: readonly ClientReport[]): ReadonlySet<string> {
  const lost = new Set<string>()
  if (words.length < 2) return lost
  const found = new Set(words.map(({ previous }) => previous?.instanceId))
  const inOrder = words.toSorted((one, other) => byCodeUnit(firstHeard(one), firstHeard(other)))
  // One walk, beside which what came before goes: a stranger may name thousands of one client.
  let [before, lastWordAt] = [0, '']
  /** The instances of each slot that came before and were not looked at yet. */
  const slots = new Map<number, string[]>()
  for (const word of inOrder) {
    const { instanceId, slot, protection, previous, firstHeardAt } = word
    if (protection !== 'disk' || slot === undefined || previous !== undefined || firstHeardAt === undefined)
      continue
    for (let other = inOrder[before]; other !== undefined; other = inOrder[before]) {
      if (firstHeard(other) >= firstHeardAt) break
      before += 1
      const { receivedAt = '' } = other
      if (receivedAt > lastWordAt) lastWordAt = receivedAt
      if (other.protection !== 'disk' || other.slot === undefined) continue
      const known = slots.get(other.slot)
      if (known === undefined) slots.set(other.slot, [other.instanceId])
      else known.push(other.instanceId)
    }
    // One that was still there may have the slot, and what it leaves behind is found by the next.
    if (lastWordAt > firstHeardAt) continue
    const earlier = slots.get(slot)
    if (earlier === undefined) continue
    for (const gone of earlier.splice(0)) if (!found.has(gone)) lost.add(gone)
    if (!found.has(instanceId)) lost.add(instanceId)
  }
  return lost
}

/**
 * The same reports, with `protection` as it has shown to be.
 *
 * ```ts
 * const words = withLostState(reportsOfOneClient)
 * ```
 */
export function withLostState(words: readonly ClientReport[]): readonly ClientReport[] {
  const lost = lostState(words)
  return lost.size === 0
    ? words
    : words.map(word => (lost.has(word.instanceId) ? { ...word, protection: 'none' } : word))
}

function firstHeard({ firstHeardAt, receivedAt = '' }: ClientReport): string {
  return firstHeardAt ?? receivedAt
}
