import { build } from 'esbuild'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, type TestContext } from 'vitest'
import { z } from 'zod'
import { readArguments } from '../../../src/cli/arguments.js'
import { COMMON_OPTIONS } from '../../../src/cli/command.js'
import { COMMANDS } from '../../../src/cli/commands/index.js'
import { createClient, type Client } from '../../../src/client/index.js'
import { RESERVE_BYTES } from '../../../src/core/limits.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { systemClock } from '../../../src/system/system.js'
import { http } from '../../../src/transports/http/index.js'
import { planted } from '../../support/planted.js'
import { everyCommand, procedure, wordsOf } from '../../support/rehearsal.js'
import { fill, smallDisk } from '../../support/small-disk.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'
import { NAMESPACE, operatorOf, served, type Operator } from './served.js'

const schema = z.object({ pool: z.number() })
const DAY_MS = 86_400_000

/** Types a procedure line by line; what is no command of noticeboard is done by `other`. */
async function typeAll(
  lines: readonly string[],
  noticeboard: (...args: readonly string[]) => Promise<Ran>,
  other: (line: string) => Promise<string>,
): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (const line of lines) {
    const [program = '', ...args] = wordsOf(line)
    if (program !== 'noticeboard') outcomes.push(await other(line))
    else {
      const { status, stdout, stderr } = await noticeboard(...args)
      expect([line, status, stderr]).toEqual([line, 0, expect.anything()])
      outcomes.push(stdout)
    }
  }
  return outcomes
}

/** Runs a program of the system, as the page says it, in the folders of a test. */
async function run(line: string, places: Readonly<Record<string, string>>): Promise<string> {
  const [program = '', ...args] = wordsOf(line).map(word =>
    Object.entries(places).reduce((text, [from, to]) => text.replace(from, to), word),
  )
  return (await promisify(execFile)(program, args)).stdout
}

function follow(url: string, messages: string[] = []): Client<z.output<typeof schema>> {
  const say = (message: string): void => void messages.push(message)
  const client = createClient({
    namespace: NAMESPACE,
    schema,
    clientId: 'web-1',
    strategy: hybrid(http(url), {
      pollIntervalMs: 200,
      heartbeatMs: 200,
      backoff: { baseMs: 20, capMs: 200 },
    }),
    reports: { batchMs: 20, intervalMs: 1_000 },
    logger: { debug() {}, info() {}, warn: say, error: say },
  })
  onTestFinished(() => client.close())
  return client
}

const runs = (client: Client<z.output<typeof schema>>, pool: number): Promise<void> =>
  expect.poll(() => client.current.pool).toBe(pool)

test('every command of docs/operations.md is one that the command line takes', async () => {
  const lines = await everyCommand()
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) {
    const [, name, ...args] = wordsOf(line)
    const command = COMMANDS.find(known => known.name === name)
    expect([line, command?.name]).toEqual([line, name])
    readArguments(args, { ...command!.options, ...COMMON_OPTIONS })
  }
})

test('a disk that is full: the procedure of docs/operations.md, line by line', async context => {
  const disk = await smallDisk(context)
  const cwd = await temporaryFolder()
  const board = join(disk, 'board')
  const server = await served({ cwd, board, options: ['--heartbeat-ms', '200'] })
  const { url, noticeboard, publish } = server
  for (const pool of [1, 2]) expect((await publish(pool)).status).toBe(0)
  const client = follow(url)
  await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  const core = join(disk, 'core.4711')
  await fill(core)

  // Before anybody tries to publish.
  const checked = (): Promise<Ran> => noticeboard('status', 'checkout/prod', '--check')
  const warned = await checked()
  expect([warned.status, warned.stdout]).toEqual([
    9,
    expect.stringMatching(/board-failing.*the reserve is there/),
  ])
  expect((await fetch(`${url}/v1/~ready`)).status).toBe(200)

  const refused = await publish(3)
  expect([refused.status, refused.stderr]).toEqual([5, expect.stringMatching(/the disk is full/)])
  expect(refused.stderr).not.toMatch(/token/)
  // The log says when it was, and which folder has no room; whoever publishes is not told the
  // folder.
  expect(server.log).toMatch(
    new RegExp(String.raw`^\d{4}-\d\d-\d\dT[\d:.]+Z error: .*the disk is full.* path=${board}/`, 'm'),
  )
  expect(refused.stderr).not.toContain(board)
  expect(client.current).toEqual({ pool: 2 })

  const followed: number[] = []
  client.on('change', ({ current }) => void followed.push(current.pool))
  const [free, , , , status] = await typeAll(await procedure('The disk is full'), noticeboard, async line => {
    if (line.startsWith('rm')) {
      // The rollback used the reserve up, and the disk fills again.
      await fill(core)
      const spent = await checked()
      expect([spent.status, spent.stdout]).toEqual([
        9,
        expect.stringMatching(/board-failing.*its reserve is missing/),
      ])
    }
    return run(line, { '/var/lib/board': board, '/var/lib/core.4711': core })
  })
  expect((await checked()).status).toBe(0)
  expect(free).toMatch(/ 0 +100% /)
  expect(status).not.toContain('alarm')
  await runs(client, 3)
  expect(followed).toEqual([1, 3])
  // The rollback gave its room away, and the next one needs it.
  await expect
    .poll(async () => (await stat(join(board, 'private/reserve')).catch(() => undefined))?.size)
    .toBe(RESERVE_BYTES)
})

