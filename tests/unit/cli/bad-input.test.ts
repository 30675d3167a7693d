import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type RequestListener, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeRelease } from '../../../src/core/release/release.js'
import { fileStore, type FileStore } from '../../../src/node/index.js'
import { serve, type Server } from '../../../src/server/index.js'
import { commandLine, hashFolder } from './command-line.js'

const publish = ['--everyone', '--reason', 'a test', '--json']
const good = '{"a":1}'
const digestOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')

let folder: string
let store: FileStore
let server: Server
let before: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'noticeboard-bad-')))
  await mkdir(join(folder, 'input'))
  await writeFile(join(folder, 'good.json'), good)
  store = fileStore(join(folder, 'board'))
  // The word of a controller is kept in the board, each half a minute.
  server = await serve(store, {
    tokenFile: join(folder, 'board', 'private', 'token'),
    controller: false,
  })
  expect((await cli('publish', 'good.json', ...publish)).status).toBe(0)
  before = await hashFolder(join(folder, 'board'))
})

afterAll(async () => {
  await server.close()
  await store.close()
  await rm(folder, { recursive: true })
})

/**
 * What came of one piece of bad input: a code of ours, where in the document, and the status of the
 * process or of the answer.
 */
interface Outcome {
  readonly code: string | undefined
  readonly path?: string | undefined
  readonly status: number
}

function cli(...args: string[]): ReturnType<typeof commandLine> {
  const env = {
    NOTICEBOARD_URL: server.url,
    NOTICEBOARD_TOKEN: server.token ?? '',
    NOTICEBOARD_NAMESPACE: 'checkout/prod',
  }
  return commandLine(args, { cwd: folder, env })
}

async function typed(...args: string[]): Promise<Outcome> {
  const { status, error } = await cli(...args, '--json')
  return { code: error?.code, path: error?.issues?.[0]?.path, status }
}

/**
 * A file that somebody publishes, once to the server and once to the folder: the same must come of
 * it.
 */
const file = (name: string, content: string | Uint8Array) => async (): Promise<Outcome> => {
  await writeFile(join(folder, 'input', name), content)
  const overHttp = await typed('publish', `input/${name}`, '--everyone', '--reason', 'a test')
  const onDisk = await typed(
    'publish',
    `input/${name}`,
    '--everyone',
    '--reason',
    'a test',
    '--board',
    'board',
  )
  expect(onDisk).toEqual(overHttp)
  return overHttp
}

const json = (content: string | Uint8Array) => file('bad.json', content)
const yaml = (content: string) => file('bad.yaml', content)

interface Sent {
  readonly method?: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string | number>>
  /** Ends the connection in the middle of the body. */
  readonly cut?: boolean
}

/** A request as it is, which `fetch` would tidy up. */
const sent =
  (path: string, { method = 'GET', body = '', headers = {}, cut = false }: Sent = {}) =>
  (): Promise<Outcome> =>
    new Promise((resolve, reject) => {
      const bytes = Buffer.from(body as string)
      const length = cut ? bytes.length + 100 : bytes.length
      const own = {
        authorization: `Bearer ${server.token}`,
        'content-type': 'application/json',
        'content-length': length,
        ...headers,
      }
      const asked = request({ host: '127.0.0.1', port: server.port, path, method, headers: own }, answer => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          resolve({
            code: text.startsWith('{"error"') ? JSON.parse(text).error.code : undefined,
            status: answer.statusCode ?? 0,
          })
        })
      })
      asked.on('error', error => (cut ? resolve({ code: undefined, status: 0 }) : reject(error)))
      asked.write(bytes, () => (cut ? asked.destroy() : asked.end()))
    })

const put = (content: string | Uint8Array, digest = digestOf(content), headers = {}) =>
  sent(`/v1/checkout/prod/snapshots/${digest}.json`, { method: 'PUT', body: content, headers })

/** A client that reads from a server which is not what it should be. */
const readingFrom = (listener: RequestListener) => async (): Promise<Outcome> => {
  const hostile: HttpServer = createServer(listener)
  await new Promise<void>(resolve => hostile.listen(0, '127.0.0.1', resolve))
  try {
    return await typed(
      'get',
      'checkout/prod',
      '--url',
      `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`,
    )
  } finally {
    hostile.closeAllConnections()
    hostile.close()
  }
}

