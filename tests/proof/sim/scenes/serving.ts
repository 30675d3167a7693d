import { createLinkedAbortController, type LinkedAbortController } from '../../../../src/async/signals.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { CompleteStore } from '../../../../src/contracts/transport.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { createHandler, type Handler } from '../../../../src/server/handler.js'
import { startProcess } from '../../../../src/sim/process.js'
import { cached } from '../../../../src/transports/cached.js'
import { http } from '../../../../src/transports/http/http.js'
import { httpStore } from '../../../../src/transports/http/http-store.js'
import { memory } from '../../../../src/transports/memory.js'
import { never, releaseOf } from '../../../support/session.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * A server over a store that fails now and then, and a relay of it: readers of several namespaces
 * who come, read slowly, leave and come back; snapshots whose first load fails; an origin that
 * cannot be reached for a while.
 */
export const serving: Scene = play

const NAMESPACES = ['shop/one', 'shop/two']
const HEARTBEAT_MS = 10_000
const TOKEN = 'a-token-for-the-scene'
const BIG = 'y'.repeat(18_000)

/** Somebody who reads an event stream, and may stop to read for a while. */
interface Reader {
  stalled: boolean
  /** The sequence that came last, by namespace. */
  readonly last: Map<string, number>
  readonly marks: string[]
  goodbye: boolean
  over: boolean
  readonly leave: () => void
}

