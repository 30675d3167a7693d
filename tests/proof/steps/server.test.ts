import { expect } from 'vitest'
import type { Store } from '../../../src/contracts/transport.js'
import { encodeText } from '../../../src/core/json/text.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { createHandler, type Handler } from '../../../src/server/handler.js'
import { seededDice } from '../../../src/sim/dice.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { cached } from '../../../src/transports/cached.js'
import { http } from '../../../src/transports/http/http.js'
import { httpStore, type HttpStore } from '../../../src/transports/http/http-store.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { atEachStep, meanwhile, type Happen, type Stage } from '../../support/at-each-step.js'
import { EPOCH, NAMESPACE, never, publish, snapshotOf } from '../../support/board-kit.js'
import { damaged, failing, failingAs, PASSING_FAILURES } from '../../support/failures.js'
import { LASTING_TROUBLE, overAWire, PASSING_TROUBLE, stepped } from '../../support/requests.js'
import type { Steps } from '../../support/steps.js'

const TENANT = 'billing/prod'
const TOKEN = 'a-token-for-writing'
const first = snapshotOf({ size: 1 })

/** What a server is asked, over HTTP, and what must come of it when nothing is in the way. */
interface Question {
  readonly ask: (http: HttpStore, signal: AbortSignal) => Promise<unknown>
  readonly judge?: (answer: unknown) => void
}

const isRelease = (answer: unknown): void => expect(answer).toMatchObject({ type: 'release' })

const QUESTIONS: Readonly<Record<string, Question>> = {
  'the newest release': {
    ask: (board, signal) => board.latest({ namespace: NAMESPACE }, signal),
    judge: isRelease,
  },
  'a release of the log': {
    ask: (board, signal) =>
      board.next({ namespace: NAMESPACE, after: { epoch: EPOCH, sequence: 0 } }, signal),
    judge: isRelease,
  },
  'a snapshot': {
    ask: (board, signal) =>
      board.snapshot({ namespace: NAMESPACE, digest: first.digest, maxSnapshotBytes: 1_000 }, signal),
    judge: bytes => expect(bytes).toEqual(first.bytes),
  },
  'the history': {
    async ask(board, signal) {
      let count = 0
      for await (const { bytes } of board.history({ namespace: NAMESPACE }, signal))
        count += Math.sign(decodeRelease(bytes).release.sequence)
      return count
    },
    judge: count => expect(count).toBeGreaterThanOrEqual(2),
  },
  'the reports': {
    ask: (board, signal) => board.reports({ namespace: NAMESPACE }, signal),
    judge: reports => expect(reports).toMatchObject({ reports: [] }),
  },
  'the namespaces': {
    ask: (board, signal) => board.namespaces(signal),
    judge: names => expect(names).toContain(NAMESPACE),
  },
  'the schema': {
    async ask(board, signal) {
      await board.putSchema({ namespace: NAMESPACE, bytes: encodeText('{}') }, signal)
      return board.schema({ namespace: NAMESPACE }, signal)
    },
    judge: bytes => expect(bytes).toEqual(encodeText('{}')),
  },
}

interface Scene extends Stage<unknown> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  readonly server: Handler
  readonly store: MemoryStore
  /** The same question by another reader, and a question about another namespace. */
  readonly askAsWell: () => Promise<unknown>
  readonly askElsewhere: () => Promise<unknown>
}

const systemOf = (clock: VirtualClock) => ({
  clock,
  random: seededDice(1, 'server'),
  hasher: systemHasher,
})

async function boardIn(clock: VirtualClock): Promise<MemoryStore> {
  const store = memory({ system: { clock } })
  await publish(store, { size: 1 })
  await publish(store, { size: 2 })
  await publish(store, { size: 1 }, { namespace: TENANT })
  return store
}

