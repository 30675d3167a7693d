import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/index.js'
import { fileStore } from '../../../src/node/index.js'
import { pull } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import { ask } from '../../support/asking.js'
import { reportOf } from '../../support/report-of.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'
import { NAMESPACE, served } from './served.js'

const never = new AbortController().signal

test('what serve makes has the modes that docs/operations.md names, whatever the umask', async () => {
  const cwd = await temporaryFolder()
  const before = process.umask(0o077)
  try {
    const { publish, url } = await served({ cwd })
    expect((await publish(1)).status).toBe(0)
    await http(url).report([reportOf({ namespace: NAMESPACE, instanceId: 'web-1' })], never)
  } finally {
    process.umask(before)
  }
  const board = join(cwd, 'board')
  const paths = await readdir(board, { recursive: true })
  const seen = new Set<string>()
  for (const path of paths) {
    const found = await stat(join(board, path))
    const kind = found.isDirectory() ? 'folder' : 'file'
    // A second name of a file that is published.
    const top = path.startsWith('private/noted/') ? 'private/noted' : path.split('/')[0]
    seen.add(`${top}, ${kind}: ${(found.mode & 0o777).toString(8)}`)
  }
  expect([...seen].toSorted()).toEqual([
    'private, file: 600',
    'private, folder: 700',
    'private/noted, file: 644',
    'public, file: 644',
    'public, folder: 755',
  ])
})

test.each([
  ['nothing', [], 200, false],
  ['report', ['--require-token', 'report'], 200, true],
  ['read and report', ['--require-token', 'read', '--require-token', 'report'], 401, true],
] as const)('a server that is told to wants a token for: %s', async (_, options, status, isRefused) => {
  const cwd = await temporaryFolder()
  const { url, publish } = await served({ cwd, options })
  expect((await publish(1)).status).toBe(0)
  const release = `/v1/${NAMESPACE}/release.json`
  expect((await ask(url, release)).status).toBe(status)
  const token = (await readFile(join(cwd, 'board/private/token'), 'utf8')).trim()
  expect((await ask(url, release, { headers: { Authorization: `Bearer ${token}` } })).status).toBe(200)
  const outcome = await http(url)
    .report([reportOf({ namespace: NAMESPACE, instanceId: 'a' })], never)
    .catch((error: unknown) => error)
  if (isRefused) expect(outcome).toMatchObject({ code: 'unauthorized' })
  else expect(outcome).not.toBeInstanceOf(Error)
})

test('controller is heard in the board that it moves the rollouts of, until it is interrupted', async () => {
  const cwd = await temporaryFolder()
  const board = join(cwd, 'board')
  await writeFile(join(cwd, 'a.json'), '{"a":1}')
  const publish = ['publish', 'a.json', '-n', NAMESPACE, '--everyone', '--reason', 'x'] as const
  expect((await commandLine([...publish, '--board', board, '--create'], { cwd })).status).toBe(0)
  const store = fileStore(board)
  onTestFinished(() => store.close())
  const roles = async () =>
    (await store.reports?.({ namespace: NAMESPACE }, never))?.reports.map(({ role }) => role?.type)
  expect(await roles()).toEqual([])
  const stop = new AbortController()
  const running = commandLine(['controller', '--board', board], { cwd, signal: stop.signal })
  await expect.poll(roles).toEqual(['controller'])
  stop.abort()
  expect((await running).status).toBe(130)
})

/**
 * A configuration file with a policy of its own: nobody first, and everybody as soon as it decides.
 */
