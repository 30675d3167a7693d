import { describe, expect, test } from 'vitest'
import { createHandler, type Handler } from '../../../src/server/handler.js'
import type { HandlerOptions } from '../../../src/server/options.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { cached } from '../../../src/transports/cached.js'
import { http } from '../../../src/transports/http/http.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, asJson, started, withToken } from '../../support/asking.js'
import { makeRelease, publish, TOKEN } from '../../support/server-fixtures.js'
import { openPlace, WAYS } from './place.js'

/** One that is there, and one that is not; names of one length, so that lengths may be compared. */
const SECRET = 'secret/prod'
const ABSENT = 'absent/prod'
const READING = { write: { token: TOKEN }, read: { token: 'a-token-for-reading' } } as const

interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

type Face = (asked: Asked) => Promise<Reply>

/** A board with the namespace that nobody may know of. */
async function board(): Promise<{
  store: ReturnType<typeof memory>
  published: Awaited<ReturnType<typeof publish>>
}> {
  const store = memory()
  const published = await publish(store, { key: 'hunter2' }, SECRET)
  await store.putSchema(
    { namespace: SECRET, bytes: new TextEncoder().encode('{}') },
    new AbortController().signal,
  )
  return { store, published }
}

const overFetch =
  (handler: Handler): Face =>
  async ({ method, path, headers, body }) => {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    })
    const response = await handler.fetch(request)
    const stream = response.headers.get('content-type')?.includes('event-stream') === true
    if (stream) await response.body?.cancel()
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      text: stream ? 'a stream' : await response.text(),
    }
  }

/** The ways in which a caller gets at a board, each with the same options. */
const FACES: readonly (readonly [
  string,
  (options: HandlerOptions) => Promise<{ face: Face; end: () => Promise<void> }>,
])[] = [
  [
    'direct',
    async options => {
      const handler = createHandler((await board()).store, options)
      return { face: overFetch(handler), end: () => handler.close({ drainMs: 0 }) }
    },
  ],
  [
    'over node:http',
    async options => {
      const { url } = await started((await board()).store, options)
      const face: Face = ({ method, path, headers, body }) =>
        ask(url, path, { method, headers, ...(body !== undefined && { body }) })
      return { face, end: async () => {} }
    },
  ],
  [
    'relayed',
    async options => {
      const origin = createHandler((await board()).store, options)
      const upstream = http('http://localhost', {
        fetch: (url, init) => origin.fetch(new Request(url, init)),
      })
      // The relay itself lets everybody in, and has no token.
      const relay = createHandler(cached(upstream))
      return {
        face: overFetch(relay),
        end: async () => {
          await relay.close({ drainMs: 0 })
          await origin.close({ drainMs: 0 })
        },
      }
    },
  ],
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'] as const
const DIGEST = makeRelease({ key: 'hunter2' }).digest

const pathsOf = (namespace: string): readonly string[] => [
  `/v1/${namespace}/release.json`,
  `/v1/${namespace}/releases/1-9f3a01bc/1.json`,
  `/v1/${namespace}/releases/1-9f3a01bc/2.json`,
  `/v1/${namespace}/snapshots/${DIGEST}.json`,
  `/v1/${namespace}/schema.json`,
  `/v1/${namespace}/~reports`,
  `/v1/${namespace}/~releases`,
  `/v1/${namespace}/~history`,
  `/v1/~events?ns=${namespace}`,
  `/v1/~events?ns=${namespace}&inline=1&client=a&have=${encodeURIComponent(`${namespace}=${DIGEST}`)}`,
]

/** Everything that a caller can tell; only the time of day is left out. */
async function tell(face: Face, asked: Asked, namespace: string): Promise<string> {
  const { status, headers, text } = await face(asked)
  const { date: _, ...told } = headers
  return JSON.stringify([status, told, text]).replaceAll(namespace, '<namespace>')
}

const CALLERS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['nobody', asJson],
  ['a wrong token', withToken('a-wrong-token')],
  ['who knows the tag', { ...asJson, 'if-none-match': '*' }],
]

