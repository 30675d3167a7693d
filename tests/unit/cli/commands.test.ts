import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { hintFor, statusOf } from '../../../src/cli/exit.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { systemError } from '../../../src/node/disk/system-error.js'
import { COMMANDS } from '../../../src/cli/commands/index.js'
import { fileStore } from '../../../src/node/index.js'
import { serve } from '../../../src/server/index.js'
import { http } from '../../../src/transports/http/index.js'
import { reportOf } from '../../support/report-of.js'
import { commandLine, temporaryFolder, type Ran, type RunOptions } from './command-line.js'

interface Place {
  readonly folder: string
  readonly board: string
  /** What its commands find in the environment. */
  readonly env: Readonly<Record<string, string>>
  nb(...args: string[]): Promise<Ran>
  nbWith(options: Partial<RunOptions>, ...args: string[]): Promise<Ran>
  write(name: string, content: string): Promise<void>
}

/**
 * A folder with a board that a server of ours serves, whose address and token are in the
 * environment.
 */
async function place(): Promise<Place> {
  const folder = await temporaryFolder()
  const board = join(folder, 'board')
  const store = fileStore(board)
  const server = await serve(store, { tokenFile: join(board, 'private', 'token') })
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  const env = {
    NOTICEBOARD_URL: server.url,
    NOTICEBOARD_TOKEN: server.token ?? '',
    NOTICEBOARD_NAMESPACE: 'checkout/prod',
  }
  const nbWith: Place['nbWith'] = (options, ...args) => commandLine(args, { cwd: folder, env, ...options })
  return {
    folder,
    board,
    env,
    nb: (...args) => nbWith({}, ...args),
    nbWith,
    write: (name, content) => writeFile(join(folder, name), content),
  }
}

const everyone = ['--everyone', '--reason', 'a test'] as const

test('a document is published, read, changed, compared, listed and rolled back', async () => {
  const { nb, write } = await place()
  await write('a.json', '{"pool":{"size":10}}')
  await write('b.yaml', 'pool:\n  size: 20\nname: "x"\n')

  const first = await nb('publish', 'a.json', ...everyone, '--if-version', '0')
  expect([first.status, first.stdout]).toEqual([
    0,
    expect.stringMatching(/^published checkout\/prod version 1 \(1-[0-9a-f]{8}:1\) [0-9a-f]{12}\n$/),
  ])
  const second = await nb('publish', 'b.yaml', ...everyone, '--author', 'ada', '--json')
  expect(JSON.parse(second.stdout)).toMatchObject({
    outcome: 'published',
    namespace: 'checkout/prod',
    version: 2,
    position: { sequence: 2 },
  })
  expect((await nb('publish', 'b.yaml', ...everyone)).stdout).toMatch(/^unchanged/)

  expect((await nb('get')).stdout).toBe('{"name":"x","pool":{"size":20}}')
  expect((await nb('get', '--at', '1')).stdout).toBe('{"pool":{"size":10}}')
  expect((await nb('diff')).stdout).toBe('+ name: "x"\n~ pool.size: 10 -> 20\n')
  expect(JSON.parse((await nb('diff', '2', '1', '--json')).stdout)).toHaveLength(2)
  expect((await nb('diff', '--file', 'a.json')).stdout).toBe('- name: "x"\n~ pool.size: 20 -> 10\n')

  const back = await nb('rollback', 'checkout/prod', '--reason', 'too big')
  expect(back.stdout).toMatch(/^rolled back checkout\/prod from version 2 to version 1 \(.*:3\)/)
  expect(back.stderr).toMatch(/withdrew [0-9a-f]{12}/)
  expect((await nb('status')).stdout).toMatch(/^checkout\/prod: version 1 \(.*:3\) [0-9a-f]{12}, rollback /)
  expect(
    JSON.parse((await nb('rollback', '--to', '2', '--reason', 'too small', '--json')).stdout),
  ).toMatchObject({
    outcome: 'rolled-back',
    version: 2,
    position: { sequence: 4 },
  })
  expect(JSON.parse((await nb('rollback', '--to', '2', '--reason', 'again', '--json')).stdout)).toMatchObject(
    {
      outcome: 'unchanged',
    },
  )

  const history = (await nb('history', '--json')).stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(history.map(({ version, cause, author, reason }) => [version, cause, author, reason])).toEqual([
    [2, 'rollback', undefined, 'too small'],
    [1, 'rollback', undefined, 'too big'],
    [2, 'publish', 'ada', 'a test'],
    [1, 'publish', undefined, 'a test'],
  ])
  const table = (await nb('history', '--limit', '3')).stdout.split('\n')
  expect(table[0]).toMatch(/^VERSION {2}POSITION +WHEN +CAUSE +DIGEST +AUTHOR +REASON$/)
  expect(table).toHaveLength(5)
})

