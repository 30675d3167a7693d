import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Mutant } from './mutants.js'

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
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config',
      join(root, 'tests/proof/mutation/mutated.vitest.config.ts'),
      '--reporter=dot',
    ],
    {
      cwd: root,
      stdio: 'ignore',
      detached: true,
      env: { ...process.env, NOTICEBOARD_MUTANT: JSON.stringify(trial) },
    },
  )
  // Its workers go with it.
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    end()
  }, withinMs)
  signal?.addEventListener('abort', end, { once: true })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  clearTimeout(timer)
  signal?.removeEventListener('abort', end)
  signal?.throwIfAborted()
  if (hung) return 'hung'
  return code === 0 ? 'passed' : 'failed'
}
