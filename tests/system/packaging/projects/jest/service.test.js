const { createClient, createPublisher, everyone, pull } = require('noticeboard')
const { fakeClient } = require('noticeboard/testing')
const { memory } = require('noticeboard/transports/memory')
const z = require('zod')

const schema = z.object({ pool: z.object({ size: z.number().int().min(1) }) })

test('a fake client applies at once', () => {
  const config = fakeClient(schema, { pool: { size: 3 } })
  config.set({ pool: { size: 4 } })
  expect(config.current.pool.size).toBe(4)
})

test('a real client reads what was published', async () => {
  const store = memory()
  const publisher = createPublisher({ namespace: 'shop/prod', schema, store })
  const rollout = await publisher.publish(
    { pool: { size: 20 } },
    { rollout: everyone(), author: 'ann', reason: 'first' },
  )
  await rollout.settled
  const config = await createClient({ namespace: 'shop/prod', schema, strategy: pull(store) }).ready()
  expect(config.current).toEqual({ pool: { size: 20 } })
  await config.close()
  await publisher.close()
})