test('a version that a rollback brought back is published upon by its position, which the conflict names', async () => {
  const { nb, write } = await place()
  for (const [file, size] of [
    ['a.json', 10],
    ['b.json', 20],
    ['c.json', 30],
  ] as const)
    await write(file, `{"pool":{"size":${size}}}`)
  await nb('publish', 'a.json', ...everyone)
  await nb('publish', 'b.json', ...everyone)
  await nb('rollback', '--reason', 'too big')
  const refused = await nb('publish', 'c.json', ...everyone, '--if-version', '1')
  expect([refused.status, refused.stderr]).toEqual([
    4,
    expect.stringContaining('a rollback brought it back (pass --if-position instead)'),
  ])
  const position = /\((1-[0-9a-f]{8}:3)\) is current/.exec(refused.stderr)?.[1] ?? ''
  const old = await nb('publish', 'c.json', ...everyone, '--if-position', position.replace(':3', ':2'))
  expect(old.status).toBe(4)
  expect((await nb('publish', 'c.json', ...everyone, '--if-position', '3')).stderr).toContain(
    'a position must read <epoch>:<sequence>',
  )
  expect((await nb('publish', 'c.json', ...everyone, '--if-position', position)).status).toBe(0)
  expect((await nb('get')).stdout).toBe('{"pool":{"size":30}}')
})

test('a dry run prints what would change and writes nothing', async () => {
  const { nb, write } = await place()
  await write('a.json', '{"a":1}')
  await nb('publish', 'a.json', ...everyone)
  await write('a.json', '{"a":2}')
  const dry = await nb('publish', 'a.json', ...everyone, '--dry-run')
  expect(dry.stdout).toMatch(
    /^would publish checkout\/prod version 2 .*\n~ a: 1 -> 2\nchecked by no schema at all, since none is known; .*\n$/,
  )
  expect((await nb('get')).stdout).toBe('{"a":1}')
})

test('publishing wants a reason; the first document goes to everyone, and the next one waits for a fleet to be known', async () => {
  const { nb, write } = await place()
  await write('a.json', '{"a":1}')
  await write('b.json', '{"a":2}')
  expect((await nb('publish', 'a.json', '--everyone')).stderr).toContain('--reason')
  expect((await nb('get')).status).toBe(1)
  const first = await nb('publish', 'a.json', '--reason', 'x')
  expect([first.status, first.stderr]).toEqual([0, expect.stringContaining('goes to everyone')])
  const second = await nb('publish', 'b.json', '--reason', 'x', '--json')
  expect([second.status, second.error?.code]).toEqual([3, 'fleet-unknown'])
  // The message says for how long to wait.
  const [, hint] = (await nb('publish', 'b.json', '--reason', 'x')).stderr.trim().split('\n').slice(-2)
  expect(hint).toContain('--everyone publishes it to all clients at once')
})

test('over a folder that nothing ever reported to, publishing and waiting say what to start', async () => {
  const folder = await temporaryFolder()
  const nb = (...args: string[]) => commandLine(args, { cwd: folder, env: {} })
  await Promise.all([1, 2].map(a => writeFile(join(folder, `${a}.json`), JSON.stringify({ a }))))
  const board = ['-n', 'n', '--board', 'board', '--reason', 'x'] as const
  expect((await nb('publish', '1.json', ...board, '--create')).status).toBe(0)
  const next = await nb('publish', '2.json', ...board)
  expect([next.status, next.stderr]).toEqual([
    3,
    expect.stringMatching(/nothing has reported .*: start noticeboard serve .*or publish with --everyone/),
  ])
  const waited = await nb('publish', '2.json', ...board, '--everyone', '--wait=completed', '--timeout', '1')
  expect([waited.status, waited.stderr]).toEqual([8, expect.stringContaining('start noticeboard serve')])
})