async function openQuestion(steps: Steps, { ask, judge }: Question): Promise<Scene> {
  const clock = virtualClock()
  const store = await boardIn(clock)
  const server = createHandler(steps.around<Store>('store', store), {
    system: systemOf(clock),
    write: { token: TOKEN },
  })
  const board = httpStore('http://board.test', {
    token: TOKEN,
    system: { clock },
    fetch: async (url, init) => overAWire(await server.fetch(new Request(url, init))),
  })
  const caller = new AbortController()
  const others: Promise<unknown>[] = []
  let isClosed = false

  return {
    clock,
    caller,
    server: {
      ...server,
      close(options) {
        isClosed = true
        return server.close(options)
      },
    },
    store,
    signals: [caller.signal],
    askAsWell() {
      const asked = ask(board, never)
      others.push(asked)
      return asked
    },
    askElsewhere: () => board.latest({ namespace: TENANT }, never).then(isRelease),
    run: () => ask(board, caller.signal),
    async judge(end, happened) {
      if (!end.ok) {
        const { code } = end.error as { code?: string }
        const allowed: Readonly<Record<string, readonly string[]>> = {
          'a refusal': ['forbidden', 'unavailable'],
          'a damaged answer': ['unavailable', 'invalid-data', 'not-found'],
          'an answer after every deadline': ['timeout', 'unavailable'],
        }
        const codes = caller.signal.aborted ? ['closed'] : (allowed[happened] ?? ['unavailable'])
        if (!codes.includes(String(code))) throw new Error(`it failed with ${code}`, { cause: end.error })
      } else if (happened !== 'a damaged answer') judge?.(end.result)
      // A store that hangs holds all who ask the same.
      if (happened === 'an answer after every deadline') await clock.sleep(60_000, never)
      // The others are answered as if nothing had been.
      for (const other of others) if (!isClosed) judge?.(await other)
      if (isClosed) {
        const late = await ask(board, never).catch((error: unknown) => error)
        expect(late).toMatchObject({ code: 'unavailable' })
      } else judge?.(await ask(board, never))
    },
    async end() {
      await server.close()
    },
  }
}

for (const [name, question] of Object.entries(QUESTIONS))
  atEachStep<unknown, Scene>({
    name: `a server that is asked for ${name}`,
    leastSteps: 2,
    open: steps => openQuestion(steps, question),
    happenings: {
      ...PASSING_FAILURES,
      'a failure': failingAs('EIO'),
      'a refusal': failing('forbidden'),
      'a damaged answer': damaged,
      'an answer after every deadline': ({ clock }, _place, over) => clock.sleep(60_000, over),
      'a close': meanwhile(({ server }) => server.close()),
      "the caller's abort": meanwhile(({ caller }) => caller.abort()),
      'the same question by another': meanwhile(({ askAsWell }) => askAsWell()),
      'the same question by another, and an abort': meanwhile(({ askAsWell, caller }) => {
        const asking = askAsWell()
        caller.abort()
        return asking
      }),
      "another tenant's question": meanwhile(({ askElsewhere }) => askElsewhere()),
      'a newer release': meanwhile(({ store }) => publish(store, { size: 5 })),
    },
  })

// Streams

/** How a server comes by its news. */
interface Upstream {
  readonly name: string
  open(
    steps: Steps,
    clock: VirtualClock,
    store: MemoryStore,
  ): { readonly handler: Handler; readonly cut?: () => void; close(): Promise<void> }
  readonly happenings: Readonly<Record<string, Happen<StreamScene>>>
}

const UPSTREAMS: readonly Upstream[] = [
  {
    name: 'a server over a store that notifies',
    open(steps, clock, store) {
      const handler = createHandler(steps.around<Store>('store', store), { system: systemOf(clock) })
      return { handler, close: async () => {} }
    },
    happenings: { ...PASSING_FAILURES, 'a failure': failingAs('EIO'), 'a damaged answer': damaged },
  },
  {
    name: 'a server over a store that does not',
    open(steps, clock, { watch: _watch, ...store }) {
      const handler = createHandler(steps.around<Store>('store', store), { system: systemOf(clock) })
      return { handler, close: async () => {} }
    },
    happenings: { ...PASSING_FAILURES, 'a failure': failingAs('EIO'), 'a damaged answer': damaged },
  },
  {
    name: 'a relay',
    open(steps, clock, store) {
      const origin = createHandler(store, { system: systemOf(clock) })
      const streams = new AbortController()
      const ask = async (request: Request): Promise<Response> => {
        if (!request.url.includes('~events')) return overAWire(await origin.fetch(request))
        if (streams.signal.aborted) return new Response('no streams here any more', { status: 503 })
        const signal = AbortSignal.any([request.signal, streams.signal])
        return overAWire(await origin.fetch(new Request(request, { signal })))
      }
      const upstream = http('http://origin.test', {
        system: { clock },
        fetch: (url, init) => stepped(steps, new Request(url, init), ask),
      })
      const handler = createHandler(cached(upstream), { system: systemOf(clock) })
      return { handler, cut: () => streams.abort(), close: () => origin.close() }
    },
    happenings: {
      ...PASSING_TROUBLE,
      ...LASTING_TROUBLE,
      'the end of all streams, for good': meanwhile(({ cut }: StreamScene) => cut()),
    },
  },
]

