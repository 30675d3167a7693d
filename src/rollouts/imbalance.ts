import { chanceOfAtLeast } from './hypergeometric.js'
import type { Member } from './members.js'

/** A label that more than so many values have names single clients, and not a kind of them. */
const MOST_VALUES = 50
/** Of fewer exposed clients nothing can be said. */
const FEWEST = 10
/** How rarely chance alone may raise the alarm, over all labels of a stage. */
const ALARM = 1e-4

/** A label that the audience carries far more often than the fleet. */
export interface Imbalance {
  readonly label: string
  readonly value: string
  readonly exposed: number
  readonly expected: number
}

/**
 * The label that is most over-represented among exposed clients, which were drawn at random;
 * undefined when none is beyond chance. What they show then holds for those with the label, and not
 * for the fleet.
 */
export function imbalanceOf(exposed: readonly Member[], live: readonly Member[]): Imbalance | undefined {
  if (exposed.length < FEWEST || exposed.length >= live.length) return undefined
  const tried = [...labelsOf(live)].flatMap(([label, values]) =>
    values.size > MOST_VALUES ? [] : [...values].map(([value, marked]) => ({ label, value, marked })),
  )
  const carried = labelsOf(exposed)
  let worst: (Imbalance & { readonly chance: number }) | undefined
  for (const { label, value, marked } of tried) {
    const hits = carried.get(label)?.get(value) ?? 0
    const draw = { all: live.length, marked, drawn: exposed.length }
    const chance = chanceOfAtLeast(draw, hits)
    if (chance * tried.length >= ALARM || (worst !== undefined && worst.chance <= chance)) continue
    const expected = (marked * exposed.length) / live.length
    worst = { label, value, exposed: hits, expected, chance }
  }
  if (worst === undefined) return undefined
  const { chance: _, ...imbalance } = worst
  return imbalance
}

/** How many clients carry each value of each label. */
function labelsOf(members: readonly Member[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const labels = new Map<string, Map<string, number>>()
  for (const { identity } of members) {
    for (const [label, value] of Object.entries(identity.labels)) {
      const values = labels.get(label) ?? new Map<string, number>()
      values.set(value, (values.get(value) ?? 0) + 1)
      labels.set(label, values)
    }
  }
  return labels
}
