import type { ClientReport } from '../../contracts/report.js'

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
  for (const word of words) {
    const { instanceId, slot, protection, previous, firstHeardAt } = word
    if (protection !== 'disk' || slot === undefined || previous !== undefined || firstHeardAt === undefined)
      continue
    const earlier = words.filter(other => isBefore(other, word))
    // One that was still there may have the slot, and what it leaves behind is found by the next.
    if (earlier.some(({ receivedAt = '' }) => receivedAt > firstHeardAt)) continue
    const gone = earlier.filter(other => other.protection === 'disk' && other.slot === slot)
    if (gone.length === 0) continue
    for (const other of gone) if (!found.has(other.instanceId)) lost.add(other.instanceId)
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

function isBefore(other: ClientReport, { instanceId, firstHeardAt = '' }: ClientReport): boolean {
  return other.instanceId !== instanceId && (other.firstHeardAt ?? other.receivedAt ?? '') < firstHeardAt
}