test('each way to fail has its own exit status', async () => {
  const { nb, nbWith, write, folder } = await place()
  await write('a.json', '{"a":1}')
  await nb('publish', 'a.json', ...everyone)
  expect((await nb('get', 'nothing/here')).status).toBe(1)
  expect((await nb('publish', 'missing.json', ...everyone)).status).toBe(1)
  expect((await nb('frobnicate')).status).toBe(2)
  const closed = await nbWith(
    { env: { NOTICEBOARD_URL: 'http://127.0.0.1:1', NOTICEBOARD_NAMESPACE: 'a' } },
    'get',
  )
  expect([closed.status, closed.stderr]).toEqual([5, expect.stringContaining('could not be reached')])
  const conflict = await nb('publish', 'a.json', ...everyone, '--if-version', '7', '--json')
  expect([conflict.status, conflict.error?.code, conflict.error?.message]).toEqual([
    4,
    'conflict',
    expect.stringContaining('version 1'),
  ])
  await write('wrong-token', 'not-the-token\n')
  const refused = await nb(
    'publish',
    'a.json',
    ...everyone,
    '--token-file',
    join(folder, 'wrong-token'),
    '--json',
  )
  expect([refused.status, refused.error?.code]).toEqual([3, 'unauthorized'])
})

test('the token of the configuration file goes to the url of that file alone, however that is named, and a refusal says so', async () => {
  const { nbWith, write, env } = await place()
  const { NOTICEBOARD_URL: url = '', NOTICEBOARD_TOKEN: token } = env
  const elsewhere = url.replace('127.0.0.1', 'localhost')
  const namespace = 'checkout/prod'
  await write('noticeboard.config.json', JSON.stringify({ url, token, namespace }))
  const asked = (more: Readonly<Record<string, string>>, ...args: string[]): ReturnType<typeof nbWith> =>
    nbWith({ env: more }, 'history', ...args)
  expect((await asked({})).status).toBe(0)
  expect((await asked({ NOTICEBOARD_URL: `${url}/` })).status).toBe(0)
  for (const [refused, source] of [
    [await asked({ NOTICEBOARD_URL: elsewhere }), 'NOTICEBOARD_URL'],
    [await asked({}, '--url', elsewhere), '--url'],
  ] as const)
    expect([refused.status, refused.stderr]).toEqual([
      3,
      expect.stringContaining(
        `the token of the configuration file is for the url of that file, and was not sent to the one of ${source}`,
      ),
    ])
  expect((await asked({ NOTICEBOARD_URL: elsewhere, NOTICEBOARD_TOKEN: token ?? '' })).status).toBe(0)
})

test('the board folder works without a server', async () => {
  const { nbWith, write } = await place()
  await write('a.json', '{"a":1}')
  const env = { NOTICEBOARD_NAMESPACE: 'checkout/prod' }
  expect((await nbWith({ env }, 'publish', 'a.json', ...everyone, '--board', 'board')).status).toBe(0)
  expect((await nbWith({ env }, 'get', '--board', 'board')).stdout).toBe('{"a":1}')
  const mistyped = await nbWith({ env }, 'get', '--board', 'bord')
  expect([mistyped.status, mistyped.stderr]).toEqual([
    1,
    expect.stringMatching(/there is no board in .*; did you mean .*board\? /),
  ])
})

test('a schema of the configuration file checks, and is kept on the board for those without it', async () => {
  const { nb, nbWith, write, folder } = await place()
  await write(
    'noticeboard.config.mjs',
    `import { z } from ${JSON.stringify(import.meta.resolve('zod'))}
    export default {
      namespaces: { 'checkout/prod': { schema: z.object({ pool: z.object({ size: z.number().int().min(1) }) }),
        validators: [{ name: 'even', validate: value => value.pool.size % 2 === 0 ? [] : { path: 'pool.size', message: 'must be even' } }] } },
    }`,
  )
  await write('bad.json', '{"pool":{"size":0}}')
  await write('odd.json', '{"pool":{"size":3}}')
  await write('good.yaml', 'pool: {size: 4}\n')
  const bad = await nb('publish', 'bad.json', ...everyone, '--json')
  expect([bad.status, bad.error?.issues]).toEqual([
    3,
    [{ path: 'pool.size', message: 'expected at least 1', validator: 'schema' }],
  ])
  expect((await nb('publish', 'odd.json', ...everyone, '--json')).error?.issues?.[0]?.message).toBe(
    'must be even',
  )
  expect((await nb('validate', 'good.yaml')).stdout).toContain('by the configuration file')
  expect((await nb('publish', 'good.yaml', ...everyone)).status).toBe(0)

  const elsewhere = await temporaryFolder()
  const stranger = await nbWith({ cwd: elsewhere }, 'validate', join(folder, 'bad.json'), '--json')
  expect([stranger.status, stranger.error?.code, stranger.error?.issues]).toEqual([
    3,
    'invalid-document',
    [{ path: 'pool.size', message: 'expected at least 1', validator: 'schema' }],
  ])
  expect((await nbWith({ cwd: elsewhere }, 'publish', join(folder, 'bad.json'), ...everyone)).status).toBe(3)
  expect((await nbWith({ cwd: elsewhere }, 'validate', join(folder, 'odd.json'))).stdout).toContain(
    'by the schema on the board',
  )
})

