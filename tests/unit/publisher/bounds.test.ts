import { expect, test } from 'vitest'
import { z } from 'zod'
import type { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Store } from '../../../src/contracts/transport.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { scriptedStore } from './scripted-store.js'

const schema = z.object({ pool: z.number() })
const settings = { rollout: everyone(), reason: 'a test' }

async function setUp(
  change: (store: ReturnType<typeof scriptedStore>, clock: VirtualClock) => Partial<Store>,
) {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(1) }
  const store = scriptedStore()
  const first = createPublisher({ namespace: 'checkout/prod', schema, store, system })
  for (const pool of [1, 2]) await first.publish({ pool }, settings)
  // As over HTTP: of a store that another process serves nothing is remembered here.
  const remote = { ...store, ...change(store, clock), remote: true as const }
  const publisher = createPublisher({ namespace: 'checkout/prod', schema, store: remote, system })
  return {
    first,
    /** How an action ends, and after how many seconds. */
    async end(action: (of: typeof publisher) => Promise<unknown>): Promise<readonly [string, number]> {
      const beganMs = clock.monotonic()
      let ended: readonly [string, number] | undefined
      const over = (how: string): void => void (ended = [how, (clock.monotonic() - beganMs) / 1_000])
      action(publisher).then(
        () => over('done'),
        (error: NoticeboardError) => over(error.code),
      )
      while (ended === undefined) await clock.advance(100)
      return ended
    },
  }
}

const ACTIONS = {
  publish: of => of.publish({ pool: 3 }, settings),
  rollback: of => of.rollback({ reason: 'away' }),
  kill: of => of.kill({ patch: { pool: 0 }, reason: 'away' }),
  epoch: of => of.openEpoch({ reason: 'restored' }),
} satisfies Record<
  string,
  (of: Awaited<ReturnType<typeof createPublisher<{ pool: number }>>>) => Promise<unknown>
>

test.each(Object.entries(ACTIONS))(
  'a %s on a store that refuses what follows its own newest release ends within seconds, and says what is wrong',
  async (_, action) => {
    const { end } = await setUp(() => ({ append: async () => 'taken' as const }))
    const [how, seconds] = await end(action)
    expect(how).toBe('store-damaged')
    expect(seconds).toBeLessThan(15)
  },
)

test.each(Object.entries(ACTIONS))(
  'a %s that loses every race ends within a minute or so',
  async (_, action) => {
    let rivals = 10
    const { first, end } = await setUp((store, clock) => ({
      async append(query, signal) {
        rivals += 1
        // On its way for so long that somebody else is first each time.
        await clock.sleep(2_000, signal)
        await first.publish({ pool: rivals }, settings)
        return store.append(query, signal)
      },
    }))
    const [how, seconds] = await end(action)
    // An epoch begins above whatever was appended meanwhile.
    expect(how).toMatch(/^(?:conflict|done)$/)
    expect(seconds).toBeLessThan(75)
  },
)
