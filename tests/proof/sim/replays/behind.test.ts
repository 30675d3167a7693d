import { expect, test, vi } from 'vitest'
import { formatPosition, type Position } from '../../../../src/contracts/position.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { systemHasher } from '../../../../src/system/system.js'
import { httpStore } from '../../../../src/transports/http/http-store.js'
import { schema } from '../builds.js'
import { NAMESPACE, PERIODS, type ClientActor } from '../client-actor.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { seededDice } from '../../../../src/sim/dice.js'
import { serverActor, TOKEN } from '../server-actor.js'
import { EVENTS, POINTER, setScene, type Scene } from './scene.js'

vi.setConfig({ testTimeout: 60_000 })

/** A look, and what a retry may add to it. */
const TOLD_MS = PERIODS.intervalMs * 1.1 + PERIODS.retryCapMs

const runs = ({ client }: ClientActor): string | undefined =>
  client?.status === 'starting' || client?.running.position === undefined
    ? undefined
    : formatPosition(client.running.position)

test('agollo-48: told of a release by one server and answered by a lagging one, nobody takes it for done', async () => {
  const scene = await setScene()
  const { clock, truth } = scene.world
  await scene.publish()
  await scene.everybodyIsCurrent(TOLD_MS)
  const before = truth.newestAcknowledged as Position

  // A replica that stands still: every answer is its, only streams and what is written go to the
  // server.
  const lagging = simDisk(clock, seededDice(1, 'replica disk'))
  lagging.restore(scene.disk.copy())
  const replica = serverActor(scene.world, 'replica', lagging)
  replica.start()
  scene.meddle = (request, ask) => {
    const elsewhere = request.method === 'GET' && !request.url.includes(EVENTS)
    return elsewhere ? (replica.host()?.fetch(request) as Promise<Response>) : ask(request)
  }
  const fromMs = clock.monotonic()
  await scene.publish()
  const sinceMs = clock.monotonic()
  await clock.advance(90_000)

  const told = scene.streams.filter(({ frames }) =>
    frames.some(({ name, atMs }) => name === 'release' && atMs >= fromMs),
  )
  expect(told.map(({ who }) => who)).toEqual(
    expect.arrayContaining(['hybrid-direct', 'push-direct', 'relay']),
  )
  expect(scene.answered({ sinceMs, who: 'pull-direct', path: POINTER, status: 304 })).not.toEqual([])
  expect(scene.answered({ sinceMs, who: 'hybrid-direct', status: 404 })).not.toEqual([])
  // What was only heard of is not what runs, for the client and for whoever asks about the fleet.
  const [hybrid] = scene.clients.filter(({ plan }) => plan.name === 'hybrid-direct')
  expect(hybrid?.client?.status).not.toBe('ready')
  expect(runs(hybrid as ClientActor)).toBe(formatPosition(before))

  lagging.restore(scene.disk.copy())
  await scene.everybodyIsCurrent(2 * TOLD_MS + 30_000)
  replica.kill()
  await scene.end()
})

/** A server that was restored from a backup of three releases, among clients that saw six. */
async function restored(): Promise<{ readonly scene: Scene; readonly ahead: Position }> {
  const scene = await setScene()
  const { clock, truth } = scene.world
  for (let left = 3; left > 0; left -= 1) await scene.publish()
  const image = scene.disk.copy()
  const then = truth.newestAcknowledged
  for (let left = 3; left > 0; left -= 1) await scene.publish()
  await scene.everybodyIsCurrent(2 * TOLD_MS)
  await clock.advance(3_000)
  const ahead = truth.newestAcknowledged as Position
  scene.server.kill()
  scene.disk.restore(image)
  truth.restored(then, [])
  scene.server.start()
  await clock.advance(1_000)
  return { scene, ahead }
}

test('edge-ahead: clients that are ahead of a restored server are noticed, and follow its new epoch', async () => {
  const { scene, ahead } = await restored()
  const { clock, sometimes, truth } = scene.world
  const lives = scene.clients.map(({ process }) => process?.name)
  const sinceMs = clock.monotonic()
  await clock.advance(2 * PERIODS.sweepIntervalMs)
  // The server has only older answers for them, and gave them: everybody keeps what is newer.
  for (const { plan } of scene.clients.filter(client => !client.plan.relayed))
    expect(scene.answered({ sinceMs, who: plan.name, path: POINTER, status: 200 })).not.toEqual([])
  expect(scene.clients.map(runs)).toEqual(scene.clients.map(() => formatPosition(ahead)))

  // Publishing goes no further before somebody looked at it.
  expect(await scene.drive(scene.publisher.publish())).toBe(false)
  expect(sometimes).toContain('a publish failed with store-damaged')

  expect(await scene.drive(scene.publisher.openEpoch())).toBe(true)
  expect(truth.newestAcknowledged?.epoch).not.toBe(ahead.epoch)
  await scene.everybodyIsCurrent(2 * TOLD_MS)
  expect(scene.clients.map(({ process }) => process?.name)).toEqual(lives)
  await scene.end()
})

test('consul-index-back: a server that counts on from an older number silences nobody', async () => {
  const { scene, ahead } = await restored()
  const { clock, trace, truth } = scene.world
  // Somebody knows better, and goes on in the old epoch: the numbers that clients saw come a second
  // time.
  const insist = async (n: number): Promise<Position> => {
    const server = scene.server.host()
    const store = httpStore('http://board.test', {
      token: TOKEN,
      system: { clock },
      fetch: (url, init) => server?.fetch(new Request(url, init)) as Promise<Response>,
    })
    const publisher = createPublisher({
      namespace: NAMESPACE,
      store,
      schema,
      system: { clock, random: seededDice(1, `operator ${n}`), hasher: systemHasher },
    })
    const document = { n, name: 'operator' }
    truth.offered(JSON.stringify(document))
    const work = publisher.publish(document, {
      rollout: everyone(),
      reason: 'no time to look',
      ignoreReports: true,
    })
    const { position, digest } = await scene.drive(work)
    truth.acknowledged(position, digest)
    return position
  }
  let last = await insist(1)
  expect(last.sequence).toBeLessThan(ahead.sequence)
  while (last.sequence < ahead.sequence) last = await insist(last.sequence)
  await clock.advance(2 * TOLD_MS)
  // At the number that they had seen with another content, everybody says so and keeps what runs.
  for (const { plan } of scene.clients)
    expect(
      trace.lines.some(line => line.includes(`${plan.name} error fork`)),
      plan.name,
    ).toBe(true)
  expect(scene.clients.map(({ client }) => client?.current.name)).not.toContain('operator')

  await insist(100)
  await scene.everybodyIsCurrent(2 * TOLD_MS)
  expect(scene.clients.map(({ client }) => client?.current.n)).toEqual(scene.clients.map(() => 100))
  await scene.end()
})
