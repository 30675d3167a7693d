import fc from 'fast-check'
import { expect } from 'vitest'
import { isNoticeboardError } from '../../src/contracts/errors.js'
import type { Digest, Namespace } from '../../src/contracts/names.js'
import type { Transport } from '../../src/contracts/transport.js'
import { DEAD_AFTER_HEARTBEATS } from '../../src/core/limits.js'
import { encodeMark } from '../../src/core/release/mark.js'
import { decodeRelease } from '../../src/core/release/release.js'
import { createLifetime } from '../../src/server/http/lifetime.js'
import type { Hub } from '../../src/server/stream/hub.js'
import { plainOf, type Sink, type Subscriber } from '../../src/server/stream/messages.js'
import { virtualClock } from '../../src/sim/virtual-clock.js'
import { digestOfRelease, EPOCH, releaseOf, snapshotOf } from './board-kit.js'
import { testHub, type TestHubOptions } from './test-hub.js'

/** How large a hub is tried, and how slow its readers are. */
export interface HubSize {
  readonly namespaces: number
  readonly maxConnections: number
  /** How many bytes may wait at a reader before it counts as slow. */
  readonly waitingBytes: number
  /** The longest history. */
  readonly steps: number
}

const HEARTBEAT_MS = 1_000
const decoder = new TextDecoder()

/**
 * What waits at a reader: events as they are written, but marks, which name a time, by what they
 * say.
 */
interface Event {
  readonly text: string
  readonly bytes: number
}

type Step =
  | {
      readonly type: 'join'
      readonly namespaces: readonly number[]
      readonly inline: boolean
      readonly have: number
    }
  | {
      readonly type: 'publish'
      readonly namespace: number
      readonly document: number
      readonly meanwhile: number
    }
  | { readonly type: 'read'; readonly reader: number; readonly events: number }
  | { readonly type: 'leave'; readonly reader: number }
  | { readonly type: 'pass'; readonly ms: number }

function historyOf({ namespaces, steps }: HubSize): fc.Arbitrary<readonly Step[]> {
  const namespace = fc.nat(namespaces - 1)
  const reader = fc.nat(40)
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('join' as const),
        namespaces: fc.uniqueArray(namespace, { minLength: 1, maxLength: namespaces }),
        inline: fc.boolean(),
        have: fc.nat(DOCUMENTS.length),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        type: fc.constant('publish' as const),
        namespace,
        document: fc.nat(DOCUMENTS.length - 1),
        meanwhile: reader,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('read' as const),
        reader,
        events: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(1_000)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), reader }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('pass' as const),
        ms: fc.constantFrom(1, 250, HEARTBEAT_MS, 3 * HEARTBEAT_MS),
      }),
    },
  )
  return fc.array(step, { minLength: Math.ceil(steps / 2), maxLength: steps, size: 'max' })
}

/** Some with few bytes and some with many; they come again. */
const DOCUMENTS = [1, 40, 900, 5_000].map(length => snapshotOf('x'.repeat(length)))
const nameOf = (namespace: number): Namespace => `shop/n${namespace}`

/** An outlet that holds what its reader does not take, as a socket does. */
interface Outlet {
  readonly sink: Sink
  readonly waiting: Event[]
  subscriber: Subscriber | undefined
  ended: boolean
  /** The most bytes that ever waited. */
  most: number
}

function openOutlet(waitingBytes: number): Outlet {
  const sum = (): number => outlet.waiting.reduce((total, { bytes }) => total + bytes, 0)
  const end = (): void => {
    outlet.ended = true
  }
  const outlet: Outlet = {
    waiting: [],
    subscriber: undefined,
    ended: false,
    most: 0,
    sink: {
      blocked: () => sum() >= waitingBytes,
      write(frame) {
        outlet.waiting.push(eventOf(decoder.decode(plainOf(frame))))
        outlet.most = Math.max(outlet.most, sum())
      },
      end,
      destroy() {
        end()
        outlet.subscriber?.gone()
      },
    },
  }
  return outlet
}

