import { createServer, type Server } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Delivery, InlineSnapshot, Transport } from '../../../../src/contracts/transport.js'
import { LEAST_SAVED } from '../../../../src/server/encodings/snapshot-answers.js'
import { MIN_ENCODED_BYTES } from '../../../../src/server/encodings/snapshot-form.js'
import { encodingCases } from '../../../../src/testing/conformance/encoding-cases.js'
import { transportCases, type OpenedTransport } from '../../../../src/testing/conformance/index.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { http } from '../../../../src/transports/http/index.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'

const never = new AbortController().signal

/** A snapshot that a server is asked for. */
interface Asked {
  readonly namespace: string
  readonly digest: string
  readonly bytes: Uint8Array
  /** Whether its reader takes it as gzip. */
  readonly gzip: boolean
}

/** What a server sends. */
interface Sent {
  readonly body: Uint8Array
  /** What the answer calls it. */
  readonly named?: 'gzip'
}

type Sending = (asked: Asked) => Sent | Promise<Sent>

const encoded = (bytes: Uint8Array): Sent => ({ body: gzipSync(bytes), named: 'gzip' })
const right = ({ bytes, gzip }: Asked): Sent => (gzip ? encoded(bytes) : { body: bytes })

/** A server that keeps encodings under a key. */
const keptBy = (keyOf: (asked: Asked) => string): (() => Sending) => {
  return () => {
    const kept = new Map<string, Sent>()
    return asked => {
      if (!asked.gzip) return { body: asked.bytes }
      const key = keyOf(asked)
      const sent = kept.get(key) ?? encoded(asked.bytes)
      kept.set(key, sent)
      return sent
    }
  }
}

/** A board that a foreign server serves: releases as they are, and snapshots as `sending` says. */
async function boardOf(store: MemoryStore, sending: Sending): Promise<{ url: string; server: Server }> {
  const server = createServer((req, res) => {
    const answer = async (): Promise<void> => {
      const [, namespace = '', digest] =
        /^\/v1\/(.+?)\/(?:release|snapshots\/([0-9a-f]+))\.json$/.exec(req.url ?? '') ?? []
      if (digest === undefined) {
        const latest = await store.latest({ namespace }, never)
        if (latest.type !== 'release') return void res.writeHead(404).end()
        const { bytes, tag = '' } = latest
        if (req.headers['if-none-match'] === `"${tag}"`) return void res.writeHead(304).end()
        return void res.writeHead(200, { etag: `"${tag}"` }).end(bytes)
      }
      const bytes = await store.snapshot({ namespace, digest, maxSnapshotBytes: 1_000_000 }, never)
      const gzip = String(req.headers['accept-encoding']).includes('gzip')
      const { body, named } = await sending({ namespace, digest, bytes, gzip })
      res.writeHead(200, {
        'content-length': body.length,
        ...(named !== undefined && { 'content-encoding': named }),
      })
      res.end(body)
    }
    answer().catch(() => res.writeHead(404).end())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, server }
}

type Take = (response: Response, maxSnapshotBytes: number) => Promise<Uint8Array>

const whole: Take = async (response, maxSnapshotBytes) => {
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes.length > maxSnapshotBytes) throw new NoticeboardError('too-large', 'it is too large')
  return bytes
}