test('a JSON Schema file validates without any board', async () => {
  const folder = await temporaryFolder()
  await writeFile(
    join(folder, 's.json'),
    '{"type":"object","required":["a"],"additionalProperties":false,"properties":{"a":{"type":"number"}}}',
  )
  const validate = (stdin: string) =>
    commandLine(['validate', '-', '--schema', 's.json', '--json'], { cwd: folder, stdin })
  expect(await validate('{"a":1}')).toMatchObject({
    status: 0,
    stdout: '{"valid":true,"checkedBy":"option"}\n',
  })
  expect((await validate('{}')).error?.issues).toEqual([
    { path: 'a', message: 'is missing', validator: 'schema' },
  ])
  expect((await validate('{"a":1,"secret":2}')).error?.issues).toEqual([
    { path: 'secret', message: 'unrecognized key', validator: 'schema' },
  ])
  const nothing = await commandLine(['validate', '-'], { cwd: folder, stdin: '{}' })
  expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining('no schema to validate by')])
})

test('the configuration file is found upward, and its token goes to its own address only', async () => {
  const { nbWith, write, folder } = await place()
  await write('noticeboard.config.json', '{"board":"board","namespace":"from/config","autor":"x"}')
  expect((await nbWith({ env: {} }, 'status')).stderr).toContain('did you mean "author"?')
  await write('noticeboard.config.json', '{"board":"board","namespace":"from/config","author":"ada"}')
  await write('a.json', '{"a":1}')
  const below = join(folder, 'board', 'public')
  expect(
    (await nbWith({ env: {}, cwd: below }, 'publish', join(folder, 'a.json'), ...everyone)).stdout,
  ).toContain('from/config version 1')
  expect((await nbWith({ env: {} }, 'history')).stdout).toContain('ada')

  const heard: (string | undefined)[] = []
  const foreign = createServer((request, response) => {
    heard.push(request.headers.authorization)
    response.writeHead(404).end()
  })
  await new Promise<void>(resolve => foreign.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void foreign.close())
  const address = foreign.address() as { port: number }
  const foreignUrl = `http://127.0.0.1:${address.port}`
  await write('noticeboard.config.json', `{"url":"http://127.0.0.1:1","token":"secret","namespace":"a"}`)
  await nbWith({ env: {} }, 'get', '--url', foreignUrl)
  await write('noticeboard.config.json', `{"url":"${foreignUrl}","token":"secret","namespace":"a"}`)
  await nbWith({ env: {} }, 'get')
  expect([...new Set(heard)]).toEqual([undefined, 'Bearer secret'])
})

test('on a terminal a document is indented and colours are shown, unless NO_COLOR says no', async () => {
  const { nbWith, nb, write } = await place()
  await write('a.json', '{"a":1}')
  await nb('publish', 'a.json', ...everyone)
  expect((await nbWith({ terminal: true }, 'get')).stdout).toBe('{\n  "a": 1\n}\n')
  expect((await nbWith({ terminal: true, env: {} }, 'frobnicate')).stderr).toContain('\u001b[31m')
  expect((await nbWith({ terminal: true, env: { NO_COLOR: '1' } }, 'frobnicate')).stderr).not.toContain(
    '\u001b',
  )
  expect((await nb('frobnicate')).stderr).not.toContain('\u001b')
})

test('what others wrote cannot move the cursor of whoever reads it', async () => {
  const { nb, write } = await place()
  await write('a.json', '{"a":"\\u001b[2J"}')
  await nb('publish', 'a.json', '--everyone', '--reason', 'x\u001b[31m\nforged line')
  const { stdout } = await nb('history')
  expect(stdout).not.toContain('\u001b')
  expect(stdout.trim().split('\n')).toHaveLength(2)
})