function eventOf(text: string): Event {
  return { text: text.replaceAll(/"(?:asOf|validUntil)":"[^"]*"/g, ''), bytes: text.length }
}

/** The newest release of a namespace, and its mark, until the next one. */
interface Newest {
  readonly version: number
  readonly bytes: Uint8Array
  readonly document: ReturnType<typeof snapshotOf>
  mark: string | undefined
}

/** A reader as a plain list sees it. */
interface Plain {
  readonly outlet: Outlet
  readonly waiting: Event[]
  readonly namespaces: readonly Namespace[]
  readonly inline: boolean
  readonly have: Map<Namespace, Digest>
  readonly sent: Map<Namespace, number>
  blockedSinceMs: number | undefined
}

/**
 * What a hub promises its readers, without a queue of its own: lists, and nothing that runs by
 * itself.
 */
function plainHub({ waitingBytes }: HubSize, now: () => number) {
  const readers: Plain[] = []
  const newest = new Map<Namespace, Newest>()
  let beatAtMs: number | undefined

  const isBlocked = ({ waiting }: Plain): boolean =>
    waiting.reduce((total, { bytes }) => total + bytes, 0) >= waitingBytes
  const write = ({ waiting }: Plain, name: string, ...lines: readonly string[]): void =>
    void waiting.push(eventOf(`event: ${name}\n${lines.map(line => `data: ${line}\n`).join('')}\n`))
  const alive = (reader: Plain): void => write(reader, 'alive', JSON.stringify({ heartbeatMs: HEARTBEAT_MS }))

  /**
   * Writes the newest release to a reader that is behind and reads; with its document, or alone.
   */
  const bring = (reader: Plain, namespace: Namespace, alone: boolean, atMs: number): void => {
    const release = newest.get(namespace)
    if (release === undefined || reader.sent.get(namespace) === release.version) return
    if (isBlocked(reader)) {
      reader.blockedSinceMs ??= atMs
      return
    }
    const { digest, bytes } = release.document
    const along = !alone && reader.inline && reader.have.get(namespace) !== digest
    reader.sent.set(namespace, release.version)
    if (along) reader.have.set(namespace, digest)
    write(
      reader,
      'release',
      namespace,
      decoder.decode(release.bytes),
      ...(along ? [`${digest} ${decoder.decode(bytes)}`] : []),
    )
  }
  const drop = (reader: Plain): void => {
    readers.splice(readers.indexOf(reader), 1)
    if (readers.length === 0) beatAtMs = undefined
  }
  const beat = (atMs: number): void => {
    const followed = new Set(readers.flatMap(({ namespaces }) => namespaces))
    for (const namespace of followed) {
      const release = newest.get(namespace)
      if (release !== undefined) release.mark = markOf(release, namespace)
    }
    for (const reader of [...readers]) {
      if (isBlocked(reader)) {
        reader.blockedSinceMs ??= atMs
        if (atMs - reader.blockedSinceMs >= DEAD_AFTER_HEARTBEATS * HEARTBEAT_MS) drop(reader)
        continue
      }
      reader.blockedSinceMs = undefined
      const marked = reader.namespaces.filter(namespace => {
        const { version, mark } = newest.get(namespace) ?? {}
        if (mark === undefined || reader.sent.get(namespace) !== version) return false
        write(reader, 'mark', namespace, mark)
        return true
      })
      if (marked.length === 0) alive(reader)
    }
  }

  return {
    readers,
    newest,
    drop,
    join(outlet: Outlet, { namespaces, inline, have }: Pick<Plain, 'namespaces' | 'inline' | 'have'>) {
      const reader: Plain = {
        outlet,
        namespaces,
        inline,
        have,
        waiting: [],
        sent: new Map(),
        blockedSinceMs: undefined,
      }
      readers.push(reader)
      alive(reader)
      for (const namespace of namespaces) {
        bring(reader, namespace, false, now())
        const { version, mark } = newest.get(namespace) ?? {}
        if (mark !== undefined && reader.sent.get(namespace) === version)
          write(reader, 'mark', namespace, mark)
      }
      beatAtMs ??= now() + HEARTBEAT_MS
    },
    publish(namespace: Namespace, bytes: Uint8Array, document: Newest['document']) {
      const version = (newest.get(namespace)?.version ?? 0) + 1
      newest.set(namespace, { version, bytes, document, mark: undefined })
    },
    tell(namespace: Namespace) {
      for (const reader of readers)
        if (reader.namespaces.includes(namespace)) bring(reader, namespace, false, now())
    },
    read(reader: Plain, events: number) {
      reader.waiting.splice(0, events)
      if (isBlocked(reader)) return
      reader.blockedSinceMs = undefined
      for (const namespace of reader.namespaces) bring(reader, namespace, true, now())
    },
    pass(ms: number) {
      const untilMs = now() + ms
      while (beatAtMs !== undefined && beatAtMs <= untilMs) {
        const atMs = beatAtMs
        beatAtMs += HEARTBEAT_MS
        beat(atMs)
      }
    },
  }
}

/** What a mark says, without its times; they are as long as any. */
function markOf({ bytes }: Newest, namespace: Namespace): string {
  const { epoch, sequence } = decodeRelease(bytes).release
  const time = new Date(Date.UTC(2026, 0, 1)).toISOString()
  const digest = digestOfRelease(bytes)
  return decoder.decode(
    encodeMark({ v: 1, namespace, epoch, sequence, digest, asOf: time, validUntil: time }),
  )
}

/**
 * Drives a hub and its readers against plain lists, with far more releases, readers and silence
 * than it keeps anything for: what waits at each reader, in which order and with how many bytes,
 * and who is still connected, must be the lists' after every step.
 */
export async function checkHub(size: HubSize, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(historyOf(size), history => playHistory(size, history)),
    { numRuns },
  )
}

