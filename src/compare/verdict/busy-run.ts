import { percent } from '../words.js'
import type { Row } from '../row.js'

/** Below this share of idle processor time a run measures the machine, and no model. */
const LEAST_IDLE = 0.3

/**
 * Why no verdict follows from a real run: the machine had too much to do; undefined where one does.
 *
 * ```ts
 * sayBusyRun(rows) // the machine was 4 % idle while a change travelled with push, …
 * ```
 */
export function sayBusyRun(rows: readonly Pick<Row, 'model' | 'sample'>[]): string | undefined {
  const busy = rows.flatMap(({ model, sample }) => {
    const idle = sample?.machineIdle ?? 1
    return idle < LEAST_IDLE ? [{ model, idle }] : []
  })
  if (busy.length === 0) return undefined
  const least = Math.min(...busy.map(({ idle }) => idle))
  const models = busy.length === rows.length ? 'every model' : busy.map(({ model }) => model).join(' and ')
  return `the machine was ${percent(least)} idle while a change travelled with ${models}, and has to be ${percent(LEAST_IDLE)}: its times and its processor time are those of a machine that had too much to do, and no model is named by them`
}

/** What else is said where no verdict follows. */
export const WHAT_HOLDS: readonly string[] = [
  'what hold are the counts of requests and bytes',
  'run it again with fewer clients, or while the machine does nothing else; the formula and the simulation need no idle machine',
]