test('a clock that is wrong: the procedure of docs/operations.md, line by line', async () => {
  const cwd = await temporaryFolder()
  let aheadMs = DAY_MS
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  const server = await served({ cwd, options: ['--heartbeat-ms', '200'], system: { clock } })
  const { url, noticeboard, publish } = server
  expect((await publish(1)).status).toBe(0)
  // Somebody who publishes on the machine whose clock is wrong.
  await writeFile(join(cwd, 'service.json'), '{"pool":2}')
  const there = [
    '--everyone',
    '--reason',
    'on that machine',
    '--url',
    url,
    '--token-file',
    'board/private/token',
  ]
  const published = await commandLine(['publish', 'service.json', '-n', NAMESPACE, ...there], {
    cwd,
    system: { clock },
  })
  expect([published.status, published.stderr]).toEqual([0, expect.anything()])
  const messages: string[] = []
  const client = follow(url, messages)
  await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  await oneMark(url)
  const statuses: string[] = []
  client.on('status', ({ current }) => void statuses.push(current))
  await writeFile(join(cwd, 'service.json'), '{"pool":3}')

  const outcomes = await typeAll(await procedure('A clock is wrong'), noticeboard, async line => {
    if (line === 'date -u') return new Date(clock.now()).toUTCString()
    expect(line).toBe('chronyc makestep')
    aheadMs = 0
    await expect
      .poll(() => messages.filter(message => message.includes('ahead of the marks after it')))
      .toEqual([
        expect.stringMatching(/was 86[34]\d\d s ahead of the marks after it, and is not followed any longer/),
      ])
    return ''
  })
  expect(messages.filter(message => message.includes('ahead of the marks after it'))).toHaveLength(1)
  expect(outcomes[2]).toMatch(/1 current/)
  // Until the next release, whose time is right again.
  expect(outcomes[2]!.match(/alarm \S+/g)).toEqual(['alarm clock-wrong:'])
  const after = await noticeboard('status', NAMESPACE)
  expect([after.status, after.stdout]).toEqual([0, expect.not.stringContaining('alarm')])
  const years = outcomes[4]!.trim().split('\n').slice(1)
  expect(years.map(row => row.trim().split(/ +/)[0])).toEqual(['3', '2', '1'])
  await runs(client, 3)
  expect(statuses).toEqual([])
})

test('an owner that is wrong: the procedure of docs/operations.md, line by line', async context => {
  const cwd = await temporaryFolder()
  await chmod(cwd, 0o777)
  const { url, noticeboard, publish } = await servedByNobody(cwd, context)
  for (const pool of [1, 2]) expect([pool, (await publish(pool)).status]).toEqual([pool, 0])
  const client = follow(url)
  await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  // What a copy as root leaves: nobody else may enter or write.
  for (const place of [`public/v1/${NAMESPACE}`, 'private/audit'])
    execFileSync('chown', ['-R', 'root:root', join(cwd, 'board', place)])
  execFileSync('chmod', ['-R', 'go-rwx', join(cwd, 'board/private/audit')])

  const refused = await publish(3)
  expect([refused.status, refused.stderr]).toEqual([5, expect.stringMatching(/\(EACCES\)/)])
  expect(refused.stderr).not.toMatch(/token/)
  expect(client.current).toEqual({ pool: 2 })

  const [foreign, , status, , history] = await typeAll(
    await procedure('The owner is wrong'),
    noticeboard,
    // In the container of a test there is no user of that name.
    line =>
      run(line.replace(/\bboard\b(?=:|$)/, 'nobody').replace('! -user board', '! -user nobody'), {
        '/var/lib/board': join(cwd, 'board'),
      }),
  )
  expect(foreign!.split('\n')).toContain(join(cwd, `board/public/v1/${NAMESPACE}/release.json`))
  expect(status).not.toContain('alarm')
  expect(history!.trim().split('\n')).toHaveLength(4)
  await runs(client, 3)
})

/** Resolves once streams that are open hear a mark. */
async function oneMark(url: string): Promise<void> {
  const { body } = await fetch(`${url}/v1/~events?ns=${encodeURIComponent(NAMESPACE)}`)
  let text = ''
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    if (text.includes('event: mark')) return
  }
}

/**
 * A board that a process of another user serves. Skips the test where this process may not start
 * one.
 */
async function servedByNobody(cwd: string, context: TestContext): Promise<Operator> {
  if (process.getuid?.() !== 0) context.skip('only root may serve as another user')
  const outfile = join(cwd, 'noticeboard.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // The parser of YAML is CommonJS.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    logLevel: 'error',
    plugins: planted(),
  })
  const nobody = Number(execFileSync('id', ['-u', 'nobody']).toString())
  // Where Node itself is, another user may not be let in.
  const node = join(cwd, 'node')
  await copyFile(process.execPath, node)
  const child = spawn(
    node,
    [outfile, 'serve', '--create', '--board', 'board', '--port', '0', '--json', '--heartbeat-ms', '200'],
    { cwd, uid: nobody, gid: nobody, stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const gone = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await gone
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url, tokenFile } = JSON.parse(line) as { url: string; tokenFile: string }
  return operatorOf({ cwd, url, tokenFile })
}