async function playHistory(size: HubSize, history: readonly Step[]): Promise<void> {
  const clock = virtualClock({ turns: 6 })
  const plain = plainHub(size, clock.monotonic)
  const lifetime = createLifetime()
  const hub = openHub(size, { clock, lifetime })
  const largest = 2 * Math.max(...DOCUMENTS.map(({ bytes }) => bytes.length)) + 2_000

  const compare = (step: string): void => {
    expect({ step, connections: hub.connections }).toEqual({ step, connections: plain.readers.length })
    for (const [index, { outlet, waiting }] of plain.readers.entries()) {
      expect({ step, index, waiting: outlet.waiting }).toEqual({ step, index, waiting })
      expect(outlet.ended).toBe(false)
      // No queue: whatever is published, no more waits than what made the reader slow and one
      // event.
      expect(outlet.most).toBeLessThan(size.waitingBytes + largest)
    }
  }
  const take = ({ outlet }: Plain, events: number): void => {
    outlet.waiting.splice(0, events)
    if (!outlet.sink.blocked()) outlet.subscriber?.drained()
  }
  const run = async (step: Step): Promise<void> => {
    const reader =
      'reader' in step ? plain.readers[step.reader % Math.max(1, plain.readers.length)] : undefined
    switch (step.type) {
      case 'join':
        return join(step)
      case 'publish': {
        const namespace = nameOf(step.namespace)
        const document = DOCUMENTS[step.document] ?? DOCUMENTS[0]!
        const sequence = (plain.newest.get(namespace)?.version ?? 0) + 1
        const bytes = releaseOf(document, { namespace, at: { epoch: EPOCH, sequence } })
        hub.announce(namespace, bytes)
        plain.publish(namespace, bytes, document)
        // Somebody reads on before the others were told.
        const meanwhile = plain.readers[step.meanwhile]
        if (meanwhile !== undefined) {
          take(meanwhile, 1_000)
          plain.read(meanwhile, 1_000)
        }
        return plain.tell(namespace)
      }
      case 'read':
        if (reader === undefined) return
        take(reader, step.events)
        return plain.read(reader, step.events)
      case 'leave':
        if (reader === undefined) return
        reader.outlet.subscriber?.gone()
        return plain.drop(reader)
      case 'pass':
        plain.pass(step.ms)
        return clock.advance(step.ms)
    }
  }
  const join = async ({ namespaces, inline, have }: Step & { readonly type: 'join' }): Promise<void> => {
    const names = namespaces.map(nameOf)
    const held = DOCUMENTS[have]?.digest
    const holds = new Map(held === undefined ? [] : names.map(name => [name, held] as const))
    const identity = inline ? { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} } : undefined
    const isFull = plain.readers.length >= size.maxConnections
    try {
      const { open } = await hub.admit({ namespaces: names, identity, have: holds })
      expect(isFull).toBe(false)
      const outlet = openOutlet(size.waitingBytes)
      plain.join(outlet, { namespaces: names, inline, have: new Map(holds) })
      outlet.subscriber = open(outlet.sink)
    } catch (error) {
      if (!isNoticeboardError(error, 'unavailable')) throw error
      expect(isFull).toBe(true)
    }
  }

  for (const [index, step] of history.entries()) {
    await run(step)
    await clock.advance(0)
    compare(`${index}: ${step.type}`)
  }
  const closing = hub.close(0)
  await clock.advance(0)
  await closing
  expect(hub.connections).toBe(0)
  for (const { outlet } of plain.readers) expect(outlet.ended).toBe(true)
  lifetime.end(new Error('the test is over'))
  await clock.advance(0)
  expect(clock.pending).toBe(0)
}

/** A hub over a store that has snapshots, and learns of releases by what is announced alone. */
function openHub(
  { maxConnections }: HubSize,
  { clock, lifetime }: Pick<TestHubOptions, 'clock' | 'lifetime'>,
): Hub {
  const transport: Transport = {
    name: 'silent',
    latest: async () => ({ type: 'none' }),
    async snapshot({ digest }) {
      const found = DOCUMENTS.find(each => each.digest === digest)
      if (found === undefined) throw new Error('a snapshot that nobody named')
      return found.bytes
    },
  }
  return testHub(transport, {
    clock,
    lifetime,
    maxBytes: 3_000,
    heartbeatMs: HEARTBEAT_MS,
    pollIntervalMs: 1e9,
    maxConnections,
  })
}
