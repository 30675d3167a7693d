import * as prom from 'prom-client'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { boardMetrics, type ServerLoad } from '../../../src/metrics/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { virtualClock } from '../../../src/sim/index.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'

const signal = new AbortController().signal
const idle: ServerLoad = { connections: 3, maxConnections: 10, instances: 1, maxInstances: 10 }

async function board() {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const publisher = createPublisher({
    namespace: 'checkout/prod',
    schema: z.looseObject({}),
    store,
    system: { clock },
  })
  const { position, digest } = await publisher.publish({ a: 1 }, { rollout: everyone(), reason: 'a test' })
  const word = { namespace: 'checkout/prod', seen: position, applied: position, digest, version: 1 }
  await store.report(
    [
      reportOf({ ...word, instanceId: 'one', phase: 'healthy', protection: 'disk' }),
      reportOf({ ...word, instanceId: 'two', phase: 'healthy' }),
      reportOf({ ...word, instanceId: 'three', seen: { ...position, sequence: 9 } }),
    ],
    signal,
  )
  return { clock, store }
}

test('a board shows its releases, its fleet and its alarms, and a server how full it is', async () => {
  const { clock, store } = await board()
  const register = new prom.Registry()
  let load = idle
  boardMetrics(store, { prom, register, load: () => load, system: { clock } })
  const text = await register.metrics()
  for (const line of [
    'noticeboard_release_version{namespace="checkout/prod"} 1',
    'noticeboard_clients{namespace="checkout/prod",state="current"} 2',
    'noticeboard_clients{namespace="checkout/prod",state="ahead"} 1',
    'noticeboard_clients_unprotected{namespace="checkout/prod"} 2',
    'noticeboard_alarm{namespace="checkout/prod",alarm="board-behind",severity="critical"} 1',
    'noticeboard_alarm{namespace="checkout/prod",alarm="board-forked",severity="critical"} 0',
    'noticeboard_alarm{namespace="checkout/prod",alarm="clients-failed",severity="critical"} 0',
    'noticeboard_alarm{namespace="",alarm="saturated",severity="warning"} 0',
    'noticeboard_connections{limit="no"} 3',
    'noticeboard_connections{limit="yes"} 10',
  ])
    expect(text.split('\n')).toContain(line)
  load = { ...idle, connections: 9 }
  await clock.advance(5_000)
  expect(await register.metrics()).toContain('alarm="saturated",severity="warning"} 1')
})

test('a server shows what deltas and encodings saved it, and nothing of what it does not count', async () => {
  const { clock, store } = await board()
  const register = new prom.Registry()
  let deltas = { made: 1, served: 5, bytesSaved: 1_000_000 }
  boardMetrics(store, { prom, register, load: () => ({ ...idle, deltas }), system: { clock } })
  const counts = async (): Promise<readonly string[]> => {
    const text = await register.metrics()
    return text.split('\n').filter(line => /^noticeboard_(forms|saved)/.test(line))
  }
  expect(await counts()).toEqual([
    'noticeboard_forms_made_total{form="delta"} 1',
    'noticeboard_forms_served_total{form="delta"} 5',
    'noticeboard_saved_bytes_total{form="delta"} 1000000',
  ])
  deltas = { made: 2, served: 7, bytesSaved: 1_400_000 }
  await clock.advance(5_000)
  expect(await counts()).toContain('noticeboard_saved_bytes_total{form="delta"} 1400000')
})

test('one look serves every gauge, and the scrapes of five seconds', async () => {
  const { clock, store } = await board()
  let reads = 0
  const counted = {
    ...store,
    latest: (...asked: Parameters<typeof store.latest>) => {
      reads += 1
      return store.latest(...asked)
    },
  }
  const register = new prom.Registry()
  boardMetrics(counted, { prom, register, system: { clock } })
  await register.metrics()
  const once = reads
  await clock.advance(4_999)
  await register.metrics()
  expect(reads).toBe(once)
  await clock.advance(1)
  await register.metrics()
  expect(reads).toBe(2 * once)
})

test('a board that cannot be read or listed is an alarm, and the scrape goes on', async () => {
  const { store } = await board()
  const broken = {
    ...store,
    namespaces: () => Promise.reject(new NoticeboardError('forbidden', 'no way in')),
  }
  const register = new prom.Registry()
  boardMetrics(broken, { prom, register })
  expect(await register.metrics()).toContain(
    'noticeboard_alarm{namespace="",alarm="board-failing",severity="critical"} 1',
  )
})