test('status shows who runs what, one by one where somebody should look', async () => {
  const { nb, write, board } = await place()
  await write('a.json', '{"a":1}')
  const { position, digest } = JSON.parse((await nb('publish', 'a.json', ...everyone, '--json')).stdout)
  expect((await nb('status')).stdout).toContain('fleet: unknown (no client was heard yet)')
  const reporter = fileStore(board)
  const base = {
    v: 1,
    namespace: 'checkout/prod',
    ephemeral: false,
    labels: { region: 'eu' },
    strategy: 'pull',
    count: 1,
    protection: 'none',
    lookMs: 30_000,
    upMs: 0,
    sinceMs: 0,
    nextReportWithinMs: 60_000,
    seen: position,
  } as const
  await reporter.report(
    [
      {
        ...base,
        clientId: 'good',
        instanceId: 'a'.repeat(16),
        phase: 'healthy',
        applied: position,
        digest,
        version: 1,
      },
      {
        ...base,
        clientId: 'bad',
        instanceId: 'b'.repeat(16),
        phase: 'rejected',
        refused: digest,
        code: 'invalid-document',
        path: 'pool.size',
        validator: 'schema',
      },
      {
        ...base,
        clientId: 'busy',
        instanceId: 'c'.repeat(16),
        phase: 'rejected',
        refused: digest,
        code: 'vetoed',
        validator: 'db',
        reason: 'did not prepare within 10000 ms',
      },
      { ...base, clientId: 'held', instanceId: 'e'.repeat(16), phase: 'paused', code: 'pinned' },
      { ...base, clientId: 'waits', instanceId: 'f'.repeat(16), phase: 'paused' },
      {
        ...base,
        clientId: 'died',
        instanceId: 'd'.repeat(16),
        phase: 'quarantined',
        refused: digest,
      },
    ],
    new AbortController().signal,
  )
  await reporter.close()
  const shown = (await nb('status', '--board', 'board')).stdout
  expect(shown).toMatch(
    /^fleet: 1 current, 2 paused \(1 by a pin file\), (?:2 rejected, 1 failed|1 failed, 2 rejected)$/m,
  )
  expect(shown).toContain('protection: 6 of 6 instances are not protected: ')
  expect(shown).toMatch(/rejected +bad +bbbbbbbb +region=eu +pull .*invalid-document pool\.size \(schema\)/)
  expect(shown).toMatch(/rejected +busy .*vetoed \(db did not prepare within 10000 ms\)/)
  expect(shown).toMatch(new RegExp(`failed +died .*quarantined ${digest.slice(0, 12)}`))
  expect(shown).toMatch(/^paused +held +.* pinned not protected$/m)
  expect(shown).toMatch(/^paused +waits +.* ago +not protected$/m)
  expect(shown).not.toMatch(/current +good/)
  expect(shown).toContain('noticeboard status --all marks them')
  expect((await nb('status', '--board', 'board', '--all')).stdout).toMatch(/current +good .* not protected$/m)
  expect(JSON.parse((await nb('status', '--board', 'board', '--json')).stdout)).toMatchObject({
    fleet: { counts: { current: 1, paused: 2, rejected: 2, failed: 1 }, pinned: 1 },
  })
})

test('status counts a client that died of the newest document once, as crashed, and --check fails', async () => {
  const { nb, write, board } = await place()
  await write('a.json', '{"a":1}')
  const { position, digest } = JSON.parse((await nb('publish', 'a.json', ...everyone, '--json')).stdout)
  const reporter = fileStore(board)
  const first = reportOf({
    ...{ namespace: 'checkout/prod', clientId: 'api-1', instanceId: 'a'.repeat(16) },
    ...{ seen: position, applied: position, digest, version: 1, protection: 'disk' },
  })
  await reporter.report([first], new AbortController().signal)
  expect((await nb('status', '--board', 'board', '--check')).status).toBe(0)
  const previous = { instanceId: first.instanceId, digest, end: 'abrupt', ranMs: 33 } as const
  await reporter.report([{ ...first, instanceId: 'b'.repeat(16), previous }], new AbortController().signal)
  await reporter.close()
  const { status, stdout } = await nb('status', '--board', 'board', '--check')
  expect(status).not.toBe(0)
  const death = `the process before this one died at least 33 ms after it applied ${digest.slice(0, 12)}`
  expect(stdout).toContain(
    `alarm clients-failed: 1 of 1 run the newest document again, after processes that died while they ran it, perhaps of something else: api-1 ${death}`,
  )
  expect(stdout).toContain('fleet: 0 current, 1 replaced, 1 crashed\nrunning: version 1: 1\n')
  expect(stdout).toMatch(new RegExp(`crashed +api-1 .*${death}$`, 'm'))
  expect(stdout).not.toContain('not protected')
})