const OFFICE = `
const time = ms => new Date(ms).toISOString()
const office = {
  type: 'office',
  version: 1,
  start: ({ nowMs, salt }) => ({
    type: 'stage',
    plan: { type: 'office', version: 1 },
    evidence: undefined,
    next: {
      state: 'running',
      stage: 0,
      audience: { salt, clauses: [{ ids: ['0'.repeat(16)] }] },
      start: { at: time(nowMs), live: 0, exposed: 0, control: 0 },
      decideBy: time(nowMs + 86_400_000),
    },
    says: ['nobody, then all'],
  }),
  decide: ({ release: { rollout } }, { heard }) => ({
    type: 'advance',
    explanation: {
      rollout: rollout.id, stage: 0, where: 'office', verdict: 'good', why: ['the office is open'],
      unknowns: [], counts: {}, canSee: 'the clock', exceptions: [], omitted: 0, wouldChange: [], asOf: heard.asOf,
    },
    next: { state: 'completed', stage: 0, audience: undefined, start: rollout.stageStart, decideBy: rollout.decideBy },
  }),
}
export default { policies: [office], rollout: office }
`

test.each(['serve', 'controller'])(
  '%s moves a rollout on by a policy that the configuration file has in `policies`',
  async command => {
    const cwd = await temporaryFolder()
    const board = join(cwd, 'board')
    await writeFile(join(cwd, 'noticeboard.config.mjs'), OFFICE)
    const stop = new AbortController()
    const options = command === 'serve' ? ['--create', '--port', '0'] : []
    if (command === 'controller')
      expect((await publishTo(board, cwd, '{"a":1}', '--create', '--everyone')).status).toBe(0)
    const running = commandLine([command, '--board', board, ...options], { cwd, signal: stop.signal })
    onTestFinished(async () => {
      stop.abort()
      await running
    })
    const store = fileStore(board)
    onTestFinished(() => store.close())
    const policies = async () =>
      (await store.reports?.({ namespace: NAMESPACE }, never))?.reports.flatMap(({ role }) =>
        role?.type === 'controller' ? role.policies : [],
      )
    if (command === 'serve')
      await expect
        .poll(async () => (await publishTo(board, cwd, '{"a":1}', '--everyone')).status, WAIT)
        .toBe(0)
    await expect.poll(policies, WAIT).toContain('office@1')
    const published = await publishTo(board, cwd, '{"a":2}')
    expect(published.status, published.stderr).toBe(0)
    expect(published.stderr).toContain('nobody, then all')
    await expect
      .poll(async () => (await publishTo(board, cwd, '{"a":2}', '--dry-run')).stdout, WAIT)
      .toMatch(/^unchanged, runs already: .* version 2 [^,]*, completed/)
  },
  60_000,
)

test.each([
  ['holds the floor of its configuration file', 'export default { floor: { minBakeMs: 86_400_000 } }', 3],
  ['without a floor leaves the policy to the publisher', 'export default {}', 0],
])('a server %s against a token without admin', async (_, config, status) => {
  const [cwd, elsewhere] = [await temporaryFolder(), await temporaryFolder()]
  await writeFile(join(cwd, 'noticeboard.config.mjs'), config)
  const server = await served({ cwd })
  const board = join(cwd, 'board')
  const owner = (await readFile(join(board, 'private/token'), 'utf8')).trim()
  const create = ['token', 'create', 'ci', '--scope', 'publish-staged', '--for', '**', '--board', board]
  const staged = (await commandLine([...create, '--expires', '1d'], { cwd: elsewhere })).stdout.trim()
  const publish = (token: string, document: string, ...options: readonly string[]): Promise<Ran> =>
    commandLine(['publish', '-', '-n', NAMESPACE, '--reason', 'x', ...options], {
      cwd: elsewhere,
      stdin: document,
      env: { NOTICEBOARD_URL: server.url, NOTICEBOARD_TOKEN: token },
    })
  const first = await publish(owner, '{"a":1}', '--everyone', '--below-floor', 'the first one')
  expect(first.status, first.stderr).toBe(0)
  let second = first
  // The server's controller is heard after a moment.
  await expect
    .poll(async () => (second = await publish(staged, '{"a":2}', '--timed')).stderr, WAIT)
    .not.toContain('no-controller')
  expect(second.status, second.stderr).toBe(status)
  if (status !== 0) expect(second.stderr).toContain('the floor of this namespace needs staged@1')
})

