const { mkdtemp, rm, stat } = require('node:fs/promises')
const { createServer } = require('node:http')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { createClient, createPublisher, everyone, http, pull } = require('noticeboard')
const { serve } = require('noticeboard/server')
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

test('a server starts a second time with the token file that the first made', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-jest-'))
  try {
    const tokenFile = join(folder, 'private', 'token')
    const first = await serve(memory(), { tokenFile })
    const second = await serve(memory(), { tokenFile })
    expect(second.token).toBe(first.token)
    await first.close()
    await second.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a participant of a fake client prepares with a promise of Node', async () => {
  const config = fakeClient(schema, { pool: { size: 1 } })
  await new Promise((resolve, reject) => {
    config.on('error', reject)
    config.participate({ name: 'file', prepare: () => stat(__filename).then(() => ({ commit: resolve })) })
    config.set({ pool: { size: 2 } })
  })
  expect(config.current.pool.size).toBe(2)
})

test('a redirect is told as one', async () => {
  const server = createServer((_request, response) =>
    response.writeHead(302, { location: '/elsewhere' }).end(),
  )
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const transport = http(`http://127.0.0.1:${server.address().port}`)
  await expect(transport.latest({ namespace: 'shop/prod' }, new AbortController().signal)).rejects.toThrow(
    'redirect',
  )
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})
