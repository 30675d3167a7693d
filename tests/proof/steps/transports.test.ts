import { expect } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { mainVariant } from '../../../src/publisher/history.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { fallback } from '../../../src/transports/fallback.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { fromSource } from '../../../src/transports/source.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { atEachStep, meanwhile, type End, type Stage } from '../../support/at-each-step.js'
import { EPOCH, NAMESPACE, never, publish, snapshotOf } from '../../support/board-kit.js'
import { failing, failingAs, PASSING_FAILURES } from '../../support/failures.js'
import { instead, type Steps } from '../../support/steps.js'
import { reportOf } from '../../support/report-of.js'

const TENANT = 'billing/prod'
const AVOID_MS = 60_000
const NOT_YET = 'a snapshot that is not here yet'
const HANGS = 'a call that hangs until it is given up'
const first = snapshotOf({ size: 1 })
const report = reportOf({
  namespace: NAMESPACE,
  instanceId: 'an-instance',
  clientId: 'host-a',
  phase: 'healthy',
})

interface Scene extends Stage<unknown> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  /** Changes what is newest. */
  readonly change: () => Promise<unknown>
  /** Asks through the same transport for another namespace. */
  readonly askElsewhere: () => Promise<unknown>
}

/** Reads a watch until it tells of a newer release than it began with, which is made then. */
async function watched(
  transport: WatchTransport,
  signal: AbortSignal,
  change: () => Promise<unknown>,
): Promise<unknown> {
  let first: number | undefined
  for await (const delivery of transport.watch({ namespaces: [NAMESPACE], inline: false }, signal)) {
    if (delivery.type !== 'release') continue
    const { sequence } = decodeRelease(delivery.bytes).release
    if (first !== undefined && sequence > first) return sequence
    first = sequence
    await change()
  }
  return first
}

// Several transports that carry the same log

type Board = ReturnType<typeof boardOf>

function boardOf(steps: Steps, { isNearDown }: { readonly isNearDown: boolean }) {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const asked: string[] = []
  const noted = (name: string, within: MemoryStore): MemoryStore => ({
    ...within,
    name,
    latest(query, signal) {
      asked.push(name)
      return within.latest(query, signal)
    },
    watch(query, signal) {
      asked.push(name)
      return within.watch(query, signal)
    },
  })
  const down = async (): Promise<never> => {
    throw new NoticeboardError('unavailable', 'the near one is down')
  }
  const near: MemoryStore = isNearDown
    ? {
        ...store,
        latest: down,
        next: down,
        snapshot: down,
        report: down,
        async *watch() {
          yield await down()
        },
      }
    : store
  const transport = fallback(
    [steps.around('near', noted('near', near)), steps.around('far', noted('far', store))],
    { system: { clock }, avoidMs: AVOID_MS },
  )
  return { clock, store, transport, asked }
}

const CALLS: Readonly<Record<string, (board: Board, signal: AbortSignal) => Promise<unknown>>> = {
  'latest()': ({ transport }, signal) => transport.latest({ namespace: NAMESPACE }, signal),
  'next()': async ({ transport }, signal) =>
    transport.next?.({ namespace: NAMESPACE, after: { epoch: EPOCH, sequence: 0 } }, signal),
  'snapshot()': ({ transport }, signal) =>
    transport.snapshot({ namespace: NAMESPACE, digest: first.digest, maxSnapshotBytes: 1_000 }, signal),
  'report()': ({ transport }, signal) => transport.report([report], signal),
  'watch()': ({ transport, store }, signal) => watched(transport, signal, () => publish(store, { size: 2 })),
}

