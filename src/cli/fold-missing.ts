import { groupBy } from '../core/group-by.js'
import type { FleetMember } from '../publisher/index.js'

/** Missing instances that are told in one row: machines that are gone, mostly. */
export interface MissingGroup {
  readonly members: readonly FleetMember[]
  /** What all of them have in common. */
  readonly labels: Readonly<Record<string, string>>
  /** How long ago the first and the last of them was heard, in milliseconds. */
  readonly silentMs: readonly [least: number, most: number]
}

/** So many are told one by one. */
const FEW = 3

/**
 * A label of more values than this, or than half of the instances, tells machines apart, and groups
 * nothing.
 */
const MOST_VALUES = 8

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/**
 * Folds missing instances by their labels and by how long they are missing, where more than three
 * are alike.
 *
 * ```ts
 * const { single, groups } = foldMissing(fleet.members)
 * ```
 */
export function foldMissing(members: readonly FleetMember[]): {
  readonly single: readonly FleetMember[]
  readonly groups: readonly MissingGroup[]
} {
  const missing = members.filter(({ state }) => state === 'missing')
  const names = sharedLabels(missing)
  const labelsOf = ({ report: { labels } }: FleetMember): Record<string, string> =>
    Object.fromEntries(names.flatMap(name => (labels[name] === undefined ? [] : [[name, labels[name]]])))
  const alike = [
    ...groupBy(missing, member => JSON.stringify([ageOf(member), labelsOf(member)])).values(),
  ].filter(group => group.length > FEW)
  const folded = new Set(alike.flat())
  return {
    single: members.filter(member => !folded.has(member)),
    groups: alike.map(group => {
      const silent = group.map(({ silentMs = 0 }) => silentMs)
      const [first] = group
      return {
        members: group,
        labels: first === undefined ? {} : labelsOf(first),
        silentMs: [Math.min(...silent), Math.max(...silent)],
      }
    }),
  }
}

/** The labels that say something of a group of machines. */
function sharedLabels(members: readonly FleetMember[]): readonly string[] {
  const values = new Map<string, Set<string>>()
  for (const { report } of members)
    for (const [name, value] of Object.entries(report.labels))
      values.set(name, (values.get(name) ?? new Set()).add(value))
  const most = Math.min(MOST_VALUES, members.length / 2)
  return [...values].filter(([, found]) => found.size <= Math.max(1, most)).map(([name]) => name)
}

function ageOf({ silentMs = 0 }: FleetMember): 'minutes' | 'hours' | 'days' {
  if (silentMs < HOUR_MS) return 'minutes'
  return silentMs < DAY_MS ? 'hours' : 'days'
}
