import { describe } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/client.js'
import type { StateStorage } from '../../../src/contracts/state.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { defaultDeltas } from '../../../src/deltas/default-deltas.js'
import type { Fetch } from '../../../src/contracts/system.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createHandler } from '../../../src/server/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { http, type HttpTransport } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { memoryDisk } from '../../proof/fuzz/memory-disk.js'
import { driven } from '../../support/at-each-step.js'
import { never } from '../../support/board-kit.js'
import { testPlatform } from '../../support/client-harness.js'
import { drawn } from '../../support/scale.js'
import { aloneAsTogether, outcome, type Life, type Scene } from '../../support/twice.js'
import { strategySiblings } from '../siblings/strategies.js'

// A library loads in real time, of which these clocks know nothing.
await defaultDeltas.codec()

const schema = z.object({ n: z.number() })
const ROUND_MS = 45_000

/** Rounds after which the server does not answer, until the next. */
const OUTAGES: ReadonlySet<number> = new Set([6, 7, 13, 14])
/** Who refuses what: a document is published after the round of its number. */
const REFUSED: Readonly<Record<string, number>> = { a: 2, b: 4 }

/** What the two clients have of their own, and what they share. */
interface Two {
  readonly what: string
  readonly namespaces: readonly [string, string]
  readonly builds: readonly [string, string]
  readonly sharesStrategy?: true
  /** A state folder for both: one object, or one each over one folder. */
  readonly folder?: 'one object' | 'an object each'
}

const PAIRS: readonly Two[] = [
  {
    what: 'clients of two namespaces over one strategy, with one object for their state',
    namespaces: ['checkout/prod', 'checkout/test'],
    builds: ['a', 'a'],
    sharesStrategy: true,
    folder: 'one object',
  },
  {
    what: 'clients of two namespaces in one folder',
    namespaces: ['checkout', 'checkout/prod'],
    builds: ['a', 'b'],
    folder: 'an object each',
  },
  {
    what: 'clients of one namespace over one strategy',
    namespaces: ['checkout/prod', 'checkout/prod'],
    builds: ['a', 'a'],
    sharesStrategy: true,
  },
  {
    what: 'two builds of one namespace over one transport',
    namespaces: ['checkout/prod', 'checkout/prod'],
    builds: ['a', 'b'],
  },
]

interface Tools {
  readonly namespace: string
  readonly build: string
  readonly clientId: string
  readonly clock: VirtualClock
  readonly strategy: Strategy
  readonly state: StateStorage | undefined
  /** What the board heard of that client last, but for lives that have ended. */
  readonly heard: () => Promise<unknown>
}

/** The life of an application: it starts, follows, refuses, is started anew, and closes. */
function applicationLife({ namespace, build, clientId, clock, strategy, state, heard }: Tools): Life {
  let client: Client<{ n: number }> | undefined
  let lives = 0
  let changes: number[] = []
  let judged: number[] = []
  const errors = new Set<string>()

  const start = async (): Promise<unknown> => {
    lives += 1
    client = createClient({
      namespace,
      schema,
      strategy,
      build,
      clientId,
      ...(state !== undefined && { state }),
      soakMs: 10_000,
      reports: { intervalMs: 20_000 },
      validators: [
        {
          name: 'own',
          validate({ n }) {
            judged.push(n)
            return n === REFUSED[build] ? [{ path: '/n', message: 'not here' }] : []
          },
        },
      ],
      system: {
        clock,
        random: seededDice(lives, clientId),
        hasher: systemHasher,
        platform: testPlatform(),
      },
    })
    client.on('change', ({ current }) => changes.push(current.n))
    client.on('error', ({ code }) => errors.add(code))
    return outcome(async () => (await client?.ready({ timeoutMs: 20_000 }))?.current)
  }
  const look = async (): Promise<unknown> => {
    if (strategy.maxAgeMs !== undefined) await client?.refresh().catch(() => {})
    const saw = {
      current: await outcome(() => client?.current),
      status: client?.status,
      changes,
      judged,
      errors: [...errors].sort(),
      heard: await heard(),
    }
    changes = []
    judged = []
    errors.clear()
    return saw
  }
  const anew = async (): Promise<unknown> => {
    await client?.close()
    return start()
  }
  return {
    starts: start,
    'looks 1': look,
    'looks 2': look,
    'looks 3': look,
    'starts anew': anew,
    'looks 4': look,
    'looks 5': look,
    'looks in an outage': look,
    'starts anew in an outage': anew,
    'looks 6': look,
    pauses: () => client?.pause(),
    'looks 7': look,
    resumes: () => client?.resume(),
    'looks resumed': look,
    'looks in another outage': look,
    'looks 8': look,
    'looks 9': look,
    'starts once more': anew,
    'looks 10': look,
    closes: () => client?.close(),
    'looks when closed': async () => ({
      current: client?.current,
      status: client?.status,
      heard: await heard(),
    }),
  }
}

function sceneOf(two: Two, makeStrategy: (transport: HttpTransport) => Strategy): Scene {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const handler = createHandler(store, { system: { clock } })
  let isAway = false
  const fetch: Fetch = (async (url, init) => {
    if (isAway) throw new TypeError('fetch failed')
    return handler.fetch(new Request(url, init as RequestInit))
  }) as Fetch
  const transport = http('http://board.test', { fetch, system: { clock } })
  const strategy = makeStrategy(transport)
  const disk = new Map<string, Uint8Array | string>()
  const folderOf = (who: number): StateStorage => {
    const owner = { tag: `00000000-${who + 1}-00000000`, isGone: () => false }
    return stateFolder('/state', { fs: memoryDisk(disk), system: { clock }, owner })
  }
  const folder = folderOf(0)
  const publishers = [...new Set(two.namespaces)].map(namespace =>
    createPublisher({ namespace, schema, store, system: { clock, random: seededRandom(9) } }),
  )
  const publish = async (n: number): Promise<void> => {
    for (const publisher of publishers)
      await publisher.publish({ n }, { rollout: everyone(), reason: 'a test' })
  }
  return {
    async live(who) {
      const [namespace, build, clientId] = [two.namespaces[who], two.builds[who], `host-${who}`]
      return applicationLife({
        namespace,
        build,
        clientId,
        clock,
        strategy: two.sharesStrategy === true ? strategy : makeStrategy(transport),
        state: two.folder === undefined ? undefined : two.folder === 'one object' ? folder : folderOf(who),
        async heard() {
          const { reports } = await store.reports({ namespace }, never)
          return reports
            .filter(report => report.clientId === clientId && report.phase !== 'stopped')
            .map(({ phase, version, code }) => ({ phase, version, code }))
        },
      })
    },
    async after(round) {
      isAway = OUTAGES.has(round)
      await publish(round)
      await clock.sleep(ROUND_MS, never)
    },
    settle: work => driven(clock, work),
    async end() {
      await Promise.all(publishers.map(publisher => publisher.close()))
      await handler.close({ drainMs: 0, graceMs: 0 })
    },
  }
}

/** Each strategy once, whatever it can be given. */
const STRATEGIES = strategySiblings.filter(({ maker, what }) => maker === what)
describe.each(STRATEGIES.map(sibling => [sibling.what, sibling] as const))('%s', (_, { make }) => {
  for (const two of drawn(PAIRS, { share: 2 }))
    aloneAsTogether({
      what: two.what,
      open: () => sceneOf(two, transport => make(transport)),
      meetings: ['by turns', 'at the same time'],
    })
})