async function openFallback(
  steps: Steps,
  name: string,
  { isNearDown }: { readonly isNearDown: boolean },
): Promise<Scene> {
  const run = CALLS[name] as (typeof CALLS)[string]
  const board = boardOf(steps, { isNearDown })
  const { clock, store, transport, asked } = board
  await publish(store, { size: 1 })
  const caller = new AbortController()

  const judgeEnd = (end: End<unknown>, happened: string): void => {
    if (end.ok) {
      if (name === 'snapshot()') expect(end.result).toEqual(first.bytes)
      if (name === 'latest()' || name === 'next()') expect(end.result).toMatchObject({ type: 'release' })
      return
    }
    const { code } = end.error as { code?: string }
    if (happened === "the caller's abort" || happened === HANGS)
      return expect(isNearDown ? ['closed', 'unavailable'] : ['closed']).toContain(code)
    if (happened === 'a refusal') return expect(code).toBe('forbidden')
    // One of two may fail, for a call; a stream that began is lost with its transport.
    if (!isNearDown && name !== 'watch()') throw new Error(`it failed with ${code}`, { cause: end.error })
    expect(['unavailable', 'timeout', 'rate-limited', 'not-found']).toContain(code)
  }

  return {
    clock,
    caller,
    signals: [caller.signal],
    change: () => publish(store, { size: 5 }),
    askElsewhere: () => transport.latest({ namespace: TENANT }, never),
    run: () => run(board, caller.signal),
    async judge(end, happened) {
      judgeEnd(end, happened)
      if (happened === NOT_YET && !isNearDown) {
        // That something is not there says nothing against a transport.
        asked.length = 0
        await transport.latest({ namespace: NAMESPACE }, never)
        expect(asked[0]).toBe('near')
      }
      asked.length = 0
      await run(board, never)
      // A stream that was given up before it began would hang again.
      if (name === 'watch()' && happened === HANGS && steps.happenedAt === 'near.watch')
        expect(asked[0]).toBe('far')
      if (name === 'report()')
        expect(await store.reports({ namespace: NAMESPACE }, never)).toMatchObject({
          reports: [{ count: 1 }],
        })
      // One that failed is asked last for a while, and first again after it.
      await clock.sleep(AVOID_MS, never)
      for (const expected of isNearDown ? [['near', 'far'], ['far']] : [['near'], ['near']]) {
        asked.length = 0
        await transport.latest({ namespace: NAMESPACE }, never)
        expect(asked).toEqual(expected)
      }
    },
    end() {},
  }
}

for (const isNearDown of [false, true])
  for (const name of Object.keys(CALLS))
    atEachStep<unknown, Scene>({
      name: `fallback${isNearDown ? ' whose first is down' : ''}: ${name}`,
      leastSteps: isNearDown ? 3 : 2,
      open: steps => openFallback(steps, name, { isNearDown }),
      happenings: {
        ...PASSING_FAILURES,
        ...(name === 'snapshot()' && { [NOT_YET]: failing('not-found') }),
        'a refusal': failing('forbidden'),
        'an answer after every deadline': ({ clock }, _place, over) => clock.sleep(60_000, over),
        "the caller's abort": meanwhile(({ caller }) => caller.abort()),
        [HANGS]({ clock, caller }, _place, over) {
          void clock.sleep(10_000, over).then(() => caller.abort())
          return clock.sleep(60_000, over)
        },
        'a newer release': meanwhile(({ change }) => change()),
        "another tenant's question": meanwhile(({ askElsewhere }) => askElsewhere()),
      },
    })

// A document as a transport

interface Document {
  readonly source: Source
  content: Json
  readonly set: (content: Json) => void
  /** How often it was set. */
  readonly sets: () => number
}

function documentOf({ tells }: { readonly tells: boolean }): Document {
  const listeners = new Set<() => void>()
  let lastRead: Json | undefined
  let sets = 0
  const document: Document = {
    content: { size: 1 },
    sets: () => sets,
    set(content) {
      sets += 1
      document.content = content
      for (const tell of listeners) tell()
    },
    source: {
      name: 'a document',
      async read() {
        lastRead = document.content
        return lastRead
      },
      ...(tells && {
        async *changes(signal) {
          // What changed since it was read counts, also before the listening began.
          let told = lastRead ?? document.content
          while (!signal.aborted) {
            if (document.content !== told) {
              told = document.content
              yield
              continue
            }
            await new Promise<void>(resolve => {
              listeners.add(resolve)
              signal.addEventListener('abort', () => resolve(), { once: true })
            })
            listeners.clear()
          }
        },
      }),
    },
  }
  return document
}