const snapshotBytes = 64 * 1024
const release = encodeRelease({
  v: 1, namespace: 'checkout/prod', epoch: '1-00000000', sequence: 1, issuedAt: '2026-01-01T00:00:00.000Z', cause: 'publish', prev: null,
  stable: { version: 1, variants: [{ digest: digestOf(good), bytes: good.length }] },
}) // prettier-ignore

/** A server with a good release whose snapshot is answered by somebody else. */
const withSnapshot = (answer: RequestListener) =>
  readingFrom((asked, response) => {
    if (asked.url?.endsWith('/release.json'))
      return response.writeHead(200, { 'content-type': 'application/json' }).end(release)
    if (asked.url?.includes('/snapshots/')) return answer(asked, response)
    return response.writeHead(404).end()
  })

const html = '<!doctype html><title>Sign in</title>'
const loginPage: RequestListener = (_asked, response) =>
  response.writeHead(200, { 'content-type': 'text/html' }).end(html)

test.each<[input: string, give: () => Promise<Outcome>, outcome: Outcome]>([
  // Documents, by the command line: exit 3 is a refusal.
  ['malformed JSON', json('{"a":'), { code: 'invalid-document', path: 'a', status: 3 }],
  ['an empty file', json(''), { code: 'invalid-document', path: '', status: 3 }],
  ['malformed YAML', yaml('a: [1\nb: 2'), { code: 'invalid-document', path: '', status: 3 }],
  [
    'duplicate keys in JSON',
    json('{"pool":{"a":1,"a":2}}'),
    { code: 'invalid-document', path: 'pool.a', status: 3 },
  ],
  [
    'duplicate keys in YAML',
    yaml('pool:\n  a: 1\n  a: 2\n'),
    { code: 'invalid-document', path: 'pool.a', status: 3 },
  ],
  [
    'a key named __proto__',
    json('{"a":{"__proto__":{"b":1}}}'),
    { code: 'invalid-document', path: 'a', status: 3 },
  ],
  [
    'a key named __proto__ in YAML',
    yaml('a:\n  __proto__: {b: 1}\n'),
    { code: 'invalid-document', path: 'a', status: 3 },
  ],
  [
    'depth 10,000',
    json('['.repeat(10_000) + ']'.repeat(10_000)),
    { code: 'invalid-document', path: '[0]'.repeat(64), status: 3 },
  ],
  ['1e400', json('{"a":1e400}'), { code: 'invalid-document', path: 'a', status: 3 }],
  ['-0', json('{"a":-0}'), { code: 'invalid-document', path: 'a', status: 3 }],
  [
    'a whole number past 2^53',
    json('{"a":9007199254740993}'),
    { code: 'invalid-document', path: 'a', status: 3 },
  ],
  ['half a surrogate pair', json('{"a":"\\ud800"}'), { code: 'invalid-document', path: 'a', status: 3 }],
  ['invalid UTF-8', json(Buffer.from([0x22, 0xff, 0xfe, 0x22])), { code: 'invalid-document', status: 3 }],
  [
    'a document over the limit',
    json(JSON.stringify('x'.repeat(1_048_576))),
    { code: 'too-large', status: 3 },
  ],
  ['a file over the limit', json(' '.repeat(5_000_000)), { code: 'too-large', status: 3 }],
  ['YAML that grows without end', yaml(`a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}\n`), { code: 'invalid-document', path: 'd[0][0]', status: 3 }], // prettier-ignore

  // Namespaces and references.
  ...[
    '../x',
    '%2e%2e',
    'a\\b',
    'a\0b',
    'Checkout',
    'a//b',
    '/a',
    'a/',
    'releases',
    'a.json',
    'x'.repeat(201),
    '',
  ].map((name): [string, () => Promise<Outcome>, Outcome] => [
    `the namespace ${JSON.stringify(name.slice(0, 20))}`,
    () => typed('publish', 'good.json', '--everyone', '--reason', 'x', `--namespace=${name}`),
    { code: 'invalid-option', status: 2 },
  ]),
  ['Checkout beside checkout', () => typed('get', 'Checkout/prod'), { code: 'invalid-option', status: 2 }],
  [
    'a version that is none',
    () => typed('rollback', '--reason', 'x', '--to', 'seven'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a version that never was',
    () => typed('rollback', '--reason', 'x', '--to', '77'),
    { code: 'not-found', status: 1 },
  ],

  // What is typed.
  ['an unknown command', () => typed('pubish', 'good.json'), { code: 'invalid-option', status: 2 }],
  [
    'an unknown option',
    () => typed('publish', 'good.json', '--evryone'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'an option without its value',
    () => typed('publish', 'good.json', '--everyone', '--reason'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'an option in place of a value',
    () => typed('publish', 'good.json', '--reason', '--everyone'),
    { code: 'invalid-option', status: 2 },
  ],
  ['no reason', () => typed('publish', 'good.json', '--everyone'), { code: 'invalid-option', status: 2 }],
  [
    'everyone and stages',
    () => typed('publish', 'good.json', '--everyone', '--stages', '1,all', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'stages that make no sense',
    () => typed('publish', 'good.json', '--stages', '1,some', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a wait for something else',
    () => typed('publish', 'good.json', '--wait=forever', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a time without a wait',
    () => typed('publish', 'good.json', '--timeout', '5', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a step that there is none of',
    () => typed('rollout', 'stop', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  ['a step without a reason', () => typed('rollout', 'pause'), { code: 'invalid-option', status: 2 }],
  ['a kill of nothing', () => typed('kill', '--reason', 'x'), { code: 'invalid-option', status: 2 }],
  [
    'a kill that is no JSON',
    () => typed('kill', '--patch', '{', '--reason', 'x'),
    { code: 'invalid-document', status: 3, path: '' },
  ],
  [
    'a version of letters',
    () => typed('publish', 'good.json', '--everyone', '--reason', 'x', '--if-version', 'one'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a version that is not current',
    () => typed('publish', 'good.json', '--everyone', '--reason', 'x', '--if-version', '9'),
    { code: 'conflict', status: 4 },
  ],
  [
    'too many arguments',
    () => typed('publish', 'good.json', 'more.json', '--everyone', '--reason', 'x'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'a file that is not there',
    () => typed('publish', 'nowhere.json', '--everyone', '--reason', 'x'),
    { code: 'not-found', status: 1 },
  ],
  [
    'an address that is none',
    () => typed('get', '--url', 'ftp://example.com'),
    { code: 'invalid-option', status: 2 },
  ],
  [
    'an address nobody answers at',
    () => typed('get', '--url', 'http://127.0.0.1:1'),
    { code: 'unavailable', status: 5 },
  ],

  // Snapshots and releases, past the command line: the status is the answer's.
  ['a snapshot that is not JSON', put('{"a":'), { code: 'invalid-data', status: 400 }],
  ['a snapshot with white space', put('{"a": 1}'), { code: 'invalid-data', status: 400 }],
  ['a snapshot with duplicate keys', put('{"a":1,"a":2}'), { code: 'invalid-data', status: 400 }],
  [
    'a snapshot with __proto__, canonical too',
    put('{"__proto__":{"a":1}}'),
    { code: 'invalid-data', status: 400 },
  ],
  [
    'a snapshot with half a surrogate pair, canonical too',
    put('{"a":"\\ud800"}'),
    { code: 'invalid-data', status: 400 },
  ],
  ['a snapshot with -0', put('{"a":-0}'), { code: 'invalid-data', status: 400 }],
  ['a snapshot with 1e400', put('{"a":1e400}'), { code: 'invalid-data', status: 400 }],
  [
    'a snapshot with integer-like keys in the order of JavaScript',
    put('{"9":1,"10":2}'),
    { code: 'invalid-data', status: 400 },
  ],
  [
    'a snapshot of depth 10,000',
    put('['.repeat(10_000) + ']'.repeat(10_000)),
    { code: 'invalid-data', status: 400 },
  ],
  [
    'a snapshot with invalid UTF-8',
    put(Buffer.from([0x22, 0xff, 0xfe, 0x22])),
    { code: 'invalid-data', status: 400 },
  ],
  ['a snapshot over the limit', put(`"${'x'.repeat(1_048_576)}"`), { code: 'too-large', status: 413 }],
  [
    'a snapshot that its digest does not name',
    put(good, digestOf('other')),
    { code: 'digest-mismatch', status: 400 },
  ],
  [
    'a snapshot in a compression bomb',
    put(gzipSync(Buffer.alloc(8_388_608)), digestOf(good), { 'content-encoding': 'gzip' }),
    { code: 'invalid-data', status: 415 },
  ],
  [
    'a snapshot that ends in the middle',
    sent(`/v1/checkout/prod/snapshots/${digestOf('{"b":1}')}.json`, {
      method: 'PUT',
      body: '{"b"',
      cut: true,
    }),
    { code: undefined, status: 0 },
  ],
  [
    'a release that is none',
    sent('/v1/checkout/prod/~releases', { method: 'POST', body: '{"release":"{}"}' }),
    { code: 'invalid-data', status: 400 },
  ],
  [
    'a body with duplicate keys',
    sent('/v1/checkout/prod/~releases', { method: 'POST', body: '{"release":"a","release":"b"}' }),
    { code: 'invalid-data', status: 400 },
  ],
  [
    'a namespace that climbs',
    sent('/v1/checkout/../checkout/prod/release.json'),
    { code: 'not-found', status: 404 },
  ],
  [
    'a namespace that climbs in disguise',
    sent('/v1/%2e%2e/%2e%2e/private/token'),
    { code: 'not-found', status: 404 },
  ],
  ['a backslash', sent('/v1/..\\..\\private\\token'), { code: 'not-found', status: 404 }],
  ['NUL in disguise', sent('/v1/checkout%00/prod/release.json'), { code: 'not-found', status: 404 }],
  [
    'another spelling of a namespace',
    sent('/v1/Checkout/prod/release.json'),
    { code: 'not-found', status: 404 },
  ],

  // Servers that are not what they should be.
  ['a login page in place of a release', readingFrom(loginPage), { code: 'unavailable', status: 5 }],
  ['a login page in place of a snapshot', withSnapshot(loginPage), { code: 'unavailable', status: 5 }],
  [
    'a redirection to a login page',
    readingFrom((_asked, response) => response.writeHead(302, { location: '/login' }).end()),
    { code: 'unavailable', status: 5 },
  ],
  [
    'other bytes than the digest names',
    withSnapshot((_asked, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":2}'),
    ),
    { code: 'digest-mismatch', status: 1 },
  ],
  [
    'a body that is cut',
    withSnapshot(
      (_asked, response) =>
        void response
          .writeHead(200, { 'content-length': good.length })
          .write('{"a', () => response.destroy()),
    ),
    { code: 'unavailable', status: 5 },
  ],
  [
    'a body without end',
    withSnapshot((_asked, response) => {
      const more = (): void =>
        void (response.destroyed || response.write(Buffer.alloc(snapshotBytes, 0x20), more))
      response.writeHead(200)
      more()
    }),
    { code: 'too-large', status: 3 },
  ],
  [
    'a compression bomb',
    withSnapshot((_asked, response) =>
      response.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync(Buffer.alloc(67_108_864))),
    ),
    { code: 'too-large', status: 3 },
  ],
])('%s', async (_input, give, outcome) => {
  expect(await give()).toEqual({ path: undefined, ...outcome })
  expect(await hashFolder(join(folder, 'board'))).toBe(before)
})

test('keys that look like numbers are no bad input: they travel in the canonical order', async () => {
  await writeFile(join(folder, 'numbers.json'), '{"9":1,"10":2,"a":3}')
  expect((await cli('publish', 'numbers.json', '-n', 'numbers', ...publish)).status).toBe(0)
  // The hash that every row compares does tell a change.
  expect(await hashFolder(join(folder, 'board'))).not.toBe(before)
  expect((await cli('get', 'numbers')).stdout).toBe('{"10":2,"9":1,"a":3}')
})
