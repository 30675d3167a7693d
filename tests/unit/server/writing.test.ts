import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Store } from '../../../src/contracts/transport.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { createHandler } from '../../../src/server/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, asJson, started, withToken } from '../../support/asking.js'
import { EPOCH, makeRelease, NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'
import { reportOf } from '../../support/report-of.js'

const put = (text: string): { path: string; body: string } => ({
  path: `/v1/${NAMESPACE}/snapshots/${digestOf(systemHasher, encodeText(text))}.json`,
  body: text,
})
const append = (release: unknown, more: object = {}): string => JSON.stringify({ release, ...more })
const code = ({ text }: { readonly text: string }): string =>
  (JSON.parse(text) as { error: { code: string } }).error.code

async function writable(store: Store = memory()) {
  const server = await started(store, { write: { token: TOKEN } })
  const send = (method: string, path: string, body: string | Uint8Array, headers = withToken(TOKEN)) =>
    ask(server.url, path, { method, headers, body })
  return { store, url: server.url, send }
}

describe('putting a snapshot', () => {
  test('is acknowledged once it is kept, and twice is harmless', async () => {
    const { store, send } = await writable()
    const { path, body } = put('{"pool":10}')
    expect((await send('PUT', path, body)).status).toBe(204)
    expect((await send('PUT', path, body)).status).toBe(204)
    const bytes = await store.snapshot(
      { namespace: NAMESPACE, digest: path.slice(-69, -5), maxSnapshotBytes: 100 },
      never,
    )
    expect(new TextDecoder().decode(bytes)).toBe('{"pool":10}')
  })

  test.each([
    ['white space', '{"pool": 10}'],
    ['unordered keys', '{"b":1,"a":2}'],
    ['a duplicate key', '{"a":1,"a":2}'],
    ['__proto__', '{"__proto__":1}'],
    ['-0', '{"a":-0}'],
    ['1e400', '{"a":1e400}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['depth 10,000', '['.repeat(10_000) + ']'.repeat(10_000)],
    ['no JSON', 'hello'],
    ['nothing', ''],
  ])('refuses %s with 400 and keeps nothing', async (_what, text) => {
    const { store, send } = await writable()
    const { path, body } = put(text)
    const reply = await send('PUT', path, body)
    expect([reply.status, code(reply)]).toEqual([400, 'invalid-data'])
    await expect(
      store.snapshot({ namespace: NAMESPACE, digest: path.slice(-69, -5), maxSnapshotBytes: 100_000 }, never),
    ).rejects.toThrow(expect.objectContaining({ code: 'not-found' }))
  })

  test('refuses bytes that are not the ones of the digest, and bytes that are no UTF-8', async () => {
    const { send } = await writable()
    const { path } = put('{"pool":10}')
    expect(code(await send('PUT', path, '{"pool":11}'))).toBe('digest-mismatch')
    const broken = Uint8Array.of(0x22, 0xff, 0x22)
    const reply = await send('PUT', `/v1/a/snapshots/${digestOf(systemHasher, broken)}.json`, broken)
    expect([reply.status, code(reply)]).toEqual([400, 'invalid-data'])
  })
})

describe('appending a release', () => {
  test('is seen at once by a GET of the same server', async () => {
    const { url, store } = await writable()
    const writer = httpStore(url, { token: TOKEN })
    for (let size = 1; size <= 20; size += 1) {
      const { bytes } = await publish(writer, { pool: size })
      expect((await ask(url, `/v1/${NAMESPACE}/release.json`)).text).toBe(new TextDecoder().decode(bytes))
    }
    expect((await store.latest({ namespace: NAMESPACE }, never)).type).toBe('release')
  })

  test('another at the same position is a conflict; the same again is a success', async () => {
    const { url, store } = await writable()
    const { release } = await publish(store, { pool: 10 })
    const rival = makeRelease({ pool: 10 }, { cause: 'rollback' })
    const at = { epoch: EPOCH, sequence: 1 }
    const writer = httpStore(url, { token: TOKEN })
    expect(await writer.append({ namespace: NAMESPACE, at, bytes: rival.bytes }, never)).toBe('taken')
    expect(
      await writer.append(
        { namespace: NAMESPACE, at, bytes: encodeText(canonicalize({ release, signatures: [] })) },
        never,
      ),
    ).toBe('appended')
  })

  test('of two that are sent at the same time one wins', async () => {
    const { url, store } = await writable()
    const one = makeRelease({ pool: 1 })
    const two = makeRelease({ pool: 2 })
    for (const { digest, snapshot } of [one, two])
      await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    const at = { epoch: EPOCH, sequence: 1 }
    const outcomes = await Promise.all(
      [one, two].map(({ bytes }) =>
        httpStore(url, { token: TOKEN }).append({ namespace: NAMESPACE, at, bytes }, never),
      ),
    )
    expect(outcomes.sort()).toEqual(['appended', 'taken'])
  })

  test('hands on the audit record and urgency, exactly', async () => {
    const seen: unknown[] = []
    const inner = memory()
    const store: Store = {
      ...inner,
      async append(query, signal) {
        seen.push([query.audit && new TextDecoder().decode(query.audit), query.urgent])
        return signal.aborted ? 'taken' : 'appended'
      },
    }
    const { url } = await writable(store)
    const { bytes, digest, snapshot } = makeRelease({ pool: 10 })
    const writer = httpStore(url, { token: TOKEN })
    await writer.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    await writer.append(
      {
        namespace: NAMESPACE,
        at: { epoch: EPOCH, sequence: 1 },
        bytes,
        audit: encodeText('{"reason":"ä\\"b"}'),
        urgent: true,
      },
      never,
    )
    expect(seen).toEqual([['{"reason":"ä\\"b"}', true]])
  })

  test.each([
    ['no JSON', 'hello', 'invalid-data'],
    ['a list', '[]', 'invalid-data'],
    ['no release', '{}', 'invalid-data'],
    ['a release that is no text', append({ release: {} }), 'invalid-data'],
    ['a text that is no release', append('{}'), 'invalid-data'],
    [
      'a release that is not canonical',
      append(` ${new TextDecoder().decode(makeRelease({ pool: 10 }).bytes)}`),
      'invalid-data',
    ],
    [
      'another namespace',
      append(new TextDecoder().decode(makeRelease({ pool: 10 }, { namespace: 'other' }).bytes)),
      'invalid-data',
    ],
    [
      'a snapshot that is not here',
      append(new TextDecoder().decode(makeRelease({ pool: 10 }).bytes)),
      'invalid-data',
    ],
    [
      'another format version',
      append(new TextDecoder().decode(makeRelease({ pool: 10 }).bytes).replace('"v":1', '"v":2')),
      'unsupported',
    ],
    ['a duplicate key', `{"release":"a","release":"b"}`, 'invalid-data'],
    [
      'an audit record over its limit',
      append(new TextDecoder().decode(makeRelease({ pool: 10 }).bytes), { audit: 'x'.repeat(65_537) }),
      'too-large',
    ],
  ])('refuses %s and appends nothing', async (_what, body, expected) => {
    const { store, send } = await writable()
    const reply = await send('POST', `/v1/${NAMESPACE}/~releases`, body)
    const status = { 'too-large': 413 }[expected] ?? 400
    expect([reply.status, code(reply)]).toEqual([status, expected])
    expect(await store.latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })
  })

  test('refuses a release that gives its snapshot another length', async () => {
    const { store, send } = await writable()
    const { digest, snapshot } = makeRelease({ pool: 10 })
    await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    const wrong = makeRelease({ pool: 10 }, { stable: { version: 1, variants: [{ digest, bytes: 5 }] } })
    expect(
      code(await send('POST', `/v1/${NAMESPACE}/~releases`, append(new TextDecoder().decode(wrong.bytes)))),
    ).toBe('invalid-data')
  })

  test('a damaged store says so, and that is no conflict', async () => {
    const inner = memory()
    const store: Store = {
      ...inner,
      append: async () => {
        throw new NoticeboardError('store-damaged', 'release 3 is missing; open a new epoch')
      },
    }
    const { url } = await writable(store)
    const { bytes, digest, snapshot } = makeRelease({ pool: 10 })
    const writer = httpStore(url, { token: TOKEN })
    await writer.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    await expect(
      writer.append({ namespace: NAMESPACE, at: { epoch: EPOCH, sequence: 1 }, bytes }, never),
    ).rejects.toThrow(
      expect.objectContaining({
        code: 'store-damaged',
        message: expect.stringContaining('open a new epoch'),
      }),
    )
  })
})

describe('what the owner of the token may read', () => {
  test('the history, newest first, with audit records, over HTTP', async () => {
    const { url, store } = await writable()
    for (const pool of [1, 2, 3]) await publish(store, { pool })
    const entries: unknown[] = []
    const transport = httpStore(url, { token: TOKEN })
    for await (const { bytes } of transport.history({ namespace: NAMESPACE }, never))
      entries.push(JSON.parse(new TextDecoder().decode(bytes)).release.sequence)
    expect(entries).toEqual([3, 2, 1])
    const limited: unknown[] = []
    for await (const entry of transport.history({ namespace: NAMESPACE, limit: 2 }, never))
      limited.push(entry)
    expect(limited).toHaveLength(2)
    for await (const entry of transport.history({ namespace: 'nothing' }, never)) limited.push(entry)
    expect(limited).toHaveLength(2)
  })

  test('a history that breaks in the middle is a loss, never a short history', async () => {
    const inner = memory()
    const store: Store = {
      ...inner,
      async *history(query, signal) {
        for await (const entry of inner.history(query, signal)) {
          yield entry
          throw new Error('disk')
        }
      },
    }
    const { url } = await writable(store)
    await publish(inner, { pool: 1 })
    await publish(inner, { pool: 2 })
    const read = async (): Promise<void> => {
      for await (const _ of httpStore(url, { token: TOKEN }).history({ namespace: NAMESPACE }, never));
    }
    await expect(read()).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }))
  })

  test('a reader of the history who stops, stops the store', async () => {
    const inner = memory()
    let ended = false
    const store: Store = {
      ...inner,
      async *history() {
        try {
          while (true) yield { bytes: encodeText('x'.repeat(10_000)) }
        } finally {
          ended = true
        }
      },
    }
    const { url } = await writable(store)
    for await (const _ of httpStore(url, { token: TOKEN }).history({ namespace: NAMESPACE }, never)) break
    while (!ended) await new Promise(resolve => setImmediate(resolve))
  })

  test('the namespaces, and the schema after it was put', async () => {
    const { url, store } = await writable()
    await publish(store, { pool: 1 })
    await publish(store, { pool: 1 }, 'a/b')
    const transport = httpStore(url, { token: TOKEN })
    expect(await transport.namespaces(never)).toEqual(['a/b', NAMESPACE])
    expect(await transport.schema({ namespace: NAMESPACE }, never)).toBeUndefined()
    const schema = encodeText('{ "type": "object" }')
    await transport.putSchema({ namespace: NAMESPACE, bytes: schema }, never)
    expect(new Uint8Array((await httpStore(url).schema({ namespace: NAMESPACE }, never)) ?? [])).toEqual(
      new Uint8Array(schema),
    )
    await expect(
      transport.putSchema({ namespace: NAMESPACE, bytes: encodeText('[]') }, never),
    ).rejects.toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})