test('status lists fifty of a state one by one, however many strangers report, and their labels in a line', async () => {
  const { nb, write, board } = await place()
  await write('a.json', '{"a":1}')
  await nb('publish', 'a.json', ...everyone)
  const store = fileStore(board)
  const labels = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`label-${at}`, 'x'.repeat(250)]))
  const reports = Array.from({ length: 120 }, (_, at) =>
    reportOf({ namespace: 'checkout/prod', instanceId: `fake${at}`, labels }),
  )
  await store.report(reports, new AbortController().signal)
  await store.close()
  const shown = (await nb('status', '--board', 'board')).stdout
  expect(shown).toContain('fleet: 0 current, 120 behind')
  expect(shown.match(/^behind /gm)).toHaveLength(50)
  expect(shown).toContain('and 70 more; --all lists them\n')
  expect(Math.max(...shown.split('\n').map(line => line.length))).toBeLessThan(300)
  expect((await nb('status', '--board', 'board', '--all')).stdout.match(/^behind /gm)).toHaveLength(120)
})

test('readmit says the release again for one document, and wants to know which and why', async () => {
  const { nb, write } = await place()
  await write('a.json', '{"a":1}')
  const { digest } = JSON.parse((await nb('publish', 'a.json', ...everyone, '--json')).stdout)
  expect((await nb('readmit', '--reason', 'x')).stderr).toContain('--digest')
  expect((await nb('readmit', '--digest', digest)).stderr).toContain('--reason')
  expect((await nb('readmit', '--digest', '0'.repeat(64), '--reason', 'x', '--json')).error?.code).toBe(
    'not-found',
  )
  const done = await nb('readmit', '--digest', digest.slice(0, 8), '--reason', 'the driver was to blame')
  expect(done.status).toBe(0)
  expect((await nb('history')).stdout).toMatch(/readmit .*the driver was to blame/)
})

test('status says how the first namespace is made, and what it says makes it', async () => {
  const { nbWith, write, env } = await place()
  await write('a.json', '{"a":1}')
  const { NOTICEBOARD_NAMESPACE: _, ...everywhere } = env
  const { stderr } = await nbWith({ env: everywhere }, 'status')
  expect(stderr).toContain(': noticeboard publish FILE --reason "…" makes the first')
  expect((await nbWith({}, 'publish', 'a.json', '--reason', 'the first')).status).toBe(0)
  expect((await nbWith({ env: everywhere }, 'status')).stdout).toContain('checkout/prod')
})

test('without a namespace status lists them all', async () => {
  const { nbWith, write } = await place()
  await write('a.json', '{"a":1}')
  for (const name of ['b/c', 'a'])
    await nbWith({ env: {} }, 'publish', 'a.json', ...everyone, '-n', name, '--board', 'board')
  const { stdout } = await nbWith({ env: {} }, 'status', '--board', 'board')
  expect(stdout.split('\n').map(line => line.split(' ')[0])).toEqual(['NAMESPACE', 'a', 'b/c', ''])
})

test('watch prints each change with its document until it is interrupted', async () => {
  const { nb, nbWith, write } = await place()
  await write('a.json', '{"a":1}')
  await write('b.json', '{"a":2}')
  await nb('publish', 'a.json', ...everyone)
  const stop = new AbortController()
  let lines = 0
  const watching = nbWith(
    {
      signal: stop.signal,
      onData() {
        lines += 1
        if (lines === 1) void nb('publish', 'b.json', ...everyone)
        if (lines === 2) stop.abort()
      },
    },
    'watch',
    '--json',
  )
  const { status, stdout } = await watching
  expect(status).toBe(130)
  expect(
    stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
  ).toMatchObject([
    { version: 1, document: { a: 1 } },
    { version: 2, document: { a: 2 } },
  ])
})

test('serve prints its address and where the token is, and ends when it is interrupted', async () => {
  const folder = await temporaryFolder()
  const stop = new AbortController()
  let served: { url: string; tokenFile: string } | undefined
  let read: Ran | undefined
  const { status } = await commandLine(['serve', '--create', '--board', 'board', '--port', '0', '--json'], {
    cwd: folder,
    signal: stop.signal,
    onData(text) {
      served = JSON.parse(text)
      void commandLine(['get', 'a', '--url', served!.url], { cwd: folder }).then(ran => {
        read = ran
        stop.abort()
      })
    },
  })
  expect(status).toBe(130)
  expect(read).toMatchObject({ status: 1, stderr: expect.stringContaining('nothing was published in a') })
  expect((await readFile(served!.tokenFile, 'utf8')).trim().length).toBeGreaterThan(20)
})

/** What works on a board folder, however it opens it. */
const ON_A_BOARD = [
  ['serve', '--port', '0'],
  ['publish', 'a.json', ...everyone],
  ['history'],
  ['audit'],
  ['token', 'create', 'ci', '--scope', 'read', '--for', '**'],
  ['token', 'list'],
  ['token', 'revoke', 'ci'],
]