test('a server holds the floor of its configuration file against its own token, unless somebody says why', async () => {
  const [cwd, elsewhere] = [await temporaryFolder(), await temporaryFolder()]
  await writeFile(join(cwd, 'noticeboard.config.mjs'), 'export default { floor: { minBakeMs: 1_000 } }')
  const server = await served({ cwd })
  const token = (await readFile(join(cwd, 'board/private/token'), 'utf8')).trim()
  const run = (command: readonly string[], document?: string): Promise<Ran> =>
    commandLine([...command, '-n', NAMESPACE], {
      cwd: elsewhere,
      ...(document !== undefined && { stdin: document }),
      env: { NOTICEBOARD_URL: server.url, NOTICEBOARD_TOKEN: token },
    })
  const publish = (document: string, ...options: readonly string[]): Promise<Ran> =>
    run(['publish', '-', '--reason', 'x', '--everyone', ...options], document)
  const first = await publish('{"a":1}')
  expect(first.status, first.stderr).toBe(0)
  // While no client is heard there is nobody to be staged.
  const second = await publish('{"a":2}')
  expect(second.status, second.stderr).toBe(0)

  const client = createClient({ namespace: NAMESPACE, schema: z.json(), strategy: pull(http(server.url)) })
  onTestFinished(() => client.close())
  await client.ready()
  await expect.poll(async () => (await run(['status'])).stdout, WAIT).toMatch(/1 (client|instance)/)
  const refused = await publish('{"a":3}')
  expect(refused.status).toBe(3)
  expect(refused.stderr).toContain('and not to everyone at once; or say why with --below-floor "…"')
  // The token is not what is missing.
  expect(refused.stderr).not.toContain('check that it has the scope')
  const said = await publish('{"a":3}', '--below-floor', 'the database is down')
  expect(said.status, said.stderr).toBe(0)
  expect((await run(['history', '--limit', '1'])).stdout).toContain('below the floor: the database is down')
  const back = await run(['rollback', '--reason', 'x'])
  expect(back.status, back.stderr).toBe(0)
})

/** Waits for what another part of the program does in its own time. */
const WAIT = { timeout: 30_000 }

function publishTo(
  board: string,
  cwd: string,
  document: string,
  ...options: readonly string[]
): Promise<Ran> {
  const all = ['publish', '-', '--board', board, '-n', NAMESPACE, '--reason', 'x', ...options]
  return commandLine(all, { cwd, stdin: document })
}

test('serve writes each release to its log, with the token that appended it', async () => {
  const cwd = await temporaryFolder()
  const server = await served({ cwd })
  const board = join(cwd, 'board')
  const create = ['token', 'create', 'oncall', '--scope', 'admin', '--for', '**', '--board', board]
  const made = await commandLine([...create, '--expires', '1d'], { cwd })
  expect(made.status, made.stderr).toBe(0)
  await writeFile(join(cwd, 'a.json'), '{"a":1}')
  const env = { NOTICEBOARD_URL: server.url, NOTICEBOARD_TOKEN: made.stdout.trim() }
  const publish = ['publish', 'a.json', '-n', NAMESPACE, '--everyone', '--reason', 'x', '--author', 'bob']
  const published = await commandLine(publish, { cwd, env })
  expect(published.status, published.stderr).toBe(0)
  expect(server.log).toMatch(
    /a release was appended namespace=checkout\/prod position=\S+ cause=publish everyone=true by=.*oncall.* author=bob/,
  )
  const history = await commandLine(['history', NAMESPACE], { cwd, env })
  expect(history.stdout).toMatch(/ publish --everyone .* bob +x$/m)
  const [line = ''] = (await commandLine(['history', NAMESPACE, '--json'], { cwd, env })).stdout.split('\n')
  expect(JSON.parse(line)).toMatchObject({ cause: 'publish', everyone: true, author: 'bob' })
})
