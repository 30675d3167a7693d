import type { Row } from '../row.js'
import { sayAfter } from '../words.js'

type Recovering = Pick<Row, 'model' | 'recoveryMs'>

/**
 * After how long clients are back when all servers were away, a line for all models that say the
 * same; and after how long those have a change whose link died as it came, and those that were away
 * then, one line for all models.
 *
 * ```ts
 * sayRecovery(rows) // ["hybrid; push: half of the clients are back after 6.1 s, all after 28 s", …]
 * ```
 */
export function sayRecovery(rows: readonly Recovering[]): readonly string[] {
  const back = bySaying(
    rows,
    ({ recoveryMs: { half, all } }) => `half of the clients are back ${sayAfter(half)}, all ${sayAfter(all)}`,
  )
  const link = sayEach(rows, ({ recoveryMs }) => recoveryMs.link.all)
  const tenth = sayEach(rows, ({ recoveryMs }) => recoveryMs.tenth.all)
  return [
    ...back.map(([said, names]) => `${names}: ${said}`),
    `a client whose link dies unnoticed just as a change comes has it ${link === 'never' ? link : `${link} at most`}; a tenth of the clients that was away then for a minute, and starts at once, has it ${tenth}`,
  ]
}

/** How long it takes with each model, the shortest first; models that say the same are together. */
function sayEach(rows: readonly Recovering[], msOf: (row: Recovering) => number): string {
  const sorted = [...rows].sort((one, other) => msOf(one) - msOf(other))
  const said = bySaying(sorted, row => sayAfter(msOf(row)))
  if (said.length === 1) return said.map(([time]) => time).join('')
  // The word stands once before all times.
  return said
    .map(([time, names], index) => `${index === 0 ? time : time.replace(/^after /, '')} (${names})`)
    .join(', ')
}

/** What is said of models, with the names of those of which the same is said. */
function bySaying(
  rows: readonly Recovering[],
  say: (row: Recovering) => string,
): readonly (readonly [said: string, names: string])[] {
  const models = new Map<string, string[]>()
  for (const row of rows) {
    const said = say(row)
    models.set(said, [...(models.get(said) ?? []), row.model])
  }
  return [...models].map(([said, names]) => [said, names.join('; ')])
}
