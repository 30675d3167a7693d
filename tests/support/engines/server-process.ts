import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'

/** A server program that a test starts, kills and starts again. */
export interface ServerProcess {
  readonly pid: number
  /** Ends it without warning. Resolves once it is gone. */
  kill(): Promise<void>
}

/**
 * Stops processes where they are, as on a machine that hangs: connections live on, and nothing is
 * answered. Returns what lets them go on.
 */
export function freezeProcesses(pids: readonly number[]): { thaw(): Promise<void> } {
  const tell = (signal: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal)
      } catch (error) {
        // A process of one connection may have ended meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
  }
  tell('SIGSTOP')
  return { thaw: async () => tell('SIGCONT') }
}

/**
 * Whether tests with this program can run. Where nothing may be skipped, a missing program is a
 * failure that says what to install.
 */
export function missingProgram(program: string, debianPackage: string): string | undefined {
  if (spawnSync(program, ['--version']).error === undefined) return undefined
  const how = `${program} is not installed: apt-get install ${debianPackage}`
  if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(how)
  process.stderr.write(`skipped: ${how}\n`)
  return how
}

/**
 * Starts a program, and waits until it answers. Its last words are part of the error when it does
 * not.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  answers: () => Promise<boolean>,
  as: Pick<SpawnOptions, 'uid' | 'gid'> = {},
): Promise<ServerProcess> {
  const child: ChildProcess = spawn(command, [...args], { ...as, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const keep = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-2_000))
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = once(child, 'exit')
  // A test run that is stopped must not leave servers behind.
  const last = (): void => void child.kill('SIGKILL')
  process.once('exit', last)
  void gone.then(() => process.off('exit', last))

  // On a busy machine a recovery takes its time; only a program that ended will not come up any
  // more.
  for (let left = 6_000; !(await answers().catch(() => false)); left -= 1) {
    if (child.exitCode !== null || left === 0) {
      child.kill('SIGKILL')
      throw new Error(`${command} did not come up: ${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
  }
}