test('serve --heartbeat-ms is what event streams say and keep; what no client believes is refused', async () => {
  const folder = await temporaryFolder()
  const serving = ['serve', '--create', '--board', 'board', '--port', '0', '--json']
  for (const written of ['9', '600001', '8s'])
    expect(await commandLine([...serving, '--heartbeat-ms', written], { cwd: folder })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--heartbeat-ms must be'),
    })
  const said = async (...more: readonly string[]): Promise<string> => {
    const stop = new AbortController()
    let first = ''
    await commandLine([...serving, ...more], {
      cwd: folder,
      signal: stop.signal,
      onData(text) {
        const { url } = JSON.parse(text) as { url: string }
        const events = async (): Promise<void> => {
          const { body } = await fetch(`${url}/v1/~events?ns=a`)
          const { value } = await body!.getReader().read()
          first = new TextDecoder().decode(value)
        }
        void events().finally(() => stop.abort())
      },
    })
    return first
  }
  expect(await said()).toContain('"heartbeatMs":8000')
  expect(await said('--heartbeat-ms', '700')).toContain('"heartbeatMs":700')
})

test('a mistyped board is served and written to by nobody, and made by who says so', async () => {
  const { nbWith, write, folder } = await place()
  await write('a.json', '{"a":1}')
  await mkdir(join(folder, 'empty'))
  const env = { NOTICEBOARD_NAMESPACE: 'a' }
  for (const board of ['baord', 'empty']) {
    for (const command of ON_A_BOARD) {
      const ran = await nbWith({ env }, ...command, '--board', board)
      expect([ran.status, ran.stderr]).toEqual([
        1,
        expect.stringMatching(/^error \(not-found\): there is no board in .*--create/m),
      ])
    }
  }
  expect((await nbWith({ env }, 'history', '--board', 'baord')).stderr).toContain('did you mean')
  expect((await readdir(folder)).sort()).toEqual(['a.json', 'board', 'empty'])
  expect(await readdir(join(folder, 'empty'))).toEqual([])
  const made = await nbWith({ env }, 'publish', 'a.json', ...everyone, '--board', 'empty', '--create')
  expect(made.status).toBe(0)
  expect((await nbWith({ env }, 'get', '--board', 'empty')).stdout).toBe('{"a":1}')
})

test('a disk is told as a disk: the cause, exit 5, and no word of tokens and addresses', () => {
  const full = new NoticeboardError('unavailable', 'cannot keep it: the disk is full (ENOSPC)', {
    cause: systemError('ENOSPC', '/board'),
  })
  const answered = new NoticeboardError(
    'unavailable',
    'http x answered 503 for the release: the disk is full',
  )
  const lost = new NoticeboardError('unavailable', 'http x could not be reached', {
    cause: new TypeError('fetch failed'),
  })
  const wrapped = (cause: NoticeboardError): NoticeboardError =>
    new NoticeboardError('unavailable', 'not acknowledged', { cause })
  const hint = (error: NoticeboardError): string | undefined => hintFor(error, { command: 'rollback' })
  expect([full, answered, wrapped(full), wrapped(answered)].map(hint)).toEqual(Array(4).fill(undefined))
  expect([lost, wrapped(lost)].map(hint)).toEqual(Array(2).fill(expect.stringContaining('the server runs')))
  expect(statusOf(full)).toBe(5)
})

test('what a command warns of again and again is said once, with its cause', async () => {
  const { nb, write, board } = await place()
  for (const n of [1, 2, 3]) {
    await write('a.json', `{"a":${n}}`)
    await nb('publish', 'a.json', ...everyone)
  }
  const root = join(board, 'public/v1/checkout/prod')
  const [epoch = ''] = await readdir(join(root, 'releases'))
  const newest = join(root, 'releases', epoch, '3.json')
  const later = (await readFile(newest, 'utf8')).replace(/"v":1\}/, '"v":2}')
  for (const file of [newest, join(root, 'release.json')]) await writeFile(file, later)
  const { status, stderr } = await nb('rollback', '--reason', 'x', '--board', board)
  expect([status, stderr.match(/^warning: left out.*/gm)]).toEqual([
    0,
    [expect.stringMatching(/^warning: left out an entry of the log: .*update noticeboard/)],
  ])
})