async function play({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const base = memory({ system: { clock } })
  const fault = { loads: 0, away: false }
  const store: CompleteStore = {
    ...base,
    async snapshot(query, signal) {
      if (fault.loads > 0) {
        fault.loads -= 1
        throw new NoticeboardError('unavailable', 'the store is busy')
      }
      return base.snapshot(query, signal)
    },
  }
  const serverProcess = startProcess('server.1', { clock, seed })
  const relayProcess = startProcess('relay.1', { clock, seed })
  const server = createHandler(store, {
    write: { token: TOKEN },
    heartbeatMs: HEARTBEAT_MS,
    system: serverProcess.system,
  })
  const cuts = new Set<LinkedAbortController>()
  /** What the relay's streams were given, as text. */
  const upstreamed: string[] = []
  const origin = {
    system: { clock },
    fetch: async (url: string, init: RequestInit): Promise<Response> => {
      if (fault.away) throw new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') })
      const gone = createLinkedAbortController(init.signal ?? undefined)
      cuts.add(gone)
      const { signal: _, ...rest } = init
      const response = await server.fetch(withSignal(new Request(url, rest), gone.signal))
      if (!url.includes('~events')) return response
      return new Response(noting(response.body, upstreamed), response)
    },
  }
  const writesThrough = dice.chance(0.4)
  const upstream = writesThrough
    ? httpStore('http://board.test', { ...origin, token: TOKEN })
    : cached(http('http://board.test', origin))
  const relay = createHandler(upstream, { heartbeatMs: HEARTBEAT_MS, system: relayProcess.system })
  const sequences = new Map(NAMESPACES.map(name => [name, 0]))
  const texts = new Map<string, string>()

  const publish = async (name: string): Promise<string> => {
    const sequence = (sequences.get(name) ?? 0) + 1
    const text = `{"n":${sequence},"name":"${dice.chance(0.6) ? BIG : ''}"}`
    const { bytes, digest, snapshot, at } = releaseOf(sequence, text, name)
    await store.put({ namespace: name, digest, bytes: snapshot }, never)
    if ((await store.append({ namespace: name, at, bytes }, never)) !== 'appended')
      violate('publishing-works-again', `${name} ${sequence} was taken`)
    sequences.set(name, sequence)
    texts.set(digest, text)
    note(`publishes ${name} ${sequence}`)
    return digest
  }

  const read = (handler: Handler, names: readonly string[], inline: boolean): Reader => {
    const leaving = new AbortController()
    const own: Reader = {
      stalled: false,
      last: new Map(),
      marks: [],
      goodbye: false,
      over: false,
      leave: () => leaving.abort(),
    }
    const query = [
      ...names.map(name => `ns=${name}`),
      ...(inline ? ['inline=1', `client=c${dice.between(1, 9)}`] : []),
    ].join('&')
    const hear = (event: string): void => {
      const [name = '', ...data] = event.split('\n').map(line => line.replace(/^(event|data): /, ''))
      if (name === 'goodbye') own.goodbye = true
      if (name === 'mark') own.marks.push(data.at(-1) ?? '')
      if (name !== 'release') return
      const [of = '', text = ''] = data
      const { sequence } = decodeRelease(new TextEncoder().encode(text)).release
      if (sequence < (own.last.get(of) ?? 0))
        violate('positions-only-grow', `a stream of ${of} went back to ${sequence}`)
      own.last.set(of, sequence)
    }
    void (async () => {
      try {
        const response = await handler.fetch(
          withSignal(new Request(`http://board.test/v1/~events?${query}`), leaving.signal),
        )
        const reader = response.body?.getReader()
        const decoder = new TextDecoder()
        let text = ''
        while (reader !== undefined && !leaving.signal.aborted) {
          while (own.stalled && !leaving.signal.aborted) await clock.sleep(100, leaving.signal)
          const { done, value } = await reader.read()
          if (done) break
          text += decoder.decode(value, { stream: true })
          const events = text.split('\n\n')
          text = events.pop() ?? ''
          for (const event of events) hear(event)
        }
      } catch {
        // It left, or was given up because it took nothing for too long.
      }
      own.over = true
    })()
    return own
  }
  const get = async (
    handler: Handler,
    path: string,
  ): Promise<{ readonly status: number; readonly text: string }> => {
    let found: { readonly status: number; readonly text: string } | undefined
    void handler
      .fetch(new Request(`http://board.test/${path}`))
      .then(async response => (found = { status: response.status, text: await response.text() }))
    await clock.runUntil(() => found !== undefined, 30_000).catch(() => {})
    return found ?? { status: 0, text: '' }
  }

  await publish('shop/one')
  let readers: { readonly reader: Reader; readonly names: readonly string[]; readonly relayed: boolean }[] =
    []
  const come = (): void => {
    const relayed = dice.chance(0.4)
    const names = dice.pick([['shop/one'], ['shop/two'], NAMESPACES])
    readers.push({ reader: read(relayed ? relay : server, names, dice.chance(0.5)), names, relayed })
  }
  const judge = (): void => {
    for (const { reader, names, relayed } of readers) {
      if (reader.stalled || reader.over || reader.goodbye) continue
      for (const name of names) {
        const wanted = sequences.get(name) ?? 0
        if (wanted > 0 && reader.last.get(name) !== wanted)
          violate(
            'told-at-once',
            `a reader of ${name}${relayed ? ' at a relay' : ''} was told of ${reader.last.get(name) ?? 'nothing'}, and ${wanted} is the newest`,
          )
      }
    }
    const passed = upstreamed.join('')
    for (const { reader, relayed } of readers)
      if (relayed && reader.marks.some(mark => !passed.includes(mark)))
        violate('relays-mint-nothing', 'a relay sent a mark that no server made')
  }
  readers.push({ reader: read(server, NAMESPACES, false), names: NAMESPACES, relayed: false })
  come()
  await clock.advance(2_000)
  for (let round = dice.between(4, 7); round > 0; round -= 1) {
    if (readers.length === 0) come()
    const some = dice.pick(readers.slice(1).length > 0 ? readers.slice(1) : readers)
    switch (
      dice.pick(['come', 'come', 'leave', 'all leave', 'slow', 'busy', 'busy', 'away', 'publish'] as const)
    ) {
      case 'come':
        come()
        break
      case 'leave':
        some.reader.leave()
        break
      case 'all leave':
        for (const { reader } of readers) reader.leave()
        readers = []
        await clock.advance(dice.between(10, 3_000))
        come()
        break
      case 'slow': {
        some.reader.stalled = true
        for (let left = 3; left > 0; left -= 1) await publish(dice.pick(some.names))
        await clock.advance(dice.between(100, 8_000))
        some.reader.stalled = false
        met('a slow reader read on')
        break
      }
      case 'busy': {
        const name = dice.pick(NAMESPACES)
        fault.loads = dice.between(1, 2)
        const digest = await publish(name)
        const failed = await get(server, `v1/${name}/snapshots/${digest}.json`)
        fault.loads = 0
        await clock.advance(dice.between(0, 2_000))
        const { status, text } = await get(server, `v1/${name}/snapshots/${digest}.json`)
        if (status !== 200 || text !== texts.get(digest))
          violate(
            'who-waits-is-served',
            `a snapshot whose load failed (${failed.status}) is answered with ${status} once the store is well`,
          )
        const relayedAnswer = await get(relay, `v1/${name}/snapshots/${digest}.json`)
        if (relayedAnswer.status !== 200)
          violate(
            'who-waits-is-served',
            `a relay answers ${relayedAnswer.status} for a snapshot that is there`,
          )
        met('a snapshot was had after its load had failed')
        break
      }
      case 'away': {
        const name = dice.pick(NAMESPACES)
        fault.away = true
        for (const gone of cuts) gone.abort()
        cuts.clear()
        await clock.advance(dice.between(2_000, 20_000))
        await publish(name)
        await clock.advance(dice.between(1_500, 5_000))
        const { status, text } = await get(relay, `v1/${name}/release.json`)
        if (
          status === 200 &&
          decodeRelease(new TextEncoder().encode(text)).release.sequence !== sequences.get(name)
        )
          violate(
            'ready-means-current',
            'a relay that has lost its origin answers with what it had as if it were the newest',
          )
        fault.away = false
        await clock.advance(45_000)
        met('a relay lost its origin')
        break
      }
      case 'publish':
        await publish(dice.pick(NAMESPACES))
    }
    await clock.advance(2_500)
    readers = readers.filter(({ reader }) => !reader.over)
    judge()
  }
  const closing = Promise.all([relay.close(), server.close()])
  await clock.advance(10_000)
  await closing
  for (const { reader } of readers)
    if (!reader.over && !reader.stalled)
      violate('nothing-is-left', 'a stream is open after its server was closed')
  for (const { reader } of readers) reader.leave()
  for (const gone of cuts) gone.abort()
  await clock.advance(200)
  if (serverProcess.pending + relayProcess.pending > 0)
    violate('nothing-is-left', `${serverProcess.pending + relayProcess.pending} timers of a server are left`)
  serverProcess.kill()
  relayProcess.kill()
}

/**
 * Put on by hand: a signal that a request is made with is followed only while the request is held.
 */
function withSignal(request: Request, signal: AbortSignal): Request {
  return Object.defineProperty(request, 'signal', { value: signal })
}

/** The same body; what passes is noted as text. */
function noting(body: ReadableStream<Uint8Array> | null, into: string[]): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder()
  const reader = body?.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await reader?.read()
        if (next === undefined || next.done) return controller.close()
        into.push(decoder.decode(next.value, { stream: true }))
        controller.enqueue(next.value)
      },
      cancel: async reason => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
