import { expect } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/client.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { StateStorage } from '../../../src/contracts/state.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { atEachStep, driven, meanwhile, type Stage } from '../../support/at-each-step.js'
import { memoryFolder, testPlatform, type MemoryFolder } from '../../support/client-harness.js'
import { failing, PASSING_FAILURES } from '../../support/failures.js'
import type { Steps } from '../../support/steps.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal
const schema = z.object({ n: z.number() })
const how = { rollout: everyone(), reason: 'a test' }
const POLL_MS = 10_000

/** Every way to follow a store; what is new here is tried like the others. */
const STRATEGIES: Readonly<Record<string, (store: MemoryStore) => Strategy>> = {
  pull: store => pull(store, { pollIntervalMs: POLL_MS }),
  push: store => push(store, { pollIntervalMs: POLL_MS }),
  hybrid: store => hybrid(store, { pollIntervalMs: POLL_MS }),
  onDemand: store => onDemand(store, { maxAgeMs: POLL_MS }),
}

interface Scene extends Stage<void> {
  readonly clock: VirtualClock
  readonly client: Client<{ n: number }>
  readonly publish: (n: number) => Promise<unknown>
  readonly publishElsewhere: () => Promise<unknown>
}

interface Life {
  readonly clock: VirtualClock
  readonly client: Client<{ n: number }>
  readonly publish: (n: number) => Promise<unknown>
}

/** A part of a client's life that awaits something. */
interface Part {
  readonly name: string
  readonly leastSteps: number
  readonly defaults?: { n: number }
  /** What was kept by an earlier life. */
  readonly hasState?: true
  /** What comes before it. */
  readonly before?: (life: Life) => Promise<unknown>
  readonly run: (life: Life) => Promise<unknown>
}

const PARTS: readonly Part[] = [
  {
    name: 'a start with nothing',
    leastSteps: 10,
    run: ({ client }) => client.ready().catch(() => {}),
  },
  {
    name: 'a start with defaults',
    leastSteps: 10,
    defaults: { n: 0 },
    run: ({ client }) => client.ready(),
  },
  {
    name: 'a start with what an earlier life kept',
    leastSteps: 8,
    hasState: true,
    run: ({ client }) => client.ready(),
  },
  {
    name: 'a change',
    leastSteps: 8,
    before: ({ client }) => client.ready(),
    run: ({ publish }) => publish(2),
  },
  {
    name: 'refresh()',
    leastSteps: 4,
    async before({ client, publish }) {
      await client.ready()
      await publish(2)
    },
    run: ({ client }) => client.refresh().catch(() => {}),
  },
  {
    name: 'resume() after a change',
    leastSteps: 6,
    async before({ client, clock, publish }) {
      await client.ready()
      client.pause()
      await publish(2)
      await clock.sleep(2 * POLL_MS, never)
      await client.refresh()
    },
    async run({ client }) {
      client.resume()
    },
  },
]

/**
 * How long a part is watched, so that what follows from it by itself is seen too; and how long a
 * client may take to be well again.
 */
const WATCHED_MS = 30_000
const WELL_MS = 60_000

