import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { CompleteStore, Mirror } from '../../../src/contracts/transport.js'
import { createController, type Controller, type ControllerOptions } from '../../../src/controller/index.js'
import { decodeRelease, digestsOf } from '../../../src/core/release/release.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import { configMapMirror } from '../../../src/kubernetes/index.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { timed } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'

const namespace = 'checkout/prod'
const LOOK_MS = 2_000
/** A look, with its jitter. */
const ONE_LOOK_MS = 2_300
const MINUTE = 60_000

let clock: VirtualClock
let store: CompleteStore
/** Knows of no mirror, as the command line does not. */
let publisher: Publisher<{ pool: number }>
const closing: (() => unknown)[] = []
beforeEach(() => {
  clock = virtualClock()
  store = memory({ system: systemOf(1) })
  publisher = createPublisher({
    namespace,
    schema: z.object({ pool: z.number() }),
    store,
    system: systemOf(2),
  })
  closing.push(() => publisher.close())
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const systemOf = (seed: number) => ({ clock, random: seededRandom(seed), hasher: systemHasher })

function controller(options: Partial<ControllerOptions>): Controller {
  const made = createController({ store, lookMs: LOOK_MS, system: systemOf(3), ...options })
  closing.push(() => made.close())
  return made
}

interface Volume extends Mirror {
  /** What was announced, in order: the cause of each release. */
  readonly causes: string[]
  /** The documents that came before them. */
  readonly digests: Set<string>
}

/** A mirror; `fails` says whether it refuses what is announced now. */
function volume(name: string, announce: (signal: AbortSignal) => unknown = () => {}): Volume {
  const causes: string[] = []
  const digests = new Set<string>()
  return {
    name,
    causes,
    digests,
    async put({ digest }) {
      digests.add(digest)
    },
    async announce({ bytes }, signal) {
      const { release } = decodeRelease(bytes)
      expect(digestsOf(release).every(digest => digests.has(digest))).toBe(true)
      await announce(signal)
      causes.push(release.cause)
    },
  }
}

const publish = (pool: number, rollout = everyone()) =>
  publisher.publish({ pool }, { rollout, reason: 'more' })
const STEPS = timed({ steps: 2, everyMs: 10 * MINUTE })

test('brings a mirror that only it knows to what is published, to each step, and to a kill and a rollback, once each and within a look', async () => {
  const mirror = volume('a volume')
  controller({ mirrors: [mirror] })
  const comes = async (...causes: string[]) => {
    await clock.advance(ONE_LOOK_MS)
    expect(mirror.causes.splice(0)).toEqual(causes)
  }
  await comes()
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  expect(mirror.causes.splice(0)).toEqual(['publish'])
  await publish(2)
  await comes('publish')
  await publish(3, STEPS)
  await comes('publish')
  await clock.advance(10 * MINUTE)
  expect(mirror.causes.splice(0)).toEqual(['advance'])
  await publisher.rollback({ reason: 'it loses orders' })
  await comes('rollback')
  await publish(4, STEPS)
  await comes('publish')
  await publisher.kill({ patch: { pool: 0 }, reason: 'it loses orders' })
  await comes('kill')
  await clock.advance(60 * MINUTE)
  await comes()
})

test('tries again soon what a mirror refused, for that mirror alone, and says so', async () => {
  const warned: string[] = []
  let refuses = true
  const [works, fails] = [
    volume('works'),
    volume('fails', () => {
      if (refuses) throw new NoticeboardError('forbidden', 'the volume is closed')
    }),
  ]
  controller({
    mirrors: [fails, works],
    logger: {
      ...silentLogger,
      warn: (message, details) => warned.push([message, details?.['mirror'], details?.['code']].join(', ')),
    },
  })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  expect([works.causes, fails.causes]).toEqual([['publish'], []])
  expect(warned).toEqual(['a mirror is behind; the controller tries again, fails, forbidden'])
  refuses = false
  await clock.advance(30_000 + ONE_LOOK_MS)
  expect([works.causes, fails.causes]).toEqual([['publish'], ['publish']])
})

test('asks a mirror that refuses for good ever more seldom, and at once for a newer release', async () => {
  const triedMs: number[] = []
  controller({
    mirrors: [
      volume('full', () => {
        triedMs.push(clock.monotonic())
        throw new NoticeboardError('too-large', 'the board does not fit')
      }),
    ],
  })
  await clock.advance(ONE_LOOK_MS)
  await publish(1)
  await clock.advance(60 * MINUTE)
  const tries = triedMs.length
  const waits = triedMs.slice(1).map((ms, index) => ms - triedMs[index]!)
  // Each look would be 1,800 times; half a minute at most, with jitter, is some 230.
  expect(tries).toBeLessThan(300)
  expect(tries).toBeGreaterThan((60 * 60_000) / (30_000 + ONE_LOOK_MS))
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000 + ONE_LOOK_MS)
  await publish(2)
  await clock.advance(ONE_LOOK_MS)
  expect(triedMs).toHaveLength(tries + 1)
  // And begins to wait anew.
  await clock.advance(5 * LOOK_MS)
  expect(triedMs.length).toBeGreaterThanOrEqual(tries + 3)
})

test('brings again after its period what a mirror may have lost since, and nothing to one that names none', async () => {
  const objects = new Map<string, unknown>()
  let writes = 0
  const inCluster = configMapMirror(manifest => {
    writes += 1
    objects.set(manifest.metadata.name, manifest.data)
  })
  const plain = volume('a volume')
  controller({ mirrors: [inCluster, plain] })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  const [[name, data] = [], ...others] = [...objects]
  expect([name, others, writes]).toEqual(['noticeboard-checkout-prod', [], 1])
  objects.clear()
  await clock.advance(4 * MINUTE)
  expect(writes).toBe(1)
  await clock.advance(MINUTE)
  expect([...objects]).toEqual([[name, data]])
  await clock.advance(5 * MINUTE + ONE_LOOK_MS)
  expect(writes).toBe(3)
  expect(plain.causes).toEqual(['publish'])
})

test('a mirror that hangs holds up no other, and no newer release of its own', async () => {
  const signals: AbortSignal[] = []
  const [works, hangs] = [
    volume('works'),
    volume('hangs', signal => {
      signals.push(signal)
      return new Promise(() => {})
    }),
  ]
  const warned: unknown[] = []
  controller({
    mirrors: [hangs, works],
    logger: { ...silentLogger, warn: (_, details) => warned.push(details?.['code']) },
  })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  await publisher.kill({ patch: { pool: 0 }, reason: 'it loses orders' })
  await clock.advance(ONE_LOOK_MS)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  expect(works.causes).toEqual(['publish', 'kill'])
  expect(warned).toEqual([])
  // Given up after its time, and begun anew.
  await clock.advance(30_000 + ONE_LOOK_MS)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, false])
  expect(warned).toEqual(['timeout'])
})

