import type { LabelMatch } from './labels.js'
import type { Arm, Variant } from './release.js'

/** Clients that get one snapshot by one arm, and one by another. */
export interface VariantPair {
  /** The labels of these clients; absent for those that no variant's labels match. */
  readonly when?: LabelMatch
  readonly before: Variant
  readonly after: Variant
}

/**
 * Who gets what by two arms: a pair for each group of clients that a variant of either tells apart,
 * those that no labels match first. Every client is in a group, and none is in the group of a
 * variant that an earlier one takes it from, as far as a list of values for each label can say so.
 *
 * ```ts
 * const changed = pairVariants(old.stable, next.stable).filter(({ before, after }) => before.digest !== after.digest)
 * ```
 */
export function pairVariants(
  before: Pick<Arm, 'variants'>,
  after: Pick<Arm, 'variants'>,
): readonly VariantPair[] {
  const pairs: VariantPair[] = []
  const [old, next] = [before.variants.filter(isForSomebody), after.variants.filter(isForSomebody)]
  for (const [i, one] of old.entries())
    for (const [j, other] of next.entries()) {
      const earlier = [...old.slice(0, i), ...next.slice(0, j)]
      const clients = earlier.reduce<LabelMatch | undefined>(
        (left, { when = {} }) => left && without(left, when),
        both(one.when ?? {}, other.when ?? {}),
      )
      if (clients === undefined) continue
      const when = Object.keys(clients).length === 0 ? {} : { when: clients }
      pairs.push({ ...when, before: one, after: other })
    }
  return [
    ...pairs.filter(({ when }) => when === undefined),
    ...pairs.filter(({ when }) => when !== undefined),
  ]
}

/** An empty match holds for nobody. */
function isForSomebody({ when }: Variant): boolean {
  return when === undefined || Object.keys(when).length > 0
}

/** The clients that two matches both hold for; undefined where there can be none. */
function both(a: LabelMatch, b: LabelMatch): LabelMatch | undefined {
  const shared = Object.entries(b).map(([name, values]) => [
    name,
    Object.hasOwn(a, name) ? values.filter(value => a[name]?.includes(value)) : values,
  ])
  const match = { ...a, ...(Object.fromEntries(shared) as LabelMatch) }
  return Object.values(match).some(values => values.length === 0) ? undefined : match
}

/**
 * What is left of some clients after those that another match holds for; undefined where nothing
 * is.
 */
function without(clients: LabelMatch, taken: LabelMatch): LabelMatch | undefined {
  const names = Object.keys(taken)
  // Who need not have a label is not taken by it.
  if (names.some(name => !Object.hasOwn(clients, name))) return clients
  const [open, ...more] = names.filter(name => clients[name]?.some(value => !taken[name]?.includes(value)))
  if (open === undefined) return undefined
  if (more.length > 0) return clients
  return { ...clients, [open]: (clients[open] ?? []).filter(value => !taken[open]?.includes(value)) }
}
