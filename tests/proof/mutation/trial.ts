import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutants.js'
import { runVitest } from './run-vitest.js'

/** Tests to run, over the sources with a mutant or as they are. */
export interface Trial {
  readonly tests: readonly string[]
  readonly mutant?: Mutant
}

/** How tests ended: with a failure, without, or not within their time. */
export interface Outcome {
  readonly verdict: 'failed' | 'passed' | 'hung'
  /** The files whose tests failed; empty where something else did. */
  readonly failed: readonly string[]
}

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
export async function tryTests(trial: Trial, withinMs: number, signal?: AbortSignal): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-trial-'))
  const report = join(folder, 'report.json')
  try {
    const code = await runVitest({
      config: 'mutated.vitest.config.ts',
      env: { NOTICEBOARD_MUTANT: JSON.stringify(trial) },
      report,
      withinMs,
      signal,
    })
    if (code === undefined) return { verdict: 'hung', failed: [] }
    return code === 0
      ? { verdict: 'passed', failed: [] }
      : { verdict: 'failed', failed: failedIn(report, trial.tests) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function failedIn(report: string, tests: readonly string[]): readonly string[] {
  // Whoever dies writes none.
  if (!existsSync(report)) return []
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    readonly testResults: readonly { readonly name: string; readonly status: string }[]
  }
  const failed = testResults.filter(({ status }) => status === 'failed')
  return tests.filter(test => failed.some(({ name }) => name.endsWith(`/${test}`)))
}