test('what is published by hand arrives also while the rollout cannot be looked at', async () => {
  const mirror = volume('a volume')
  const reports = async (): Promise<never> => {
    throw new NoticeboardError('store-damaged', 'the reports cannot be read')
  }
  const made = controller({ store: { ...store, reports }, mirrors: [mirror] })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  await publish(2, STEPS)
  await clock.advance(ONE_LOOK_MS)
  await publisher.kill({ patch: { pool: 0 }, reason: 'it loses orders' })
  await clock.advance(ONE_LOOK_MS)
  expect(made.standings.get(namespace)).toMatchObject({ type: 'failed' })
  expect(mirror.causes).toEqual(['publish', 'publish', 'kill'])
})

test('several controllers bring each mirror to the same, whoever takes the step; one that starts anew begins with one', async () => {
  const [a, b] = [volume('a'), volume('b')]
  const first = controller({ name: 'a', mirrors: [a] })
  controller({ name: 'b', mirrors: [b], system: systemOf(4) })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  await publish(2, STEPS)
  await clock.advance(60 * MINUTE)
  expect(a.causes).toEqual(['publish', 'publish', 'advance', 'complete'])
  expect(b.causes).toEqual(a.causes)
  await first.close()
  const again = volume('a')
  controller({ name: 'a', mirrors: [again] })
  await clock.advance(MINUTE)
  expect(again.causes).toEqual(['complete'])
})

test('asks nothing of a mirror while the store cannot be read, and goes on after it', async () => {
  const mirror = volume('a volume')
  let isAway = false
  const away = async <Answer>(answer: () => Promise<Answer>): Promise<Answer> => {
    if (isAway) throw new NoticeboardError('unavailable', 'the store is away')
    return answer()
  }
  controller({
    store: { ...store, latest: (query, signal) => away(() => store.latest(query, signal)) },
    namespaces: [namespace, 'checkout/none'],
    mirrors: [mirror],
  })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  isAway = true
  await publish(2)
  await clock.advance(MINUTE)
  expect(mirror.causes).toEqual(['publish'])
  isAway = false
  await clock.advance(10_000)
  expect(mirror.causes).toEqual(['publish', 'publish'])
})

test('says nothing of a mirror that it leaves when it is closed', async () => {
  const warned: string[] = []
  const hangs = volume('hangs', () => new Promise(() => {}))
  const made = controller({
    mirrors: [hangs],
    logger: { ...silentLogger, warn: message => warned.push(message) },
  })
  await publish(1)
  await clock.advance(5 * LOOK_MS)
  await made.close()
  await clock.advance(MINUTE)
  expect(warned).toEqual([])
})
