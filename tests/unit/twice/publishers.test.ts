import { describe } from 'vitest'
import { z } from 'zod'
import type { Mirror } from '../../../src/contracts/transport.js'
import { createPublisher, everyone, type Publisher, type ReleaseRef } from '../../../src/publisher/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { driven } from '../../support/at-each-step.js'
import { never } from '../../support/board-kit.js'
import { aloneAsTogether, oneAsOther, outcome, type Life, type Scene } from '../../support/twice.js'
import { storeKinds, type StoreKind } from './stores.js'

const schema = z.object({ n: z.number() })
const NAMESPACES = ['checkout/prod', 'checkout/test'] as const
const how = { rollout: everyone(), reason: 'a test', author: 'ada' }

/** A mirror that both may follow their stores by: what it was told, by namespace. */
function sharedMirror(): Mirror & { readonly told: Map<string, Uint8Array> } {
  const told = new Map<string, Uint8Array>()
  return {
    name: 'a mirror',
    told,
    async put({ namespace, digest, bytes }) {
      told.set(`${namespace} ${digest}`, bytes)
    },
    async announce({ namespace, bytes }) {
      told.set(namespace, bytes)
    },
  }
}

interface Parts {
  readonly namespace: string
  /** The publisher of a call, by the call's number. */
  readonly publisher: (call: number) => Publisher<{ n: number }>
  readonly mirror: ReturnType<typeof sharedMirror>
}

/**
 * The life of a publisher of one namespace. The suffixes of epochs are drawn, so only their numbers
 * are looked at.
 */
function publisherLife({ namespace, publisher, mirror }: Parts): Life {
  let calls = 0
  const next = (): Publisher<{ n: number }> => publisher((calls += 1))
  const numbered = (text: string): string => text.replaceAll(/(\d+)-[0-9a-f]{8}/g, '$1-x')
  const publish = (n: number, more: object = {}) => rolled(() => next().publish({ n }, { ...how, ...more }))
  const rolled = (call: () => Promise<{ readonly version: number; readonly outcome: string }>) =>
    outcome(async () => {
      const { version, outcome: came } = await call()
      return { version, came }
    })
  const read = (ref: ReleaseRef) =>
    outcome(async () => {
      const { document, version } = await next().read(ref)
      return { document, version }
    })
  const everything = async (): Promise<unknown> => {
    const log: unknown[] = []
    for await (const { position, version, release, audit } of next().history())
      log.push({
        at: numbered(JSON.stringify(position)),
        version,
        cause: release.cause,
        author: audit?.author,
      })
    const current = await outcome(async () => (await next().current())?.document)
    const announced = mirror.told.get(namespace)
    return {
      log,
      current,
      first: await read(1),
      second: await read(2),
      diff: await outcome(() => next().diff(1, 2)),
      fleet: await outcome(async () => (await next().fleet()).type),
      mirrored:
        announced &&
        (JSON.parse(new TextDecoder().decode(announced)) as { release: { stable: object } }).release.stable,
      kept: [...mirror.told.keys()].filter(key => key.startsWith(`${namespace} `)).sort(),
    }
  }
  return {
    'has nothing': everything,
    'publishes one': () => publish(1),
    'publishes another': () => publish(2),
    'publishes what runs already': () => publish(2),
    'expects what is not so': () => publish(3, { ifVersion: 1 }),
    'expects what is so': () => publish(3, { ifVersion: 2 }),
    'publishes what no schema takes': () => publish('x' as never),
    'reads everything': everything,
    'goes back': () => rolled(() => next().rollback({ reason: 'back' })),
    'goes back once more': () => rolled(() => next().rollback({ reason: 'back' })),
    'goes forward': () => publish(4),
    'reads everything again': everything,
    'begins a new epoch': () => rolled(() => next().openEpoch({ reason: 'anew', document: { n: 5 } })),
    'publishes what was there before': () => publish(1),
    'and one more': () => publish(6),
    'goes back in the new epoch': () => rolled(() => next().rollback({ reason: 'back' })),
    'brings its mirror up to date': () => outcome(() => next().sync()),
    'reads everything in the new epoch': everything,
  }
}

async function sceneIn(
  { open }: StoreKind,
  objects: (who: number, call: number) => number | 'anew',
  sharesStore: boolean,
): Promise<Scene> {
  const { clock, connect, close } = await open()
  const mirror = sharedMirror()
  const shared = connect().writes
  const publishers = new Map<string, Publisher<{ n: number }>>()
  const publisherOf = (namespace: string, number: number | 'anew'): Publisher<{ n: number }> => {
    const key = `${namespace} ${number === 'anew' ? publishers.size : number}`
    const known = publishers.get(key)
    if (known !== undefined) return known
    const random = seededRandom(publishers.size + 1)
    const store = sharesStore ? shared : connect().writes
    const made = createPublisher({ namespace, schema, store, mirrors: [mirror], system: { clock, random } })
    publishers.set(key, made)
    return made
  }
  return {
    live: who => {
      const namespace = NAMESPACES[who]
      return publisherLife({
        namespace,
        mirror,
        publisher: call => publisherOf(namespace, objects(who, call)),
      })
    },
    after: () => clock.sleep(6_000, never),
    settle: work => driven(clock, work),
    async end() {
      await Promise.all([...publishers.values()].map(publisher => publisher.close()))
      await close()
    },
  }
}

const KINDS = storeKinds.filter(({ what }) =>
  /^(?:memory|fileStore|httpStore)\(\)|^a store over an engine$/.test(what),
)
describe.each(KINDS.map(kind => [kind.what, kind] as const))('over %s', (_, kind) => {
  const one = (): Promise<Scene> => sceneIn(kind, () => 0, true)
  aloneAsTogether({ what: 'publishers of two namespaces over one store', open: one })
  for (const sharesStore of kind.isOneObject ? [true] : [true, false]) {
    const stores = sharesStore ? 'one store' : 'a store each'
    oneAsOther({
      what: `two publishers of a namespace over ${stores} by turns do what one does`,
      one,
      other: () => sceneIn(kind, (_who, call) => call % 2, sharesStore),
    })
    oneAsOther({
      what: `a new publisher over ${stores} for each call does what one does`,
      one,
      other: () => sceneIn(kind, () => 'anew', sharesStore),
    })
  }
})