const DOCUMENT_CALLS: Readonly<
  Record<
    string,
    (transport: WatchTransport, signal: AbortSignal, change: () => Promise<unknown>) => Promise<unknown>
  >
> = {
  'latest()': (transport, signal) => transport.latest({ namespace: NAMESPACE }, signal),
  async 'latest() and snapshot()'(transport, signal) {
    const latest = await transport.latest({ namespace: NAMESPACE }, signal)
    if (latest.type !== 'release') throw new Error('there is a document')
    const { digest } = mainVariant(decodeRelease(latest.bytes).release)
    return transport.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, signal)
  },
  'watch()': watched,
}

function openSource(steps: Steps, name: string, { tells }: { readonly tells: boolean }): Scene {
  const call = DOCUMENT_CALLS[name] as (typeof DOCUMENT_CALLS)[string]
  const clock = virtualClock()
  const document = documentOf({ tells })
  const transport: WatchTransport & Transport = fromSource(steps.around('source', document.source), {
    system: { clock },
  })
  const caller = new AbortController()
  const change = async (): Promise<void> => {
    // Later than the look that it is made in.
    void clock.sleep(100, caller.signal).then(() => document.set({ size: 2 }))
  }

  return {
    clock,
    caller,
    signals: [caller.signal],
    change: async () => document.set({ size: 3 }),
    askElsewhere: () => transport.latest({ namespace: TENANT }, never),
    run: () => call(transport, caller.signal, change),
    async judge(end, happened) {
      if (!end.ok) {
        const { code } = end.error as { code?: string }
        const allowed: Readonly<Record<string, readonly string[]>> = {
          "the caller's abort": ['closed'],
          'a refusal': ['forbidden'],
          'a document that is none': ['invalid-data', 'unavailable'],
          'a Retry-After': ['rate-limited'],
        }
        if (!(allowed[happened] ?? ['unavailable']).includes(String(code)) && !caller.signal.aborted)
          throw new Error(`it failed with ${code}`, { cause: end.error })
      }
      // Positions only grow, whatever was read in between; and the newest content is found.
      const before = await transport.latest({ namespace: NAMESPACE }, never)
      // What was read before and answered after is no newer edition.
      if (before.type === 'release')
        expect(decodeRelease(before.bytes).release.sequence).toBeLessThanOrEqual(1 + document.sets())
      document.set({ size: 7 })
      const after = await transport.latest({ namespace: NAMESPACE }, never)
      if (before.type !== 'release' || after.type !== 'release') throw new Error('there is a document')
      const [older, newer] = [before, after].map(({ bytes }) => decodeRelease(bytes).release)
      expect(newer?.sequence).toBe((older?.sequence ?? 0) + 1)
      expect(newer && mainVariant(newer).digest).toBe(snapshotOf({ size: 7 }).digest)
      await call(transport, never, async () => document.set({ size: 8 }))
      await clock.sleep(1_000, never)
    },
    end() {},
  }
}

for (const tells of [true, false])
  for (const name of Object.keys(DOCUMENT_CALLS))
    atEachStep<unknown, Scene>({
      name: `a document${tells ? ' that tells of its changes' : ''}: ${name}`,
      leastSteps: 2,
      open: steps => openSource(steps, name, { tells }),
      happenings: {
        ...PASSING_FAILURES,
        'a failure': failingAs('EIO'),
        'a refusal': failing('forbidden'),
        'a document that is none': () => instead(answer => (answer === undefined ? answer : Number.NaN)),
        "the caller's abort": meanwhile(({ caller }) => caller.abort()),
        'a newer document': ({ change }) => change(),
        'a newer document, for which another asks': async ({ change, askElsewhere }) => {
          await change()
          await askElsewhere()
        },
        "another tenant's question": meanwhile(({ askElsewhere }) => askElsewhere()),
      },
    })
