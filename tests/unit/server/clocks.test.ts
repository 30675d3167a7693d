import { expect, test } from 'vitest'
import { z } from 'zod'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { serve } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, never, TOKEN } from '../../support/server-fixtures.js'

const HOUR_MS = 3_600_000

/** A server whose clock is so far ahead, what it logs, and a publisher with the right clock. */
const setUp = async (aheadMs: number) => {
  const said: unknown[] = []
  const say = (message: string, details?: object): void => void said.push([message, details])
  const logger = { debug() {}, info() {}, warn: say, error: say }
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
  const server = await serve(memory({ system: { clock } }), {
    write: { token: TOKEN },
    system: { clock },
    logger,
    controller: false,
  })
  const store = httpStore(server.url, { token: TOKEN })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: z.object({ size: z.number() }),
    store,
  })
  return { said, server, publisher }
}

test.each([HOUR_MS, -HOUR_MS])(
  'a server whose clock is %s ms ahead is an alarm for who publishes, and a line in its log',
  async aheadMs => {
    const { said, server, publisher } = await setUp(aheadMs)
    expect(await publisher.alarms()).toMatchObject([{ name: 'clock-wrong', severity: 'warning' }])
    expect(said).toEqual([])
    await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'a test' })
    const aheadSeconds = expect.closeTo(aheadMs / 1_000, -2)
    expect(said).toEqual([
      [expect.stringMatching(/the clock here .* differ/), expect.objectContaining({ aheadSeconds })],
    ])
    await publisher.close()
    await server.close()
  },
)

test('a server whose clock is right says nothing', async () => {
  const { said, server, publisher } = await setUp(0)
  await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'a test' })
  expect(await publisher.alarms()).toEqual([])
  expect(said).toEqual([])
  await publisher.close()
  await server.close()
})

test('a server over a store with another clock says so once', async () => {
  const said: string[] = []
  const say = (message: string): void => void said.push(message)
  const logger = { debug() {}, info() {}, warn: say, error: say }
  const clock = { ...systemClock, now: () => systemClock.now() + HOUR_MS }
  const store = memory({ system: { clock } })
  await using server = await serve(store, { write: { token: TOKEN }, logger, controller: false })
  const there = httpStore(server.url, { token: TOKEN })
  await there.reports({ namespace: NAMESPACE }, never)
  await there.reports({ namespace: NAMESPACE }, never)
  expect(said).toEqual(['the clock of the store and the one here differ; compare both with a third'])
})
