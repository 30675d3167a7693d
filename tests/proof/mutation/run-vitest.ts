import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'

/** Tests that run in processes of their own. */
export interface VitestRun {
  /** The configuration, beside this file. */
  readonly config: string
  readonly env: Readonly<Record<string, string>>
  /** A file for what became of each test, in JSON. */
  readonly report?: string
  /** After how long they are ended, with all of their workers, in milliseconds. */
  readonly withinMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs tests until they end or are ended. Resolves with their exit code, undefined where their time
 * was up. Rejects once the signal aborts.
 */
export async function runVitest(run: VitestRun): Promise<number | undefined> {
  const { config, env, report, withinMs, signal } = run
  const reporting = report === undefined ? ['--reporter=dot'] : ['--reporter=json', `--outputFile=${report}`]
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--config', join(root, 'tests/proof/mutation', config), ...reporting],
    { cwd: root, stdio: 'ignore', detached: true, env: { ...process.env, ...env } },
  )
  // Its workers go with it.
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
    end()
  }, withinMs)
  signal?.addEventListener('abort', end, { once: true })
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    signal?.throwIfAborted()
    return isOver ? undefined : (code ?? 1)
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}
