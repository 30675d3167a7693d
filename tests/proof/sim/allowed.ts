import { createHash } from 'node:crypto'
import type { Release } from '../../../src/core/release/release.js'

/**
 * Whether a release gives a snapshot to a client, worked out apart from the library: the stable
 * variant for its labels, or the candidate's if a clause describes it.
 */
export function isAllowed(
  release: Release,
  { clientId, labels }: { clientId: string; labels: Readonly<Record<string, string>> },
  digest: string,
): boolean {
  const matches = (when: Readonly<Record<string, readonly string[]>>): boolean =>
    Object.entries(when).length > 0 &&
    Object.entries(when).every(([name, values]) => values.includes(labels[name] ?? ''))
  const variantOf = (arm: Release['stable']): string | undefined =>
    arm.variants.find(({ when }) => when === undefined || matches(when))?.digest
  if (variantOf(release.stable) === digest) return true
  if (
    release.candidate === undefined ||
    release.audience === undefined ||
    variantOf(release.candidate) !== digest
  )
    return false
  const { salt, clauses } = release.audience
  const hash = createHash('sha256').update(`${salt}\0${clientId}`).digest()
  return clauses.some(({ ids, labels: wanted, below }) => {
    const conditions = [
      ...(ids === undefined ? [] : [ids.includes(hash.toString('hex').slice(0, 32))]),
      ...(wanted === undefined ? [] : [matches(wanted)]),
      ...(below === undefined ? [] : [hash.readUInt32BE(0) < below]),
    ]
    return conditions.length > 0 && conditions.every(Boolean)
  })
}