/** A transport that believes what a server says, and never asks a second time. */
const plainly =
  (take: Take = whole) =>
  (url: string): Transport => {
    const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${url}/v1/${path}.json`, { headers: { 'accept-encoding': 'gzip', ...headers } })
    return {
      name: 'plain',
      async latest({ namespace, tag }) {
        const response = await get(`${namespace}/release`, tag === undefined ? {} : { 'if-none-match': tag })
        if (response.status === 304) return { type: 'unchanged' }
        if (response.status === 404) return { type: 'none' }
        const bytes = new Uint8Array(await response.arrayBuffer())
        return { type: 'release', bytes, tag: response.headers.get('etag') ?? '' }
      },
      async snapshot({ namespace, digest, maxSnapshotBytes }) {
        const response = await get(`${namespace}/snapshots/${digest}`)
        if (response.status === 404) throw new NoticeboardError('not-found', 'it is not here')
        return take(response, maxSnapshotBytes)
      },
    }
  }

/** A foreign server, and what reads it. */
const served =
  (sending: () => Sending, reader: (url: string) => Transport = url => http(url)) =>
  async (): Promise<OpenedTransport> => {
    const store = memory()
    const { url, server } = await boardOf(store, sending())
    return {
      transport: reader(url),
      publish: sample => publishTo(store, sample, never),
      async close() {
        server.closeAllConnections()
        await new Promise(resolve => server.close(resolve))
      },
    }
  }

/** A store in memory of which some methods are others. */
const changed =
  (change: (store: MemoryStore) => Partial<MemoryStore>) => async (): Promise<OpenedTransport> => {
    const store = memory()
    return {
      transport: { ...store, ...change(store) },
      publish: sample => publishTo(store, sample, never),
      close: async () => {},
    }
  }

/** A store whose watches say something else of each snapshot that comes along. */
const along = (
  say: (inline: InlineSnapshot, before: InlineSnapshot | undefined) => InlineSnapshot | undefined,
  looksAtHave = true,
) =>
  changed(store => {
    const seen: InlineSnapshot[] = []
    return {
      async *watch(query, signal): AsyncGenerator<Delivery> {
        const asked = looksAtHave ? query : { ...query, have: undefined }
        for await (const delivery of store.watch(asked, signal)) {
          if (delivery.type !== 'release') yield delivery
          else {
            const snapshots = (delivery.snapshots ?? []).flatMap(inline => say(inline, seen.at(-1)) ?? [])
            seen.push(...(delivery.snapshots ?? []))
            yield { ...delivery, snapshots }
          }
        }
      },
    }
  })

const isOurs = (name: string): boolean => encodingCases.some(one => one.name === name)

/** The errors of the cases about encodings, by a part of their names. */
async function errorsOf(
  part: string,
  open: () => Promise<OpenedTransport>,
  without = {},
): Promise<readonly string[]> {
  const cases = transportCases(open, { timeoutMs: 2_000, without }).filter(
    ({ name, skip }) => isOurs(name) && skip === undefined && name.includes(part),
  )
  expect(cases, part).not.toHaveLength(0)
  const messages: string[] = []
  for (const { run } of cases) await run().catch((error: Error) => messages.push(error.message))
  return messages
}

const OFTEN = 'compresses well comes back byte for byte'
const ALIKE = 'compress alike'
const BOUND = 'a bound below the size'
const ALONG = 'comes along as itself'

const noWatch = { watch: 'the server has no stream' }

describe('encodings under the cases of the kit', () => {
  test.each<readonly [string, () => Promise<OpenedTransport>, object]>([
    ['a store in memory', changed(() => ({})), {}],
    ['a server that encodes, read by http()', served(() => right), noWatch],
    ['a server that encodes, read by what never asks again', served(() => right, plainly()), noWatch],
    ['a server that keeps encodings by digest', served(keptBy(({ digest }) => digest)), noWatch],
    ['a server that encodes nothing', served(() => asked => right({ ...asked, gzip: false })), noWatch],
    [
      'a server that forgets to name the encoding, which http() asks for the snapshot as it is',
      served(() => asked => ({ body: right(asked).body })),
      noWatch,
    ],
  ])('%s passes', async (_, open, without) => {
    expect(await errorsOf('', open, without)).toEqual([])
  })

  test.each<readonly [fault: string, part: string, open: () => Promise<OpenedTransport>, says: RegExp]>([
    [
      'a server that keeps one encoding for a namespace',
      ALIKE,
      served(keptBy(({ namespace }) => namespace)),
      /^the snapshot: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that keeps encodings by the length of what they are of',
      ALIKE,
      served(keptBy(({ bytes }) => String(bytes.length))),
      /^the snapshot: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that keeps encodings by how their snapshot begins',
      ALIKE,
      served(keptBy(({ bytes }) => new TextDecoder().decode(bytes.subarray(0, 4_096)))),
      /^the snapshot: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that has the newest encoding alone',
      ALIKE,
      served(() => {
        const newest = new Map<string, { readonly digest: string; readonly sent: Sent }[]>()
        return asked => {
          const kept = newest.get(asked.namespace) ?? []
          if (!kept.some(({ digest }) => digest === asked.digest))
            kept.push({ digest: asked.digest, sent: right(asked) })
          newest.set(asked.namespace, kept)
          return kept.at(-1)!.sent
        }
      }),
      /^the snapshot of the release before: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that gives what it encodes just now to all who ask meanwhile',
      ALIKE,
      served(() => {
        let running: Promise<Sent> | undefined
        return asked => {
          running ??= new Promise<Sent>(resolve => {
            setTimeout(() => {
              running = undefined
              resolve(right(asked))
            }, 20)
          })
          return running
        }
      }),
      /^the snapshot(?: of the release before)?: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that takes the snapshot of whom it knows to have another',
      ALIKE,
      changed(store => ({
        snapshot: ({ have, ...query }, signal) =>
          store
            .snapshot({ ...query, digest: have ?? query.digest }, signal)
            .catch(() => store.snapshot(query, signal)),
      })),
      /^the snapshot: byte \d+ of \d+ differs$/,
    ],
    [
      'a transport that goes on with an old copy after `unchanged`',
      ALIKE,
      changed(store => {
        let first: Uint8Array | undefined
        let stands = false
        return {
          async latest(query, signal) {
            const latest = await store.latest(query, signal)
            stands = latest.type === 'unchanged'
            return latest
          },
          async snapshot(query, signal) {
            const bytes = await store.snapshot(query, signal)
            first ??= bytes
            return stands ? first : bytes
          },
        }
      }),
      /^the snapshot: byte \d+ of \d+ differs$/,
    ],
    [
      'a server that forgets to name the encoding',
      OFTEN,
      served(() => asked => ({ body: right(asked).body }), plainly()),
      /^the snapshot: byte 0 of \d+ differs$/,
    ],
    [
      'a server that encodes for everybody and names it to nobody',
      OFTEN,
      served(() => ({ bytes }) => ({ body: gzipSync(bytes) })),
      /^the snapshot: byte 0 of \d+ differs$/,
    ],
    [
      'a server that encodes twice',
      OFTEN,
      served(() => asked => ({ ...right(asked), body: gzipSync(right(asked).body) }), plainly()),
      /^the snapshot: byte 0 of \d+ differs$/,
    ],
    [
      'a server that cuts encodings',
      OFTEN,
      served(() => asked => {
        const { body, ...sent } = right(asked)
        return { ...sent, body: asked.gzip ? body.subarray(0, -12) : body }
      }),
      /^the snapshot: \d+ bytes came instead of \d+$/,
    ],
    [
      'a server that cuts before it encodes',
      OFTEN,
      served(() => asked => right({ ...asked, bytes: asked.bytes.subarray(0, -3) })),
      /^the snapshot: \d+ bytes came instead of \d+$/,
    ],
    [
      'a server whose encoding is wrong from the second time on',
      OFTEN,
      served(() => {
        const known = new Set<string>()
        return asked => {
          const isKnown = known.has(asked.digest)
          known.add(asked.digest)
          return isKnown ? right({ ...asked, bytes: asked.bytes.subarray(0, 1_024) }) : { body: asked.bytes }
        }
      }),
      /^the snapshot: 1024 bytes came instead of \d+$/,
    ],
    [
      'a transport that decodes up to a buffer of its own',
      OFTEN,
      served(
        () => right,
        plainly(async (response, bound) => (await whole(response, bound)).slice(0, 16_384)),
      ),
      /^the snapshot: 16384 bytes came instead of \d+$/,
    ],
    [
      'a transport that looks at the length of what travels',
      BOUND,
      served(
        () => right,
        plainly(async (response, bound) => {
          if (Number(response.headers.get('content-length')) > bound)
            throw new NoticeboardError('too-large', 'it is too large')
          return new Uint8Array(await response.arrayBuffer())
        }),
      ),
      /^a snapshot of 200000 bytes with a bound of 2000, before .* too-large was expected, but it resolved/,
    ],
    [
      'a transport that cuts at the bound',
      BOUND,
      served(
        () => right,
        plainly(async (response, bound) => new Uint8Array(await response.arrayBuffer()).slice(0, bound)),
      ),
      /too-large was expected, but it resolved/,
    ],
    [
      'a transport that looks at no bound for what it has kept',
      BOUND,
      changed(store => {
        const kept = new Map<string, Uint8Array>()
        return {
          async snapshot(query, signal) {
            const bytes = kept.get(query.digest) ?? (await store.snapshot(query, signal))
            kept.set(query.digest, bytes)
            return bytes
          },
        }
      }),
      /with a bound of 2000, after it came whole: too-large was expected, but it resolved/,
    ],
    [
      'a transport that is too strict',
      BOUND,
      changed(store => ({
        snapshot: (query, signal) =>
          store.snapshot({ ...query, maxSnapshotBytes: query.maxSnapshotBytes - 1 }, signal),
      })),
      /^the snapshot: /,
    ],
    [
      'a watch that brings the snapshot of the release before under the name of the newest',
      ALONG,
      along((inline, before) => ({ ...inline, bytes: before?.bytes ?? inline.bytes })),
      /^the snapshot that came along: byte \d+ of \d+ differs$/,
    ],
    [
      'a watch that brings the snapshot of the release before',
      ALONG,
      along((inline, before) => before ?? inline),
      /^a snapshot came along that the release does not give to this client$/,
    ],
    [
      'a watch that brings it encoded',
      ALONG,
      along(inline => ({ ...inline, bytes: gzipSync(inline.bytes) })),
      /^the snapshot that came along: byte 0 of \d+ differs$/,
    ],
    [
      'a watch that cuts what it brings',
      ALONG,
      along(inline => ({ ...inline, bytes: inline.bytes.subarray(0, 8_192) })),
      /^the snapshot that came along: 8192 bytes came instead of \d+$/,
    ],
    [
      'a watch that brings what its reader has',
      ALONG,
      along(inline => inline, false),
      /^the snapshot that the client holds came along again$/,
    ],
  ])('%s is told', async (_, part, open, says) => {
    expect((await errorsOf(part, open)).join('\n')).toMatch(says)
  })

  test('the snapshots of the cases are worth an encoding', async () => {
    const shares: number[] = []
    const weighed: Sending = asked => {
      if (asked.bytes.length >= MIN_ENCODED_BYTES)
        shares.push(gzipSync(asked.bytes).length / asked.bytes.length)
      return right(asked)
    }
    await errorsOf(
      '',
      served(() => weighed),
      noWatch,
    )
    expect(shares.length).toBeGreaterThan(20)
    expect(Math.max(...shares)).toBeLessThan(1 - LEAST_SAVED)
  })
})