interface StreamScene extends Stage<unknown> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  readonly store: MemoryStore
  /** Ends the streams from upstream, and refuses further ones. */
  readonly cut: () => void
  readonly listenElsewhere: () => Promise<unknown>
  readonly listenAndLeave: () => Promise<unknown>
}

/**
 * How long news may take once nothing is in the way: two backoff caps, and a reader's own return.
 */
const TOLD_MS = 90_000

/** What a reader may meet on the way: trouble of the server's, and a damaged release. */
const LOST = ['unavailable', 'timeout', 'no-watch', 'unauthorized', 'forbidden', 'not-found', 'invalid-data']

async function openStream(steps: Steps, upstream: Upstream): Promise<StreamScene> {
  const clock = virtualClock()
  const store = await boardIn(clock)
  const { handler, cut = () => {}, close } = upstream.open(steps, clock, store)
  const reader = http('http://board.test', {
    system: { clock },
    fetch: async (url, init) => overAWire(await handler.fetch(new Request(url, init))),
  })
  const caller = new AbortController()
  const left = new AbortController()

  /**
   * Listens, and again a second after the stream was lost, until a release of that sequence comes.
   */
  const listen = async (
    sequence: number,
    { namespace = NAMESPACE, signal = never } = {},
  ): Promise<'told' | 'aborted'> => {
    while (!signal.aborted) {
      try {
        for await (const delivery of reader.watch({ namespaces: [namespace], inline: false }, signal)) {
          if (delivery.type !== 'release') continue
          if (decodeRelease(delivery.bytes).release.sequence >= sequence) return 'told'
        }
      } catch (error) {
        expect(LOST).toContain((error as { code?: string }).code)
      }
      await clock.sleep(1_000, signal)
    }
    return 'aborted'
  }
  const later = async (sequence: number, size: number): Promise<void> => {
    await clock.sleep(2_000, never)
    for (let newest = 0; newest < sequence;) {
      await publish(store, { size })
      const latest = await store.latest({ namespace: NAMESPACE }, never)
      newest = latest.type === 'release' ? decodeRelease(latest.bytes).release.sequence : 0
    }
  }

  return {
    clock,
    caller,
    store,
    cut,
    signals: [caller.signal],
    listenElsewhere: () => listen(1, { namespace: TENANT }),
    async listenAndLeave() {
      void clock.sleep(10, never).then(() => left.abort())
      await listen(1_000, { signal: left.signal })
    },
    async run() {
      const begun = clock.monotonic()
      const [how] = await Promise.all([listen(3, { signal: caller.signal }), later(3, 3)])
      return { how, tookMs: clock.monotonic() - begun }
    },
    async judge(end) {
      if (!end.ok) throw new Error('it failed', { cause: end.error })
      const { how, tookMs } = end.result as { how: string; tookMs: number }
      expect(how).toBe(caller.signal.aborted ? 'aborted' : 'told')
      expect(tookMs).toBeLessThanOrEqual(TOLD_MS)
      // Whoever listens now is told what is newest and what comes, and so is the neighbour.
      const beganMs = clock.monotonic()
      await Promise.all([listen(5), listen(5), listen(1, { namespace: TENANT }), later(5, 5)])
      expect(clock.monotonic() - beganMs).toBeLessThanOrEqual(TOLD_MS)
      expect(handler.connections).toBe(0)
      // Nobody's stream stands for the store once it is lost.
      await publish(store, { size: 60 })
      await clock.sleep(2_000, never)
      const newest = await store.latest({ namespace: NAMESPACE }, never)
      expect(await reader.latest({ namespace: NAMESPACE }, never)).toMatchObject({
        bytes: newest.type === 'release' ? newest.bytes : undefined,
      })
    },
    async end() {
      await handler.close()
      await close()
      await clock.sleep(1_000, never)
    },
  }
}

for (const upstream of UPSTREAMS)
  atEachStep<unknown, StreamScene>({
    name: `${upstream.name}: a stream and its news`,
    leastSteps: 4,
    open: steps => openStream(steps, upstream),
    happenings: {
      ...upstream.happenings,
      "the reader's abort": meanwhile(({ caller }) => caller.abort()),
      'a newer release': meanwhile(({ store }) => publish(store, { size: 50 })),
      'another reader who leaves': meanwhile(({ listenAndLeave }) => listenAndLeave()),
      "another tenant's reader": meanwhile(({ listenElsewhere }) => listenElsewhere()),
    },
  })
