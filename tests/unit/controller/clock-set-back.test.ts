import { expect, test } from 'vitest'
import { z } from 'zod'
import { createController } from '../../../src/controller/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { staged, timed, type RolloutPolicy } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { releasesOf } from '../../support/releases-of.js'
import { startPaperFleet, type Effect } from '../../support/rollouts/paper-fleet.js'

const namespace = 'checkout/prod'
const MINUTE = 60_000
const DAY = 86_400_000
const PERIODS = { bakeMs: 2 * MINUTE, reportMs: 30_000, watchMs: 10 * MINUTE }

interface Story {
  readonly policy: RolloutPolicy
  readonly effect?: Effect
  /** How long the rollout goes on before the clock is set back, in milliseconds. */
  readonly beforeMs?: number
}

/** A rollout under a clock that is a day ahead, and is set back; resolves to how it ended. */
async function story({ policy, effect = 'works', beforeMs = 15_000 }: Story): Promise<object> {
  const time = virtualClock()
  let aheadMs = DAY
  const clock = { ...time, now: () => time.now() + aheadMs }
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const schema = z.object({ pool: z.number() })
  await using publisher = createPublisher({ namespace, schema, store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const first = (await publisher.current())?.digest
  const fleet = startPaperFleet({
    store,
    clock: time,
    namespace,
    clients: 6,
    lookMs: 10_000,
    effect: digest => (digest === first ? 'works' : effect),
  })
  await store.reports({ namespace }, new AbortController().signal)
  await time.advance(20 * MINUTE)
  await using _controller = createController({ store, system, lookMs: 10_000 })
  await time.advance(MINUTE)
  const { digest } = await publisher.publish({ pool: 2 }, { rollout: policy, reason: 'more' })
  await time.advance(beforeMs)
  aheadMs = 0
  await time.advance(60 * MINUTE)
  await fleet.close()
  const releases = await releasesOf(store, namespace)
  return { end: releases.at(-1)?.rollout?.state, run: fleet.runs(digest).length }
}

test.each([
  ['a stage', { policy: staged(PERIODS) }],
  ['a rehearsal', { policy: staged({ ...PERIODS, rehearse: true }) }],
  ['the way back of a rehearsal', { policy: staged({ ...PERIODS, rehearse: true }), beforeMs: 4 * MINUTE }],
  ['the watch', { policy: staged(PERIODS), beforeMs: 20 * MINUTE }],
  ['a step by the clock', { policy: timed({ steps: 2, everyMs: 5 * MINUTE }) }],
])('%s that began while the clock was ahead goes on once it is set back', async (_what, given) => {
  expect(await story(given)).toMatchObject({ end: 'completed', run: 6 })
})

test('what is bad is taken back all the same', async () => {
  expect(await story({ policy: staged(PERIODS), effect: 'rejected' })).toMatchObject({
    end: 'rolled-back',
    run: 0,
  })
})
