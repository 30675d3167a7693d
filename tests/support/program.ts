import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** A program under test: what it prints, line by line, and how it ends. */
export interface Program {
  /**
   * Resolves to the first line, printed before or after the call, that matches. Rejects when the
   * program ends without it.
   */
  line(pattern: RegExp): Promise<string>
  /** Resolves to the exit status, or the signal's name. */
  readonly ended: Promise<number | string>
  signal(name: NodeJS.Signals): void
  readonly pid: number
  /** Everything it printed, on both streams. */
  readonly output: string
}

/** Starts a program; it is killed when the test ends. */
export function start(
  command: readonly string[],
  { cwd, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Program {
  const [file = '', ...args] = command
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let done = false

  const changed = (): void => {
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      lines.push(line)
      changed()
    })
  }
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      done = true
      changed()
      resolve(code ?? signal ?? 'gone')
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended.catch(() => {})
  })

  return {
    ended,
    signal: name => void child.kill(name),
    pid: child.pid ?? 0,
    get output() {
      return lines.join('\n')
    },
    line: pattern =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(line => pattern.test(line))
          if (found === undefined && !done) return
          waiting.delete(look)
          if (found !== undefined) resolve(found)
          else reject(new Error(`it ended without a line that matches ${pattern}:\n${lines.join('\n')}`))
        }
        waiting.add(look)
        look()
      }),
  }
}
