import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileStore, tokenFolder } from '../../../src/node/index.js'
import { serve } from '../../../src/server/index.js'
import { ask } from '../../support/asking.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

interface Place {
  readonly board: string
  readonly url: string
  readonly admin: string
  nb(...args: string[]): Promise<Ran>
  as(token: string, ...args: string[]): Promise<Ran>
}

/** A board folder that a server of ours serves, with the tokens that the command line makes. */
async function place(): Promise<Place> {
  const cwd = await temporaryFolder()
  const board = join(cwd, 'board')
  const store = fileStore(board)
  const server = await serve(store, {
    tokenFile: join(board, 'private', 'token'),
    tokens: tokenFolder(join(board, 'private', 'tokens')),
    controller: false,
  })
  onTestFinished(async () => {
    await server.close({ drainMs: 0 })
    await store.close()
  })
  return {
    board,
    url: server.url,
    admin: server.token ?? '',
    nb: (...args) => commandLine(args, { cwd }),
    as: (token, ...args) =>
      commandLine(args, { cwd, env: { NOTICEBOARD_URL: server.url, NOTICEBOARD_TOKEN: token } }),
  }
}

const everyone = ['--everyone', '--reason', 'a test'] as const

test('a token is made, does what it may on a server that runs, and is revoked', async () => {
  const { board, url, admin, nb, as } = await place()
  const publish = (token: string): Promise<Ran> =>
    as(token, 'publish', 'b.json', '--namespace', 'checkout/prod', ...everyone)
  const cwd = join(board, '..')
  await writeFile(join(cwd, 'b.json'), '{"pool":2}')
  await writeFile(join(cwd, 'a.json'), '{"pool":1}')
  const first = await as(admin, 'publish', 'a.json', '--namespace', 'checkout/prod', ...everyone)
  expect(first.status).toBe(0)

  const made = await nb('token', 'create', 'eyes', '--board', board, '--scope', 'inspect', '--for', 'checkout/*', '--expires', '90d')
  const token = made.stdout.trim()
  expect([made.status, token, made.stderr]).toEqual([0, expect.stringMatching(/^nb_eyes_[0-9a-f]{64}$/), expect.stringContaining('shown once')])
  expect(await readFile(join(board, 'private', 'tokens', 'eyes.json'), 'utf8')).not.toContain(token.slice(8))
  // A server looks each second.
  const history = (): Promise<{ readonly status: number }> =>
    ask(url, '/v1/checkout/prod/~history', { headers: { Authorization: `Bearer ${token}` } })
  while ((await history()).status !== 200) await new Promise(resolve => setImmediate(resolve))
  expect((await as(token, 'history', 'checkout/prod')).status).toBe(0)
  const refused = await publish(token)
  expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('forbidden')])

  const listed = await nb('token', 'list', '--board', board)
  expect(listed.stdout).toMatch(/NAME +SCOPES +NAMESPACES +CREATED +EXPIRES\neyes +inspect +checkout\/\* /)
  expect(JSON.parse((await nb('token', 'list', '--board', board, '--json')).stdout)).not.toHaveProperty('sha256')
  expect((await nb('token', 'revoke', 'eyes', '--board', board)).stdout).toBe('eyes is revoked\n')
  while ((await history()).status !== 401) await new Promise(resolve => setImmediate(resolve))
  expect((await nb('token', 'revoke', 'eyes', '--board', board)).status).toBe(1)
  expect((await nb('token', 'list', '--board', board)).stdout).toBe('')
}) // prettier-ignore

test.each<[string, readonly string[], RegExp]>([
  ['no scope', ['create', 'ci', '--for', '**'], /the scope is missing/],
  ['a scope that there is not', ['create', 'ci', '--scope', 'publish', '--for', '**'], /there is no scope "publish"/],
  ['no namespaces', ['create', 'ci', '--scope', 'read'], /the namespaces are missing/],
  ['a pattern that is none', ['create', 'ci', '--scope', 'read', '--for', '**/prod'], /stands at the end/],
  ['a name that is none', ['create', 'My_CI', '--scope', 'read', '--for', '**'], /name the token/],
  ['a time that has passed', ['create', 'ci', '--scope', 'read', '--for', '**', '--expires', '2020-01-01T00:00:00.000Z'], /a later time/],
  ['a time that is none', ['create', 'ci', '--scope', 'read', '--for', '**', '--expires', 'soon'], /90d/],
  ['another verb', ['show'], /it is create, list or revoke/],
])('token refuses %s, and makes nothing', async (_, args, words) => {
  const cwd = await temporaryFolder()
  const ran = await commandLine(['token', ...args, '--tokens', 'tokens'], { cwd })
  expect([ran.status, ran.stdout]).toEqual([2, ''])
  expect(ran.stderr).toMatch(words)
  expect(await tokenFolder(join(cwd, 'tokens')).tokens(new AbortController().signal)).toEqual([])
}) // prettier-ignore

test('token makes no board of a name that was mistyped, and says where it looks', async () => {
  const cwd = await temporaryFolder()
  const mistyped = ['token', 'create', 'ci', '--scope', 'read', '--for', '**', '--board', 'borad']
  expect((await commandLine(mistyped, { cwd })).stderr).toMatch(/there is no board in .*borad/)
  expect(await readdir(cwd)).toEqual([])
  expect((await commandLine(['token', 'list'], { cwd })).stderr).toMatch(
    /the folder of the tokens is missing/,
  )
})

test('audit tells who did what in every namespace, the newest first, and finds it again', async () => {
  const { admin, board, as } = await place()
  for (const pool of [1, 2]) await writeFile(join(board, '..', `${pool}.json`), `{"pool":${pool}}`)
  const publish = (pool: number, namespace: string, author: string): Promise<Ran> =>
    as(admin, 'publish', `${pool}.json`, '--namespace', namespace, '--author', author, '--everyone', '--reason', `pool ${pool}`)
  await publish(1, 'checkout/prod', 'ada')
  await publish(2, 'checkout/prod', 'bob')
  await publish(1, 'billing/prod', 'ada')
  await as(admin, 'rollback', 'checkout/prod', '--reason', 'too big', '--author', 'eve')
  const deeds = async (...args: string[]): Promise<readonly unknown[]> =>
    (await as(admin, 'audit', '--json', ...args)).stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { who: string; did: string; namespace: string; why: string })
      .map(({ who, did, namespace, why }) => `${who} ${did} ${namespace} ${why}`)
  expect(await deeds()).toEqual([
    'eve rollback checkout/prod too big',
    'ada publish billing/prod pool 1',
    'bob publish checkout/prod pool 2',
    'ada publish checkout/prod pool 1',
  ])
  expect(await deeds('--author', 'ada')).toHaveLength(2)
  expect(await deeds('--cause', 'rollback', '--cause', 'kill')).toEqual(['eve rollback checkout/prod too big'])
  expect(await deeds('billing/prod')).toEqual(['ada publish billing/prod pool 1'])
  const later = await as(admin, 'audit', '--since', '2999-01-01')
  expect([later.status, later.stdout, later.stderr]).toEqual([0, '', expect.stringContaining('nothing was done')])
  expect((await as(admin, 'audit')).stdout).toMatch(/WHEN +WHO +DID +NAMESPACE +POSITION +VERSION +WHY/)
}) // prettier-ignore
