import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createBackoff } from '../../../src/core.js'
import * as root from '../../../src/index.js'
import * as node from '../../../src/node/index.js'
import * as server from '../../../src/server/index.js'
import * as sim from '../../../src/sim/index.js'
import * as testing from '../../../src/testing/index.js'
import { cached } from '../../../src/transports/cached.js'
import { fromSource } from '../../../src/transports/source.js'
import { etcd, etcdGateway } from '../../../src/transports/etcd/index.js'
import { faulty } from '../../../src/transports/faulty/index.js'
import { fallback } from '../../../src/transports/fallback.js'
import { postgres } from '../../../src/transports/postgres/index.js'
import { redis } from '../../../src/transports/redis/index.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { checkOptions } from '../../../src/core/options.js'

const schema = z.object({ size: z.number() })
const store = root.memory()
const publisher = () => root.createPublisher({ namespace: 'a', schema, store })
const clientOptions = { namespace: 'a', schema, strategy: root.pull(store) }
const client = () => root.createClient(clientOptions)
const config = testing.fakeClient(schema, { size: 1 })
const system = { clock: testing.virtualClock(), random: testing.seededRandom(1) }
const etcdClient = { transact: async () => [] } as never
const postgresClient = { query: async () => ({ rows: [] }) } as never
const redisClient = { sendCommand: async () => null } as never
const noCases = () => ({}) as never

/** Every function that takes options; each is called with one more that it does not know. */
const doors: Record<string, (unknown: object) => unknown> = {
  createClient: unknown => root.createClient({ ...clientOptions, ...unknown }),
  'createClient, its reports': unknown => root.createClient({ ...clientOptions, reports: unknown }),
  'createClient, its system': unknown => root.createClient({ ...clientOptions, system: unknown }),
  ready: unknown => client().ready(unknown),
  refresh: unknown => client().refresh(unknown),
  select: unknown => client().select(value => value, unknown),
  'subscribe of a client': unknown => client().subscribe(() => {}, unknown),
  'subscribe of a selection': unknown =>
    client()
      .select(value => value)
      .subscribe(() => {}, unknown),
  envOverrides: unknown => root.envOverrides('A_', unknown),
  createPublisher: unknown => root.createPublisher({ namespace: 'a', schema, store, ...unknown }),
  publish: unknown =>
    publisher().publish({ size: 1 }, { rollout: root.everyone(), reason: 'a test', ...unknown }),
  rollback: unknown => publisher().rollback({ reason: 'a test', ...unknown }),
  openEpoch: unknown => publisher().openEpoch({ reason: 'a test', document: { size: 1 }, ...unknown }),
  prune: unknown => publisher().prune(unknown),
  history: unknown => publisher().history(unknown),
  follow: unknown =>
    publisher().follow(
      { name: 'a', read: async () => ({ size: 1 }) },
      { rollout: root.everyone(), reason: 'a test', ...unknown },
    ),
  pull: unknown => root.pull(store, unknown),
  'pull, its backoff': unknown => root.pull(store, { backoff: unknown }),
  push: unknown => root.push(store, unknown),
  'push, its backoff': unknown => root.push(store, { backoff: unknown }),
  hybrid: unknown => root.hybrid(store, unknown),
  onDemand: unknown => root.onDemand(store, unknown),
  createBackoff: unknown => createBackoff({ ...system, ...unknown }),
  http: unknown => root.http('http://127.0.0.1:1', unknown),
  httpStore: unknown => root.httpStore('http://127.0.0.1:1', unknown),
  memory: unknown => root.memory(unknown),
  cached: unknown => cached(store, unknown),
  fromSource: unknown => fromSource(() => 1, unknown),
  fallback: unknown => fallback([store], unknown),
  faulty: unknown => faulty(store, { faults: [] }, unknown),
  etcd: unknown => etcd(etcdClient, unknown),
  etcdGateway: unknown => etcdGateway({ url: 'http://127.0.0.1:1', ...unknown }),
  postgres: unknown => postgres(postgresClient, unknown),
  redis: unknown => redis(redisClient, unknown),
  storeFrom: unknown => storeFrom(memoryEngine('memory'), unknown),
  fileStore: unknown => node.fileStore('/nowhere', unknown),
  stateFolder: unknown => node.stateFolder('/nowhere', unknown),
  nodeFs: unknown => node.nodeFs(unknown),
  jsonFile: unknown => node.jsonFile('a.json', unknown),
  yamlFile: unknown => node.yamlFile('a.yaml', unknown),
  configFile: unknown => node.configFile('a.yaml', unknown),
  createHandler: unknown => server.createHandler(store, unknown),
  'close of a handler': unknown => server.createHandler(store).close(unknown),
  serve: unknown => server.serve(store, unknown),
  virtualClock: unknown => testing.virtualClock(unknown),
  createWorld: unknown => sim.createWorld({ seed: 1, ...unknown }),
  chaos: unknown => sim.createWorld({ seed: 1 }).chaos(unknown),
  simulate: unknown => sim.simulate(async () => {}, unknown),
  shrink: unknown => sim.shrink([1], async () => true, unknown),
  transportCases: unknown => testing.transportCases(noCases, unknown),
  engineCases: unknown => testing.engineCases(noCases, unknown),
  storeCases: unknown => testing.storeCases(noCases, unknown),
  mirrorCases: unknown => testing.mirrorCases(noCases, unknown),
  noticeCases: unknown => testing.noticeCases(noCases, unknown),
  'ready of a fake client': unknown => config.ready(unknown),
  'refresh of a fake client': unknown => config.refresh(unknown),
  'select of a fake client': unknown => config.select(value => value, unknown),
}

describe('an option that is not known', () => {
  test.each(Object.entries(doors))('is refused by name: %s', async (_, door) => {
    await expect((async () => door({ clocks: 1 }))()).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('"clocks"'),
    })
  })

  test('comes with the one that was probably meant, and never with its value', () => {
    const check = () =>
      checkOptions('pull()', { pollIntervalsMs: 'hunter2' } as never, { pollIntervalMs: true } as never)
    expect(check).toThrow(/pull\(\) has no option "pollIntervalsMs"; did you mean pollIntervalMs\?$/)
    expect(() => root.pull(store, { frequency: 1 } as never)).toThrow(
      /it has pollIntervalMs, sweepIntervalMs/,
    )
  })
})

test.each([null, 'fast', 5])('options that are %s are refused in words', given => {
  expect(() => root.memory(given as never)).toThrow(/memory\(\): options must be an object/)
})