describe('reports', () => {
  const report = (instanceId: string, count: number, more: Partial<ClientReport> = {}): ClientReport =>
    reportOf({ namespace: NAMESPACE, instanceId, clientId: `client-${instanceId}`, count, ...more })

  /** Without a controller, which reports as well. */
  const alone = { write: { token: TOKEN }, controller: false } as const
  const published = async () => {
    const store = memory()
    await publish(store, { pool: 1 })
    const { url } = await started(store, alone)
    return { store, url }
  }

  test('of a namespace without a release are kept nowhere, and answered like others', async () => {
    const { store, url } = await published()
    const transport = httpStore(url, { token: TOKEN })
    const listed = async (namespace: string): Promise<number> =>
      (await transport.reports({ namespace }, never)).reports.length
    await http(url).report([report('a', 1), report('b', 1, { namespace: 'nobody/publishes' })], never)
    expect([await listed(NAMESPACE), await listed('nobody/publishes')]).toEqual([1, 0])
    await publish(store, { pool: 1 }, 'nobody/publishes')
    await http(url).report([report('b', 2, { namespace: 'nobody/publishes' })], never)
    expect(await listed('nobody/publishes')).toBe(1)
  })

  test('come briefly with 64 labels at most', async () => {
    const { url } = await published()
    const labels = { ring: 'a', shop: 'b' }
    await http(url).report([report('a', 1, { labels, build: '7' })], never)
    const asked = async (count: number) => {
      const named = Array.from({ length: count - 1 }, (_, index) => `&label=l${index}`).join('')
      const path = `/v1/${NAMESPACE}/~reports?brief=1&label=ring${named}`
      return ask(url, path, { headers: withToken(TOKEN) })
    }
    const answer = await asked(64)
    expect(answer.status).toBe(200)
    const [brief] = (JSON.parse(answer.text) as { reports: readonly ClientReport[] }).reports
    expect(brief).toMatchObject({ labels: { ring: 'a' }, strategy: '-' })
    expect(brief).not.toHaveProperty('build')
    const refused = await asked(65)
    expect([refused.status, code(refused)]).toEqual([400, 'invalid-option'])
  })

  test('of five thousand clients behind one address that start together are all kept', async () => {
    const store = memory()
    await publish(store, { pool: 1 })
    const handler = createHandler(store)
    const say = async (instanceId: string): Promise<number> => {
      const init = {
        method: 'POST',
        headers: asJson,
        body: JSON.stringify({ reports: [report(instanceId, 1)] }),
      }
      return (await handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/~reports`, init))).status
    }
    const statuses = new Set<number>()
    for (let from = 0; from < 5_000; from += 500)
      for (const status of await Promise.all(Array.from({ length: 500 }, (_, at) => say(`i-${from + at}`))))
        statuses.add(status)
    expect([...statuses]).toEqual([204])
    expect(handler.load.instances).toBe(5_000)
    await handler.close({ drainMs: 0 })
  })

  test('of more than ten thousand at once of an address without a token are refused until later', async () => {
    const { url } = await published()
    const body = JSON.stringify({ reports: Array(100).fill(null) })
    const say = (headers: Record<string, string>) =>
      ask(url, `/v1/${NAMESPACE}/~reports`, { method: 'POST', headers, body })
    let bodies = 0
    let refused = await say(asJson)
    while (refused.status === 204 && bodies < 500) {
      bodies += 1
      refused = await say(asJson)
    }
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    expect(code(refused)).toBe('rate-limited')
    expect(bodies).toBeGreaterThanOrEqual(99)
    expect((await say(withToken(TOKEN))).status).toBe(204)
    expect((await ask(url, `/v1/${NAMESPACE}/release.json`)).status).toBe(200)
  })

  test('of clients behind a proxy that is trusted are those of their own addresses', async () => {
    const store = memory()
    await publish(store, { pool: 1 })
    const { url, handler } = await started(store, {
      ...alone,
      maxInstances: 4,
      trustedProxies: ['127.0.0.1', '::1'],
    })
    const say = (instanceId: string, forwarded: string) => {
      const body = JSON.stringify({ reports: [report(instanceId, 1)] })
      const headers = { ...asJson, 'X-Forwarded-For': forwarded }
      return ask(url, `/v1/${NAMESPACE}/~reports`, { method: 'POST', headers, body })
    }
    await say('real', '192.0.2.1')
    for (let index = 0; index < 20; index += 1) await say(`fake-${index}`, `192.0.2.1, 198.51.100.7`)
    const heard = await httpStore(url, { token: TOKEN }).reports({ namespace: NAMESPACE }, never)
    expect(handler.load.instances).toBe(4)
    expect(heard.reports.map(({ instanceId }) => instanceId)).toContain('real')
  })

  test('of a namespace that has a release are taken while the store fails', async () => {
    const inner = memory()
    await publish(inner, { pool: 1 })
    let fails = false
    const { handler, url } = await started(
      {
        ...inner,
        latest: async (query: Parameters<typeof inner.latest>[0], signal: AbortSignal) => {
          if (fails) throw new NoticeboardError('unavailable', 'the store is away')
          return inner.latest(query, signal)
        },
      },
      alone,
    )
    await http(url).report([report('a', 1)], never)
    fails = true
    await http(url).report([report('b', 1)], never)
    expect(handler.load.instances).toBe(2)
    const unknown = http(url).report([report('c', 1, { namespace: 'elsewhere' })], never)
    await expect(unknown).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }))
  })

  test('the highest count is the last word, whatever the order', async () => {
    const { url } = await published()
    const transport = httpStore(url, { token: TOKEN })
    await http(url).report([report('a', 5, { phase: 'healthy' })], never)
    await http(url).report([report('a', 3), report('b', 1), report('b', 1)], never)
    const { reports: heard } = await transport.reports({ namespace: NAMESPACE }, never)
    expect(heard.map(({ instanceId, count, phase }) => [instanceId, count, phase])).toEqual([
      ['a', 5, 'healthy'],
      ['b', 1, 'applied'],
    ])
    expect(
      heard.every(({ receivedAt }) => receivedAt !== undefined && !Number.isNaN(Date.parse(receivedAt))),
    ).toBe(true)
  })

  test('hundreds of reports of several namespaces arrive', async () => {
    const { url, store } = await published()
    for (const namespace of ['even', 'odd']) await publish(store, { pool: 1 }, namespace)
    const many = Array.from({ length: 250 }, (_, index) =>
      report(`i${index}`, 1, { namespace: index % 2 === 0 ? 'even' : 'odd' }),
    )
    await http(url).report(many, never)
    const transport = httpStore(url, { token: TOKEN })
    for (const namespace of ['even', 'odd'])
      expect((await transport.reports({ namespace }, never)).reports).toHaveLength(125)
  })

  test('bad ones are passed over, and the others of the same body count', async () => {
    const { url } = await published()
    const bad = [
      report('x', 0),
      report('x/../y', 1),
      { ...report('x', 1), v: 2 },
      { ...report('x', 1), phase: 'dan\ncing' },
      report('x', 1, { namespace: 'other' }),
      report('x', 1, { overridden: Array.from({ length: 20 }, (_, index) => `/${index}`.padEnd(200, 'x')) }),
      null,
      7,
    ]
    const body = JSON.stringify({ reports: [...bad, report('good', 1)] })
    expect(
      (await ask(url, `/v1/${NAMESPACE}/~reports`, { method: 'POST', headers: asJson, body })).status,
    ).toBe(204)
    expect(
      (await httpStore(url, { token: TOKEN }).reports({ namespace: NAMESPACE }, never)).reports.map(
        ({ instanceId }) => instanceId,
      ),
    ).toEqual(['good'])
    expect(await httpStore(url, { token: TOKEN }).reports({ namespace: 'other' }, never)).toMatchObject({
      reports: [],
    })
  })

  test('go out in bodies of a hundred and of 48 KiB at most, in order, whatever their size', async () => {
    const bodies: string[] = []
    const answer = async (_url: string, init: { readonly body?: unknown }) => {
      bodies.push(new TextDecoder().decode(init.body as Uint8Array))
      return new Response(null, { status: 204 })
    }
    const sizes = [...Array<number>(150).fill(0), ...Array<number>(40).fill(15), 0, 400, 0]
    const reports = sizes.map((size, index) =>
      report(`i${index}`, 1, { overridden: Array<string>(size).fill('/'.padEnd(200, 'ü')) }),
    )
    await http('http://board.test', { fetch: answer as never }).report(reports, never)
    const sent = bodies.map(body => (JSON.parse(body) as { reports: ClientReport[] }).reports)
    expect(sent.flat()).toEqual(reports)
    for (const [index, body] of bodies.entries()) {
      const bytes = Buffer.byteLength(body)
      const alone = sent[index]?.length === 1
      expect(sent[index]?.length).toBeLessThanOrEqual(100)
      if (!alone) expect(bytes).toBeLessThanOrEqual(49_152)
      // The next report had no room here.
      const next = sent[index + 1]?.[0]
      if (next !== undefined && sent[index]?.length !== 100)
        expect(bytes + Buffer.byteLength(JSON.stringify(next)) + 1).toBeGreaterThan(49_152)
    }
    expect(bodies.length).toBeGreaterThan(5)
  })

  test('a client cannot say when it was heard', async () => {
    const { url } = await published()
    await http(url).report([{ ...report('a', 1), receivedAt: '1999-01-01T00:00:00.000Z' }], never)
    const { reports } = await httpStore(url, { token: TOKEN }).reports({ namespace: NAMESPACE }, never)
    const [heard] = reports
    expect(heard?.receivedAt).not.toContain('1999')
  })

  test.each([
    [
      'more than a hundred',
      JSON.stringify({ reports: Array.from({ length: 101 }, (_, index) => report(`i${index}`, 1)) }),
      400,
    ],
    ['a list', '[]', 400],
    ['a megabyte and more', JSON.stringify({ reports: [], pad: 'x'.repeat(1_048_576) }), 413],
    ['a duplicate key', '{"reports":[],"reports":[]}', 400],
  ])('%s is refused', async (_what, body, status) => {
    const { url } = await published()
    expect(
      (await ask(url, `/v1/${NAMESPACE}/~reports`, { method: 'POST', headers: asJson, body })).status,
    ).toBe(status)
  })

  test('go on to a store that keeps them, and come back after a restart', async () => {
    const store = memory()
    await publish(store, { pool: 1 })
    const first = await started(store, alone)
    await http(first.url).report([report('a', 1), report('a', 2)], never)
    await first.close({ drainMs: 0 })
    expect((await store.reports({ namespace: NAMESPACE }, never)).reports.map(({ count }) => count)).toEqual([
      2,
    ])

    const second = await started(store, alone)
    await http(second.url).report([report('b', 1)], never)
    const heard = await httpStore(second.url, { token: TOKEN }).reports({ namespace: NAMESPACE }, never)
    expect(heard.reports.map(({ instanceId, count }) => [instanceId, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ])
  })
})

describe('without a token', () => {
  test('the transport says what to do before it asks', async () => {
    const { url } = await writable()
    const { bytes, digest, snapshot } = makeRelease({ pool: 10 })
    const writes = [
      httpStore(url).put({ namespace: NAMESPACE, digest, bytes: snapshot }, never),
      httpStore(url).append({ namespace: NAMESPACE, at: { epoch: EPOCH, sequence: 1 }, bytes }, never),
      httpStore(url).putSchema({ namespace: NAMESPACE, bytes: snapshot }, never),
    ]
    for (const written of writes)
      await expect(written).rejects.toThrow(
        expect.objectContaining({ code: 'unauthorized', message: expect.stringContaining('{ token }') }),
      )
  })

  test('a snapshot over the limit is not sent', async () => {
    const { url } = await writable()
    const bytes = encodeText(`"${'x'.repeat(1_048_576)}"`)
    await expect(
      httpStore(url, { token: TOKEN }).put(
        { namespace: NAMESPACE, digest: digestOf(systemHasher, bytes), bytes },
        never,
      ),
    ).rejects.toThrow(expect.objectContaining({ code: 'too-large' }))
  })
})
