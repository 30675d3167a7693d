import type { Mutant } from './mutants.js'
import { runVitest } from './run-vitest.js'

/** Tests to run, over the sources with a mutant or as they are. */
export interface Trial {
  readonly tests: readonly string[]
  readonly mutant?: Mutant
  /** How many processes run them; 1 unless given. */
  readonly workers?: number
}

/** How tests ended: with a failure, without, or not within their time. */
export type Verdict = 'failed' | 'passed' | 'hung'

/** A source with a mutant in it. Throws where the source is another than the mutant was made of. */
export function mutated(source: string, { file, start, end, from, to }: Mutant): string {
  if (source.slice(start, end) !== from)
    throw new Error(`${file} changed meanwhile: ${from} is not at ${start}`)
  return source.slice(0, start) + to + source.slice(end)
}

/**
 * Runs tests in a process of their own, which is ended after `withinMs`: a mutant may be a loop
 * without an end.
 */
export async function tryTests(trial: Trial, withinMs: number, signal?: AbortSignal): Promise<Verdict> {
  const code = await runVitest({
    config: 'mutated.vitest.config.ts',
    env: { NOTICEBOARD_MUTANT: JSON.stringify(trial) },
    withinMs,
    signal,
  })
  if (code === undefined) return 'hung'
  return code === 0 ? 'passed' : 'failed'
}
