import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { ClientReport, RolloutStandstill } from '../../../src/contracts/report.js'
import { createController } from '../../../src/controller/index.js'
import { createPresence, type PresenceOptions } from '../../../src/publisher/rollouts/presence.js'
import { MAX_NEXT_REPORT_MS } from '../../../src/core/limits.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'

const never = new AbortController().signal

function presence(more: Partial<PresenceOptions> = {}) {
  const clock = virtualClock()
  const heard: (readonly ClientReport[])[] = []
  const logs: unknown[] = []
  let standing: RolloutStandstill | undefined
  const reporter = {
    failing: undefined as (() => void) | undefined,
    report: async (reports: readonly ClientReport[]) => {
      reporter.failing?.()
      heard.push(reports)
    },
  }
  const made = createPresence({
    to: reporter,
    name: 'controller-a',
    role: { type: 'controller', policies: ['staged@1'], gates: [] },
    standstillOf: () => standing,
    reportMs: 60_000,
    lookMs: 2_000,
    clock,
    random: seededRandom(1),
    logger: { ...silentLogger, debug: (...said) => void logs.push(said) },
    ...more,
  })
  return { ...made, clock, heard, logs, reporter, stand: (at: typeof standing) => void (standing = at) }
}

test('a controller says where it is due that it is there, and nothing where nothing is', async () => {
  const { say, clock, heard } = presence()
  await say([], never)
  expect(heard).toEqual([])
  await say(['a/b', 'c/d'], never)
  await say(['a/b', 'c/d'], never)
  expect(heard.map(reports => reports.map(({ namespace }) => namespace))).toEqual([['a/b', 'c/d']])
  await clock.advance(59_999)
  await say(['a/b', 'e/f'], never)
  expect(heard[1]).toMatchObject([{ namespace: 'e/f', count: 2, upMs: 59_999 }])
  await clock.advance(1)
  await say(['a/b', 'e/f'], never)
  expect(heard[2]).toMatchObject([{ namespace: 'a/b', phase: 'waiting', clientId: 'controller-a' }])
  expect(heard).toHaveLength(3)
})

test('it says when it reports next, within the bound of reports', async () => {
  for (const [reportMs, nextReportWithinMs] of [
    [60_000, 60_000],
    [MAX_NEXT_REPORT_MS * 2, MAX_NEXT_REPORT_MS],
  ] as const) {
    const { say, heard } = presence({ reportMs })
    await say(['a/b'], never)
    expect(heard[0]).toMatchObject([{ nextReportWithinMs }])
  }
})

test('a rollout that stands still, and one that goes on again, is said at the next look; another reason is not', async () => {
  const { say, heard, stand } = presence()
  await say(['a/b'], never)
  stand({ rollout: 'r1', is: 'paused', why: '1 of 2 clients' })
  await say(['a/b'], never)
  stand({ rollout: 'r1', is: 'paused', why: '2 of 2 clients' })
  await say(['a/b'], never)
  stand({ rollout: 'r1', is: 'failing', why: '2 of 2 clients' })
  await say(['a/b'], never)
  stand({ rollout: 'r2', is: 'failing', why: '2 of 2 clients' })
  await say(['a/b'], never)
  stand(undefined)
  await say(['a/b'], never)
  expect(heard).toHaveLength(5)
})

test('what was not heard is said at the next look, and logged; nothing is logged once it is closed', async () => {
  const { say, heard, logs, reporter } = presence()
  reporter.failing = () => {
    throw new NoticeboardError('unavailable', 'nobody is there')
  }
  await say(['a/b'], never)
  expect(logs).toEqual([
    ['a controller could not say that it is there; it says so again', { code: 'unavailable' }],
  ])
  const closing = new AbortController()
  reporter.failing = () => {
    closing.abort()
    throw closing.signal.reason
  }
  await say(['a/b'], closing.signal)
  expect(logs).toHaveLength(1)
  reporter.failing = undefined
  await say(['a/b'], never)
  expect(heard).toHaveLength(1)
})

test('it says that it has stopped wherever it was there, and nowhere else', async () => {
  const { say, stop, heard } = presence()
  await stop(never)
  expect(heard).toEqual([])
  await say(['a/b'], never)
  await stop(never)
  expect(heard[1]).toMatchObject([{ namespace: 'a/b', phase: 'stopped' }])
  const unseen = presence({ to: undefined })
  await unseen.say(['a/b'], never)
  await unseen.stop(never)
})

test('by default a controller looks every 2 s, and says once a minute that it is there', async () => {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(1), hasher: systemHasher }
  const store = memory({ system })
  const controller = createController({ store, namespaces: ['a/b'], system })
  await clock.advance(5_000)
  const { reports } = await store.reports({ namespace: 'a/b' }, never)
  expect(reports).toMatchObject([{ clientId: 'controller', lookMs: 2_000, nextReportWithinMs: 60_000 }])
  await controller.close()
})
