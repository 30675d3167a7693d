import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ReportTransport, Transport } from '../../../src/contracts/transport.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createController } from '../../../src/controller/index.js'
import { createPublisher } from '../../../src/publisher/index.js'
import { everyone, staged, timed } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { anything } from '../../../src/core/schema/anything.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import {
  CLIENTS,
  linesOf,
  NAMESPACE,
  PERIODS,
  startFleet,
  stepsIn,
} from '../../support/rollouts/same-rollout.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'
import { serveFolder } from '../../support/rollouts/serve-folder.js'

/** A fleet that reads a folder by way of a web server which takes no reports. */
async function muteFiles() {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-mute-'))
  const store = fileStore(folder)
  const files = await serveFolder(join(folder, 'public'))
  onTestFinished(async () => {
    await files[Symbol.asyncDispose]()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return { store, files, strategy: pull(http(files.url), { pollIntervalMs: 200, backoff: { capMs: 500 } }) }
}

test('where nothing reports a staged rollout is refused, and timed() goes step by step to everybody', async () => {
  const { store, files, strategy } = await muteFiles()
  await using fleet = await startFleet({ store, strategy: () => strategy })
  const { publisher, clients, until } = fleet
  await expect(
    publisher.publish({ pool: 2 }, { rollout: staged(PERIODS), reason: 'in stages' }),
  ).rejects.toMatchObject({ code: 'fleet-unknown', message: expect.stringContaining('timed()') })

  const rollout = await publisher.publish(
    { pool: 2 },
    { rollout: timed({ steps: 2, everyMs: 2_000 }), reason: 'by the clock' },
  )
  expect(await rollout.settled).toBe('completed')
  await until('everybody runs it', () => clients.every(({ current }) => current.pool === 2))
  expect(linesOf({ steps: stepsIn(await fleet.releases()) })).toEqual([
    'publish: everyone, stage 0, 0 of 0',
    'publish: running, stage 0, 0 of 0',
    'advance: running, stage 1, 0 of 0',
    'complete: completed, stage 1, 0 of 0',
  ])
  // Reports were refused all the while, and nobody minded.
  expect(files.refused.every(method => method === 'POST')).toBe(true)
  expect(files.refused.length).toBeGreaterThan(0)
}, 120_000)

test('a store that keeps no reports at all says so, and names timed()', async () => {
  const { store } = await muteFiles()
  const { reports: _, report: __, ...mute } = store
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store: mute })
  await publisher.publish({ pool: 1 }, { reason: 'the first' })
  await expect(
    publisher.publish({ pool: 2 }, { rollout: staged(PERIODS), reason: 'in stages' }),
  ).rejects.toMatchObject({ code: 'unsupported', message: expect.stringContaining('timed()') })
  await publisher.close()
})

test('a fleet that falls silent holds its stage, pauses by its time and says so, and goes on once it is heard again', async () => {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  let isCut = false
  const cut: Transport & ReportTransport = {
    ...store,
    async report(states, signal) {
      if (isCut) throw new NoticeboardError('unavailable', 'the way for reports is cut')
      return store.report(states, signal)
    },
  }
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const fleet = startPaperFleet({ store: cut, clock, namespace: NAMESPACE, clients: CLIENTS })
  const controller = createController({ store, system, lookMs: 5_000 })
  await clock.advance(20 * 60_000)
  const plan = staged({ bakeMs: 60_000, reportMs: 20_000, watchMs: 60_000 })
  const rollout = await publisher.publish({ pool: 2 }, { rollout: plan, reason: 'in stages' })
  const { settled } = rollout
  isCut = true
  await clock.advance(20 * 60_000)
  // Nobody is taken back for a silence that all share, and nobody more is exposed.
  expect(fleet.runs(rollout.digest)).toHaveLength(1)
  expect(controller.standings.get(NAMESPACE)).toMatchObject({ type: 'stands', action: 'hold' })
  await clock.advance(20 * 60_000)
  expect(await settled).toBe('paused')
  expect(controller.standings.get(NAMESPACE)).toMatchObject({
    type: 'stands',
    action: 'pause',
    explanation: {
      verdict: 'unknown',
      why: [expect.stringContaining('not decided by'), expect.anything()],
      unknowns: expect.arrayContaining([expect.objectContaining({ kind: 'control-silent' })]),
    },
  })
  expect(fleet.runs(rollout.digest)).toHaveLength(1)
  isCut = false
  await clock.advance(20 * 60_000)
  expect(fleet.runs(rollout.digest)).toHaveLength(CLIENTS)
  const again = (await publisher.rollout())?.settled
  await clock.advance(10_000)
  expect(await again).toBe('completed')
  await Promise.all([controller.close(), fleet.close(), clock.advance(10_000)])
  await publisher.close()
})
