import { expect, onTestFinished, test } from 'vitest'
import type { LogDetails } from '../../../src/contracts/system.js'
import { createController, webhook } from '../../../src/controller/index.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import { createPublisher, everyone, type RolloutMove } from '../../../src/publisher/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { timed } from '../../../src/rollouts/index.js'
import { memory } from '../../../src/transports/memory.js'
import { answering, noContent, receiver, type Receiver } from '../../support/receiver.js'

const eventsOf = ({ requests }: Receiver): readonly string[] =>
  requests.map(({ body }) => (JSON.parse(body) as RolloutMove).event)

/** A rollout that was begun and aborted, and a controller that tells it by a webhook. */
async function tell(options: Parameters<typeof webhook>[0]) {
  const namespace = 'checkout/prod'
  const store = memory()
  const publisher = createPublisher({ namespace, schema: anything, store })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const rollout = timed({ steps: 2, everyMs: 600_000 })
  await publisher.publish({ pool: 'a secret' }, { rollout, drive: true, reason: 'more load' })
  await publisher.abort({ reason: 'it loses orders' })
  const lines: string[] = []
  const say = (message: string, details?: LogDetails) =>
    void lines.push(JSON.stringify({ message, ...details }))
  const controller = createController({
    store,
    lookMs: 20,
    listeners: [webhook(options)],
    logger: { ...silentLogger, warn: say, error: say },
  })
  onTestFinished(async () => {
    await controller.close()
    await publisher.close()
  })
  const counts = () => {
    const [only] = controller.listeners
    if (only === undefined) throw new Error('it has no listener')
    return only
  }
  return { lines, counts, controller }
}

test('sends each move as JSON, with the headers and the token that it is given', async () => {
  const { url, requests } = await receiver()
  let asked = 0
  const { counts, lines } = await tell({
    url: `${url}/rollouts?key=k#part`,
    headers: { 'X-Team': 'checkout' },
    token: () => `token-${(asked += 1)}`,
  })
  await expect.poll(counts).toMatchObject({ name: `webhook ${url}`, heard: 2, waiting: 0, lost: 0 })
  expect(requests).toMatchObject([
    {
      method: 'POST',
      url: '/rollouts?key=k',
      headers: {
        'content-type': 'application/json',
        'x-team': 'checkout',
        authorization: 'Bearer token-1',
      },
    },
    { headers: { authorization: 'Bearer token-2' } },
  ])
  expect(requests.map(({ body }) => JSON.parse(body))).toMatchObject([
    {
      v: 1,
      event: 'begun',
      namespace: 'checkout/prod',
      reason: 'more load',
      rollout: { state: 'running', of: 2 },
    },
    { v: 1, event: 'rolled-back', reason: 'it loses orders', rollout: { state: 'rolled-back' } },
  ])
  expect(requests.map(({ body }) => body).join()).not.toContain('a secret')
  expect(lines).toEqual([])
})

test('what is answered with 500 or 429 is sent again, and what follows waits for it', async () => {
  const hook = await receiver(answering(500, 429))
  const { counts } = await tell({ url: hook.url })
  await expect.poll(counts, { timeout: 15_000 }).toMatchObject({ heard: 2, lost: 0 })
  expect(eventsOf(hook)).toEqual(['begun', 'begun', 'begun', 'rolled-back'])
  expect(new Set(hook.requests.slice(0, 3).map(({ body }) => body)).size).toBe(1)
}, 20_000)

test('one that never answers is given up for each attempt, and keeps neither the controller nor its close', async () => {
  const hook = await receiver((response, count) => void (count > 1 && noContent(response)))
  const { counts } = await tell({ url: hook.url, timeoutMs: 100 })
  await expect.poll(counts, { timeout: 15_000 }).toMatchObject({ heard: 2, lost: 0 })

  const silent = await receiver(() => {})
  const { controller, lines } = await tell({ url: silent.url })
  await expect.poll(() => silent.requests.length).toBe(1)
  const beganMs = performance.now()
  await controller.close()
  expect(performance.now() - beganMs).toBeLessThan(3_000)
  expect(lines).toEqual([])
}, 20_000)

test('what a webhook refuses is given up and told without path, query and token', async () => {
  const { url } = await receiver(answering(401, 404))
  const { counts, lines } = await tell({ url: `${url}/hook-secret?key=query-secret`, token: 'token-secret' })
  await expect.poll(counts).toMatchObject({ heard: 0, lost: 2 })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain(`webhook ${url} answered 401; check its address, its token and its headers`)
  expect(lines.join()).not.toContain('secret')
})

test('a redirect is not followed, and an address where nobody listens is told once, without its path', async () => {
  const target = await receiver()
  const hook = await receiver(response => void response.writeHead(307, { location: target.url }).end())
  const { lines } = await tell({ url: `${hook.url}/hook-secret` })
  await expect.poll(() => lines.join()).toContain('answered with a redirect for a move of a rollout')
  expect(target.requests).toEqual([])
  expect(lines.join()).not.toContain('secret')

  target.close()
  const gone = await tell({ url: `${target.url}/hook-secret` })
  await expect
    .poll(() => gone.lines.join())
    .toContain('could not be reached for a move of a rollout (ECONNREFUSED)')
  expect(gone.lines).toHaveLength(1)
  expect(gone.lines.join()).not.toContain('secret')
})

test.each([
  ['hooks.internal/secret', 'url must be an absolute address'],
  ['ftp://hooks.internal/secret', 'url must be an address of http or https'],
  ['https://ada:secret@hooks.internal', 'url must be an address without a user name or password'],
  [undefined, 'url must be an absolute address'],
])('the address %j is refused', (url, says) => {
  const make = () => webhook({ url: url as string })
  expect(make).toThrow(`webhook(): ${says}`)
  expect(make).not.toThrow('secret')
})

test('options that make no sense are refused', () => {
  const url = 'https://hooks.internal'
  expect(() => webhook({ url, token: '' })).toThrow('webhook(): token must be a string')
  expect(() => webhook({ url, timeoutMs: 0 })).toThrow('webhook(): timeoutMs is 0')
  expect(() => webhook({ url, header: {} } as never)).toThrow('did you mean headers?')
})