async function open(steps: Steps, make: (store: MemoryStore) => Strategy, part: Part): Promise<Scene> {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const publisherOf = (name: string) =>
    createPublisher({ namespace: name, schema, store, system: { clock, random: seededRandom(2) } })
  const publisher = publisherOf(namespace)
  const elsewhere = publisherOf('billing/prod')
  const publish = (n: number): Promise<unknown> => publisher.publish({ n }, how)
  await publish(1)
  const folder = memoryFolder()
  if (part.hasState === true) await keepState(clock, store, folder)
  const reports: ClientReport[] = []
  const asked: string[] = []
  const watched = steps.around<MemoryStore>('transport', {
    ...store,
    async latest(query, signal) {
      asked.push('latest')
      return store.latest(query, signal)
    },
    async report(states, signal) {
      reports.push(...states)
      return store.report(states, signal)
    },
  })
  const wrongPrevious: unknown[] = []
  const shares = { prepared: 0, over: 0 }
  const client: Client<{ n: number }> = createClient({
    namespace,
    schema,
    strategy: make(watched),
    state: steps.around<StateStorage>('state', folder),
    ...(part.defaults !== undefined && { defaults: part.defaults }),
    soakMs: 5_000,
    validators: [
      {
        name: 'previous',
        async validate(value, { previous }) {
          if ((previous as { n: number } | undefined)?.n !== runningOf(client))
            wrongPrevious.push({ value, previous })
          await steps.pass('a validator')
        },
      },
    ],
    system: { clock, random: seededRandom(1), hasher: systemHasher, platform: testPlatform() },
  })
  client.participate({
    name: 'a pool',
    async prepare() {
      await steps.pass('a participant')
      shares.prepared += 1
      return { commit: () => void (shares.over += 1), discard: () => void (shares.over += 1) }
    },
  })
  const life: Life = { clock, client, publish }
  await driveBefore(life, part)

  const pass = async (lengthMs: number): Promise<void> => {
    for (let leftMs = lengthMs; leftMs > 0; leftMs -= POLL_MS) {
      await clock.sleep(POLL_MS, never)
      if (client.status !== 'closed') await client.refresh().catch(() => {})
    }
  }
  /** Lets time pass, without a look unless the strategy has none of its own. */
  const settle = (lengthMs: number): Promise<void> =>
    make === STRATEGIES['onDemand'] ? pass(lengthMs) : clock.sleep(lengthMs, never)

  return {
    ...life,
    publishElsewhere: () => elsewhere.publish({ n: 70 }, how),
    async run() {
      await part.run(life).catch(() => {})
      await settle(WATCHED_MS)
    },
    async judge(_end, happened) {
      await settle(WELL_MS)
      if (happened === 'a close') {
        expect(client.status).toBe('closed')
        const { length } = asked
        await clock.sleep(WELL_MS, never)
        expect(asked).toHaveLength(length)
      } else {
        const newest = await publisher.current()
        expect(client.current).toEqual(newest?.document)
        expect(client.status).toBe('ready')
        expect(client.ageMs).toBeLessThanOrEqual(3 * POLL_MS)
        // What the fleet is told is what runs; the next report without news would come minutes
        // later.
        expect(reports.at(-1)).toMatchObject({ digest: newest?.digest, phase: 'healthy' })
        expect(reports.at(-1)).not.toHaveProperty('paused')
        expect(folder.saved.at(-1)?.current?.digest).toBe(newest?.digest)
        expect([...folder.snapshots.keys()]).toContain(newest?.digest)
      }
      expect(wrongPrevious).toEqual([])
    },
    async end() {
      await client.close()
      expect(shares.over).toBe(shares.prepared)
      await publisher.close()
      await elsewhere.close()
    },
  }
}

/** What runs; undefined before anything does. */
function runningOf(client: Client<{ n: number }>): number | undefined {
  try {
    return client.current.n
  } catch {
    // Nothing runs yet, which a client says by throwing.
    return undefined
  }
}

/** An earlier life of the client, which ran the first release. */
async function keepState(clock: VirtualClock, store: MemoryStore, folder: MemoryFolder): Promise<void> {
  const client = createClient({
    namespace,
    schema,
    strategy: pull(store),
    state: folder,
    system: { clock, random: seededRandom(3), hasher: systemHasher, platform: testPlatform() },
  })
  await driven(clock, client.ready())
  await driven(clock, client.close())
}

async function driveBefore(life: Life, { before }: Part): Promise<void> {
  if (before === undefined) return
  await driven(life.clock, before(life))
  await life.clock.advance(20_000)
}

for (const [strategy, make] of Object.entries(STRATEGIES))
  for (const part of PARTS)
    atEachStep<void, Scene>({
      name: `${strategy}: ${part.name}`,
      leastSteps: part.leastSteps,
      open: steps => open(steps, make, part),
      happenings: {
        ...PASSING_FAILURES,
        'a snapshot that is not here yet': failing('not-found'),
        'a close': meanwhile(({ client }) => client.close()),
        'a newer release': meanwhile(({ publish }) => publish(50)),
        'a release and another': meanwhile(async ({ publish }) => {
          await publish(50)
          await publish(51)
        }),
        'a pause and a resume': meanwhile(({ client }) => {
          client.pause()
          client.resume()
        }),
        "another tenant's release": meanwhile(({ publishElsewhere }) => publishElsewhere()),
      },
    })