describe.each(FACES)('25. not-found and forbidden look the same (%s)', (name, open) => {
  test.each(CALLERS)('on every route, to %s', async (_caller, headers) => {
    const { face, end } = await open(READING)
    let compared = 0
    // Twice: what was asked for once may be remembered.
    for (const _round of [1, 2]) {
      for (const [index, path] of pathsOf(SECRET).entries()) {
        for (const method of METHODS) {
          const sent = {
            method,
            headers,
            ...(method === 'POST' || method === 'PUT' ? { body: '{"reports":[]}' } : {}),
          }
          const there = await tell(face, { ...sent, path }, SECRET)
          const absent = await tell(face, { ...sent, path: pathsOf(ABSENT)[index] as string }, ABSENT)
          expect(there, `${method} ${path}`).toBe(absent)
          expect(there).not.toContain('hunter2')
          compared += 1
        }
      }
    }
    expect(compared).toBe(2 * 10 * METHODS.length)
    await end()
  })

  test('the two differ for whoever may read', async () => {
    // A relay asks with its own token, and here it has none.
    const { face, end } = await open(name === 'relayed' ? {} : READING)
    const headers = withToken(READING.read.token)
    const [pointer, , , snapshot] = pathsOf(SECRET) as [string, string, string, string]
    for (const path of [pointer, snapshot])
      expect((await face({ method: 'GET', path, headers })).status).toBe(200)
    const path = pathsOf(ABSENT)[0] as string
    expect((await face({ method: 'GET', path, headers })).status).toBe(404)
    await end()
  })

  test('what is private of a board that everybody may read', async () => {
    const { face, end } = await open({ write: { token: TOKEN } })
    for (const [index, path] of pathsOf(SECRET).entries()) {
      if (!/~(reports|releases|history)$/.test(path)) continue
      for (const [, headers] of CALLERS) {
        const method = path.endsWith('~releases') ? 'POST' : 'GET'
        const sent = { method, headers, ...(method === 'POST' && { body: '{}' }) }
        const there = await tell(face, { ...sent, path }, SECRET)
        expect(there).toBe(await tell(face, { ...sent, path: pathsOf(ABSENT)[index] as string }, ABSENT))
        expect(there).toMatch(/^\[40[14],/)
      }
    }
    await end()
  })

  test('a digest of one namespace is unknown in every other', async () => {
    const { face, end } = await open({})
    const known = `/v1/${SECRET}/snapshots/${DIGEST}.json`
    expect((await face({ method: 'GET', path: known, headers: {} })).status).toBe(200)
    const other = makeRelease({ nowhere: true }).digest
    for (const namespace of [ABSENT, 'secret/prod/more', 'secret']) {
      const of = (digest: string): Asked => ({
        method: 'GET',
        path: `/v1/${namespace}/snapshots/${digest}.json`,
        headers: {},
      })
      expect(await tell(face, of(DIGEST), namespace)).toBe(await tell(face, of(other), namespace))
      expect((await face(of(DIGEST))).status).toBe(404)
    }
    await end()
  })
})

describe.each(WAYS)('25. a client that may not read (%s)', (_name, way) => {
  test('learns the same of a namespace that is there and of one that is not', async () => {
    const learned: unknown[] = []
    for (const namespace of [SECRET, ABSENT]) {
      const clock = virtualClock({ turns: 1 })
      const { store } = await board()
      const place = openPlace({ clock, store, options: READING })
      const member = place.client(way, { namespace, clientId: 'web' })
      const ready = place.done(member.client.ready({ timeoutMs: 20_000 }).catch((error: unknown) => error))
      const { code, message } = (await ready) as { code: string; message: string }
      await clock.advance(60_000)
      learned.push({
        code,
        message: message.replaceAll(namespace, ''),
        errors: member.errors,
        ran: member.ran,
      })
    }
    expect(learned[0]).toEqual(learned[1])
    expect(learned[0]).toMatchObject({ ran: [] })
  })
})
