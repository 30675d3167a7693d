import { describe } from 'vitest'
import { driven } from '../../support/at-each-step.js'
import { never } from '../../support/board-kit.js'
import { drawn } from '../../support/scale.js'
import { tenantLife } from '../../support/tenant.js'
import { aloneAsTogether, oneAsOther, type Scene } from '../../support/twice.js'
import { storeKinds, type StoreKind, type StorePlace } from './stores.js'

/**
 * Between two steps: longer than an answer may stand for the store, and than reports wait to be
 * written.
 */
const PASSED_MS = 6_000
/** The longest that a watch may take. */
const LONGEST_MS = 120_000

/** Two namespaces that an implementation may mix up. */
const PAIRS = {
  'beside each other': ['checkout/prod', 'checkout/test'],
  'within each other': ['checkout', 'checkout/prod'],
  'one of which begins like the other': ['shop/a', 'shop/ab'],
} as const

/**
 * A scene in a place of that kind, where each tenant reaches its board as `objects` says: a number
 * for each of its calls.
 */
async function sceneIn(
  { open }: StoreKind,
  namespaces: readonly [string, string],
  objects: (who: number, call: number) => number | 'anew',
): Promise<Scene> {
  const place = await open()
  const { clock, connect, close } = place
  const connected = new Map<number, ReturnType<StorePlace['connect']>>()
  const objectOf = (number: number): ReturnType<StorePlace['connect']> => {
    const known = connected.get(number) ?? connect()
    connected.set(number, known)
    return known
  }
  return {
    live: who =>
      tenantLife({
        namespace: namespaces[who],
        foreign: namespaces[1 - who] ?? '',
        reach(call) {
          const object = objects(who, call)
          return object === 'anew' ? connect() : objectOf(object)
        },
        async until(isSo) {
          for (let waitedMs = 0; waitedMs < LONGEST_MS && !isSo(); waitedMs += 250)
            await clock.sleep(250, never)
        },
      }),
    after: () => clock.sleep(PASSED_MS, never),
    settle: work => driven(clock, work),
    end: close,
  }
}

/** Which of two objects a call goes through, by its number. */
const TURNS: Readonly<Record<string, (call: number) => number | 'anew'>> = {
  'through two objects by turns': call => call % 2,
  'through two objects, two calls each': call => (call >> 1) % 2,
  'through two objects, now and then the other': call => (call % 5 === 3 ? 1 : 0),
  'through another object for each call': call => (call === 0 ? 0 : 'anew'),
}

describe.each(storeKinds.map(kind => [kind.what, kind] as const))('%s', (_, kind) => {
  const [first, ...others] = Object.entries(PAIRS)
  for (const [how, namespaces] of others)
    aloneAsTogether({
      what: `two namespaces ${how} in one object`,
      open: () => sceneIn(kind, namespaces, () => 0),
      meetings: ['at the same time'],
    })
  if (first === undefined) return
  const [how, namespaces] = first
  const one = (): Promise<Scene> => sceneIn(kind, namespaces, () => 0)
  aloneAsTogether({ what: `two namespaces ${how} in one object`, open: one })
  if (kind.isOneObject) return
  aloneAsTogether({
    what: `two namespaces ${how} in an object each`,
    open: () => sceneIn(kind, namespaces, who => who),
  })
  for (const [through, objectOf] of drawn(Object.entries(TURNS), { share: 2 })) {
    const other = (): Promise<Scene> => sceneIn(kind, namespaces, (_who, call) => objectOf(call))
    aloneAsTogether({ what: `two namespaces ${how} ${through}`, open: other, meetings: ['at the same time'] })
    oneAsOther({ what: `a tenant ${through} sees what it sees through one`, one, other })
  }
})
