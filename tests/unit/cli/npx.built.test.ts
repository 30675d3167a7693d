import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** A project with noticeboard installed in it. */
async function project(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'noticeboard-npx-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true })
  await symlink(program, join(folder, 'node_modules/.bin/noticeboard'))
  const scripts = { board: 'noticeboard serve --create --board ./board --port 0 --json' }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'p', private: true, scripts }))
  return folder
}

const serve = ['serve', '--create', '--board', './board', '--port', '0', '--json']

test.each([
  ['npx noticeboard serve', 'SIGTERM', 'npx', ['--no-install', 'noticeboard', ...serve]],
  ['npx noticeboard serve', 'SIGKILL', 'npx', ['--no-install', 'noticeboard', ...serve]],
  ['npm run with a script that serves', 'SIGKILL', 'npm', ['run', '--silent', 'board']],
] as const)(
  'killing %s with %s ends the server',
  async (_what, signal, command, args) => {
    const cwd = await project()
    // A group of its own, so that nothing stays behind should this fail.
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    onTestFinished(() => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // The whole group is gone, as it should be.
      }
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const { url } = JSON.parse(line.toString()) as { url: string }
    expect((await fetch(`${url}/v1/~health`)).status).toBe(200)
    // The server holds the other end of this pipe until it has ended.
    const ended = once(child.stdout, 'close')
    child.kill(signal)
    await ended
    await expect(fetch(`${url}/v1/~health`)).rejects.toThrow()
  },
  60_000,
)
