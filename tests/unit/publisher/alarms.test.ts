import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'
import { z } from 'zod'

const NAMESPACE = 'checkout/prod'
const signal = new AbortController().signal

test('what the fleet says becomes alarms, and a board that cannot be read is one', async () => {
  const store = memory()
  const schema = z.looseObject({})
  await using publisher = createPublisher({ namespace: NAMESPACE, schema, store, retries: 0 })
  expect(await publisher.alarms()).toEqual([])
  const { position } = await publisher.publish({ a: 1 }, { rollout: everyone(), reason: 'a test' })
  const seen = { epoch: position.epoch, sequence: position.sequence + 1 }
  await store.report([reportOf({ namespace: NAMESPACE, instanceId: 'one', seen })], signal)
  expect(await publisher.alarms()).toMatchObject([
    { name: 'board-behind', severity: 'critical', instances: 1 },
  ])

  const broken = { ...store, latest: () => Promise.reject(new NoticeboardError('forbidden', 'no way in')) }
  await using other = createPublisher({ namespace: NAMESPACE, schema, store: broken, retries: 0 })
  expect(await other.alarms()).toEqual([
    { name: 'board-failing', severity: 'critical', says: expect.stringContaining('(forbidden)') },
  ])
})
