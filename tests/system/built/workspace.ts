import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../../../scripts/entry-points.js'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A folder like a user's project: the built package and what it needs lie in its `node_modules`.
 */
export interface Workspace extends AsyncDisposable {
  readonly folder: string
  write(path: string, text: string): Promise<void>
  /**
   * Runs a program in the folder to its end, or until something it prints says that it is enough.
   */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<Ended>
}

export interface RunOptions {
  /** Ends the program with SIGTERM once this holds of what it printed. */
  readonly until?: (stdout: string) => boolean
  /** Called when the program has printed something. */
  readonly onOutput?: (stdout: string) => void
}

export async function workspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-workspace-'))
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '.bin'), { recursive: true })
  await symlink(root, join(modules, 'noticeboard'))
  for (const name of ['zod', '@types']) await symlink(join(root, 'node_modules', name), join(modules, name))
  const command = join(modules, '.bin/noticeboard')
  await writeFile(command, `#!/bin/sh\nexec "${process.execPath}" "${root}/dist/cli/main.js" "$@"\n`)
  await chmod(command, 0o755)
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'workspace', private: true, type: 'module' }),
  )
  const env = { ...process.env, PATH: `${dirname(command)}:${process.env['PATH']}`, NO_COLOR: '1' }

  return {
    folder,
    write: (path, text) => writeFile(join(folder, path), text),
    run([file, ...args], { until, onOutput } = {}) {
      return new Promise((resolve, reject) => {
        const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
        let stdout = ''
        let stderr = ''
        child.stdout.on('data', (chunk: Buffer) => {
          stdout += chunk.toString()
          onOutput?.(stdout)
          if (until?.(stdout) === true) child.kill('SIGTERM')
        })
        child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
        child.on('error', reject)
        child.on('close', code => resolve({ code, stdout, stderr }))
      })
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