test('a 403 of a web server over a board leads to no token', async () => {
  const server = createServer((_, response) => response.writeHead(403).end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const { nb } = await place()
  const { status, stderr } = await nb('get', '--url', `http://127.0.0.1:${port}`)
  expect([status, stderr]).toEqual([3, expect.stringContaining('check its mode')])
  expect(stderr).not.toContain('token')
})

test('a refusal for what clients claim leads to no epoch alone, and any other damage does', () => {
  const hint = (message: string): string | undefined =>
    hintFor(new NoticeboardError('store-damaged', message), { command: 'publish' })
  expect(hint('behind: open a new epoch, or pass { ignoreReports: true } (--ignore-reports)')).toBeUndefined()
  expect(hint('the log has a hole')).toContain('noticeboard epoch')
})

test.each(['publish', 'rollout'])('%s --help says that whoever waits moves the rollout on', async name => {
  const { stdout } = await commandLine([name, '--help'], { cwd: await temporaryFolder() })
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /with --wait,?[^.]* moves the rollout on meanwhile, by the gates and policies of the configuration file here\./,
  )
})

test('every command explains itself, with examples that name it', async () => {
  const folder = await temporaryFolder()
  const overview = await commandLine(['--help'], { cwd: folder })
  for (const { name, examples } of COMMANDS) {
    expect(overview.stdout).toContain(`  ${name} `)
    const help = await commandLine([name, '--help'], { cwd: folder })
    expect([help.status, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toContain(`Usage: noticeboard ${name}`)
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) expect(example).toMatch(new RegExp(`^noticeboard ${name}\\b`))
    expect(Math.max(...help.stdout.split('\n').map(line => line.length))).toBeLessThanOrEqual(140)
  }
  expect((await commandLine([], { cwd: folder })).status).toBe(2)
  expect((await commandLine(['--version'], { cwd: folder })).stdout).toMatch(/^\d+\.\d+\.\d+/)
})

test('status shows alarms, ends with 9 where a monitor asks, and forgets clients that are gone', async () => {
  const { nb, nbWith, write, env } = await place()
  await write('a.json', '{"a":1}')
  await nb('publish', 'a.json', ...everyone)
  expect((await nb('status', '--check')).status).toBe(0)

  const seen = { epoch: '1-00000000', sequence: 99 }
  const lost = reportOf({ namespace: 'checkout/prod', clientId: 'web-17', instanceId: 'one', seen })
  await http(env.NOTICEBOARD_URL ?? '').report([lost], new AbortController().signal)
  const shown = await nb('status', 'checkout/prod', '--check')
  expect([shown.status, shown.stdout]).toEqual([
    9,
    expect.stringMatching(
      /^alarm board-forked: 1 of 1 have seen another epoch with the number of .*: web-17$/m,
    ),
  ])
  expect((await nb('status', 'checkout/prod')).status).toBe(0)
  const { NOTICEBOARD_NAMESPACE: _, ...everywhere } = env
  const all = await nbWith({ env: everywhere }, 'status', '--check')
  expect([all.status, all.stdout]).toEqual([9, expect.stringMatching(/board-forked/)])
  expect(JSON.parse((await nb('status', 'checkout/prod', '--json')).stdout)).toMatchObject({
    alarms: [{ name: 'board-forked', severity: 'critical', instances: 1 }],
  })

  expect((await nb('fleet', 'forget')).status).toBe(2)
  expect((await nb('fleet', 'show')).stderr).toContain('there is no fleet "show"; it is forget')
  const forgotten = await nb('fleet', 'forget', 'checkout/prod', '--client', 'web-17')
  expect(forgotten.stdout).toBe('checkout/prod: 1 instance is forgotten\n')
  expect((await nb('status', 'checkout/prod', '--check')).status).toBe(0)
})

test('serve shows metrics to this machine where it is asked to', async () => {
  const { folder } = await place()
  const stop = new AbortController()
  let told = ''
  const scraped = new Promise<string>((resolve, reject) => {
    const onData = (text: string): void => {
      told += text
      const [, url] = /metrics are at (\S+)\n/.exec(told) ?? []
      if (url === undefined) return
      fetch(url)
        .then(response => response.text())
        .then(resolve, reject)
        .finally(() => stop.abort())
    }
    void commandLine(
      ['serve', '--create', '--board', join(folder, 'other'), '--port', '0', '--metrics-port', '0'],
      {
        cwd: folder,
        signal: stop.signal,
        onData,
      },
    ).then(({ stderr }) => reject(new Error(stderr)))
  })
  expect(await scraped).toMatch(/^noticeboard_connections\{limit="no"\} 0$/m)
  expect(told).toMatch(/metrics are at http:\/\/127\.0\.0\.1:/)
})
