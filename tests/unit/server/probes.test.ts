import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Transport } from '../../../src/contracts/transport.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { createHandler } from '../../../src/server/index.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, started } from '../../support/asking.js'
import { TOKEN } from '../../support/server-fixtures.js'

test('a health check is answered whatever is published, under every name, and without a token', async () => {
  const { url } = await started(memory(), { hosts: ['config.internal'], read: { token: TOKEN } })
  for (const [path, status] of [
    ['~health', 'alive'],
    ['~ready', 'ready'],
  ] as const)
    for (const host of ['config.internal', '10.1.2.3:8420', 'any.name'])
      for (const method of ['GET', 'HEAD']) {
        const reply = await ask(url, `/v1/${path}`, { method, headers: { host } })
        expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store'])
        if (method === 'GET') expect(JSON.parse(reply.text)).toEqual({ status })
      }
  expect((await ask(url, '/v1/~health', { method: 'POST', body: '{}' })).status).toBe(405)
})

/** A handler over a store that does what is said. */
function over(latest: Transport['latest'], more: Partial<Transport> = {}) {
  const clock = virtualClock()
  let asked = 0
  const transport: Transport = {
    ...memory(),
    ...more,
    latest(query, signal) {
      asked += 1
      return latest(query, signal)
    },
  }
  const handler = createHandler(transport, { system: { clock } })
  const probe = async (path: string): Promise<number> =>
    (await handler.fetch(new Request(`http://server.test/v1/${path}`))).status
  return { clock, probe, asked: () => asked }
}

test('a server is alive and not ready while its store does not answer', async () => {
  let isAway = true
  const { clock, probe } = over(async () => {
    if (isAway) throw new NoticeboardError('unavailable', 'the disk is gone')
    return { type: 'none' }
  })
  expect([await probe('~health'), await probe('~ready')]).toEqual([200, 503])
  isAway = false
  await clock.advance(1_000)
  expect(await probe('~ready')).toBe(200)
})

test('a store that hangs is not ready within a second', async () => {
  const { clock, probe } = over(() => new Promise(() => {}))
  const answer = probe('~ready')
  await clock.advance(1_950)
  expect(await answer).toBe(503)
})

test('whoever asks often does not ask the store as often', async () => {
  const { clock, probe, asked } = over(async () => ({ type: 'none' }))
  await Promise.all(Array.from({ length: 100 }, () => probe('~ready')))
  expect(asked()).toBe(1)
  await clock.advance(1_000)
  await probe('~ready')
  expect(asked()).toBe(2)
})

test('a relay is ready while its origin is away, since it serves what it has', async () => {
  const { probe, asked } = over(() => Promise.reject(new NoticeboardError('unavailable', 'away')), {
    remote: true,
  })
  expect([await probe('~ready'), asked()]).toEqual([200, 0])
})
