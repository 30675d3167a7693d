import type { Row } from '../row.js'
import { sayMs } from '../words.js'

/**
 * After how long clients have a change whose link died as it came, and those that were away then:
 * one line for all models.
 *
 * ```ts
 * sayOthersBack(rows) // "a client whose link dies … has it after 13 s at most (hybrid; push); …"
 * ```
 */
export function sayOthersBack(rows: readonly Pick<Row, 'model' | 'recoveryMs'>[]): string {
  const link = sayEach(rows, ({ recoveryMs }) => recoveryMs.link.all)
  const tenth = sayEach(rows, ({ recoveryMs }) => recoveryMs.tenth.all)
  return `a client whose link dies unnoticed just as a change comes has it after ${link} at most; a tenth of the clients that was away then for a minute, and starts at once, has it after ${tenth}`
}

/** How long it takes with each model, the shortest first; models that say the same are together. */
function sayEach<Part extends Pick<Row, 'model'>>(
  rows: readonly Part[],
  msOf: (row: Part) => number,
): string {
  const models = new Map<string, string[]>()
  for (const row of [...rows].sort((one, other) => msOf(one) - msOf(other))) {
    const said = sayMs(msOf(row))
    models.set(said, [...(models.get(said) ?? []), row.model])
  }
  if (models.size === 1) return [...models.keys()].join('')
  return [...models].map(([said, names]) => `${said} (${names.join('; ')})`).join(', ')
}
