import { spawn } from 'node:child_process'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program to its end and keeps what it wrote. A program that takes too long is killed and
 * reported as code -1.
 */
export function runCommand(
  command: readonly [string, ...string[]],
  options: { readonly cwd: string; readonly timeoutMs?: number },
): Promise<CommandResult> {
  const { cwd, timeoutMs = 100_000 } = options
  const [file, ...args] = command
  return new Promise(resolve => {
    const child = spawn(file, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', error => resolve({ code: -1, stdout, stderr: stderr + error.message }))
    child.on('close', code => resolve({ code: code ?? -1, stdout, stderr }))
  })
}
