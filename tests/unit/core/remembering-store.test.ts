import { expect, test } from 'vitest'
import type { StandingQuery, Store } from '../../../src/contracts/transport.js'
import { rememberingStore } from '../../../src/core/store/remembering-store.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { systemHasher } from '../../../src/system/system.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { goingBack } from '../../support/going-back.js'

const NAMESPACE = 'checkout/prod'
const never = new AbortController().signal

test('nothing stands of a board that went back, nor what is not what was read of it last', async () => {
  const engine = goingBack()
  // A store that remembers looks says so of what it looked at a while ago.
  const standing: Store['standing'] = async queries => new Set(queries.map(({ namespace }) => namespace))
  const store = rememberingStore({ ...storeFrom(engine), standing }, systemHasher)
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store })
  const settings = { rollout: everyone(), reason: 'a test' }
  const query = async (): Promise<StandingQuery> => {
    const { position } = (await publisher.current())!
    return { namespace: NAMESPACE, position }
  }
  const stands = async (asked: StandingQuery): Promise<readonly string[]> => [
    ...(await store.standing!([asked], never)),
  ]

  await publisher.publish({ pool: 1 }, settings)
  const first = await query()
  expect(await stands(first)).toEqual([NAMESPACE])
  const copy = await engine.contents()
  await publisher.publish({ pool: 2 }, settings)
  const second = await query()
  expect([await stands(first), await stands(second)]).toEqual([[], [NAMESPACE]])

  await engine.putBack(copy)
  await store.latest({ namespace: NAMESPACE }, never)
  expect([await stands(first), await stands(second)]).toEqual([[], []])

  await publisher.openEpoch({ reason: 'restored' })
  expect(await stands(await query())).toEqual([NAMESPACE])
  expect(await stands({ namespace: 'unknown', position: first.position })).toEqual([])
  await publisher.close()
})

test('what stands is not judged anew while neither the store nor the memory says anything new', async () => {
  const engine = goingBack()
  const names = new Set([NAMESPACE])
  const store = rememberingStore({ ...storeFrom(engine), standing: async () => names }, systemHasher)
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store })
  const settings = { rollout: everyone(), reason: 'a test' }
  await publisher.publish({ pool: 1 }, settings)
  const copy = await engine.contents()
  await publisher.publish({ pool: 2 }, settings)
  const { position } = (await publisher.current())!
  const queries: readonly StandingQuery[] = [{ namespace: NAMESPACE, position }]
  const first = await store.standing!(queries, never)
  expect([...first]).toEqual([NAMESPACE])
  await store.latest({ namespace: NAMESPACE }, never)
  expect(await store.standing!(queries, never)).toBe(first)

  await engine.putBack(copy)
  await store.latest({ namespace: NAMESPACE }, never)
  expect([...(await store.standing!(queries, never))]).toEqual([])
  await publisher.openEpoch({ reason: 'restored' })
  expect([...(await store.standing!(queries, never))]).toEqual([])
  await publisher.close()
})

test('a board that went back and goes on by another server is told as it is now, without anybody asking for a release', async () => {
  const engine = goingBack()
  let broken = false
  const behind = storeFrom(engine)
  const reports: Store['reports'] = async () => ({ since: 'a-start', asOf: 'a-start', reports: [] })
  const here = rememberingStore(
    {
      ...behind,
      reports,
      latest: (query, signal) =>
        broken ? Promise.reject(new Error('no answer')) : behind.latest(query, signal),
    },
    systemHasher,
  )
  const elsewhere = rememberingStore(storeFrom(engine), systemHasher)
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store: elsewhere })
  const settings = { rollout: everyone(), reason: 'a test' }
  const told = async () => (await here.reports!({ namespace: NAMESPACE }, never)).wentBack

  await publisher.publish({ pool: 1 }, settings)
  const copy = await engine.contents()
  await publisher.publish({ pool: 2 }, settings)
  await here.latest({ namespace: NAMESPACE }, never)
  await engine.putBack(copy)
  await here.latest({ namespace: NAMESPACE }, never)
  expect(await told()).toMatchObject({ from: { sequence: 2 }, to: { sequence: 1 } })

  await publisher.openEpoch({ reason: 'restored' })
  broken = true
  expect(await told()).toBeDefined()
  broken = false
  expect(await told()).toBeUndefined()
  await publisher.close()
})

test('a store that says that nothing changed has not gone back', async () => {
  const store = rememberingStore(storeFrom(goingBack()), systemHasher)
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'a test' })
  const first = await store.latest({ namespace: NAMESPACE }, never)
  const tag = first.type === 'release' ? first.tag : undefined
  expect(await store.latest({ namespace: NAMESPACE, tag }, never)).toEqual({ type: 'unchanged' })
  expect(store.memory.wentBack(NAMESPACE)).toBeUndefined()
  await publisher.close()
})
