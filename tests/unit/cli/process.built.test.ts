import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

interface Started {
  readonly child: ChildProcess
  readonly out: () => string
  /** Resolves with what was printed once that many lines are there. */
  lines(count: number): Promise<readonly string[]>
  status(): Promise<number | null>
}

function start(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')))
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    out: () => text,
    async lines(count) {
      while (text.split('\n').length <= count && child.exitCode === null)
        await Promise.race([once(child.stdout!, 'data'), ended])
      return text.trim().split('\n')
    },
    status: () => ended,
  }
}

async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'noticeboard-process-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends a server, with goodbyes to its streams, and whoever watches it, with 130',
  async signal => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'a.json'), '{"a":1}')
    const server = start(folder, ['serve', '--create', '--board', 'board', '--port', '0', '--json'])
    const { url, tokenFile } = JSON.parse((await server.lines(1))[0]!)
    const env = { NOTICEBOARD_URL: url, NOTICEBOARD_NAMESPACE: 'a' }
    const published = start(
      folder,
      ['publish', 'a.json', '--everyone', '--reason', 'x', '--token-file', tokenFile],
      env,
    )
    expect(await published.status()).toBe(0)
    const watching = start(folder, ['watch', '--json'], env)
    expect(JSON.parse((await watching.lines(1))[0]!)).toMatchObject({ version: 1, document: { a: 1 } })
    watching.child.kill(signal)
    expect(await watching.status()).toBe(130)
    const stream = await fetch(`${url}/v1/~events?ns=a`)
    server.child.kill(signal)
    expect(await stream.text()).toMatch(/event: goodbye\ndata: \{"delayMs":\d+\}\n\n$/)
    expect(await server.status()).toBe(130)
  },
)

test('whoever reads the output may stop at any time', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.json'), JSON.stringify('x'.repeat(900_000)))
  const board = ['--board', 'board', '-n', 'a']
  const made = start(folder, ['serve', '--create', '--board', 'board', '--port', '0', '--json'])
  await made.lines(1)
  made.child.kill('SIGINT')
  await made.status()
  expect(await start(folder, ['publish', 'a.json', '--everyone', '--reason', 'x', ...board]).status()).toBe(0)
  const reader = start(folder, ['get', ...board])
  reader.child.stdout?.once('data', () => reader.child.stdout?.destroy())
  expect(await reader.status()).toBe(0)
})

test('a shell passes what it makes in the place of a file: a document, and a token that is asked for twice', async () => {
  const folder = await temporaryFolder()
  const server = start(folder, ['serve', '--create', '--board', 'board', '--port', '0', '--json'])
  const { url, tokenFile } = JSON.parse((await server.lines(1))[0]!)
  const typed = (line: string): Promise<{ readonly stdout: string }> =>
    promisify(execFile)('bash', ['-ec', line], {
      cwd: folder,
      env: { PATH: process.env['PATH'], NOTICEBOARD_URL: url, NOTICEBOARD_NAMESPACE: 'a', SIZE: '10' },
    })
  const noticeboard = `"${process.execPath}" "${program}"`
  const token = `--token-file <(cat "${tokenFile}")`
  await typed(`${noticeboard} publish <(echo "size: $SIZE") --everyone --reason x ${token}`)
  expect((await typed(`${noticeboard} get`)).stdout).toBe('{"size":10}')
  await typed(`echo "size: 11" | ${noticeboard} publish /dev/stdin --everyone --reason x ${token}`)
  expect((await typed(`${noticeboard} status ${token}`)).stdout).toContain('a: version 2')
  server.child.kill('SIGTERM')
  await server.status()
})

test.each([
  ['a pipe that nobody writes to', ['publish', 'silent.yaml']],
  ['a schema from such a pipe', ['publish', 'a.json', '--schema', 'silent.yaml']],
  ['standard input that nobody ends', ['publish', '-']],
])('a signal ends a command that waits for %s', async (_, args) => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'a.json'), '{"a":1}')
  await promisify(execFile)('mkfifo', [join(folder, 'silent.yaml')])
  const child = spawn(
    process.execPath,
    [program, ...args, '--board', 'b', '--create', '-n', 'a', '--everyone', '--reason', 'x'],
    { cwd: folder, env: { PATH: process.env['PATH'] }, stdio: ['pipe', 'ignore', 'pipe'] },
  )
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close')
  while (!said.includes('still reading')) await once(child.stderr, 'data')
  child.kill('SIGTERM')
  expect(await ended).toEqual([130, null])
})
