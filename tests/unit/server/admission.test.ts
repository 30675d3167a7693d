import { expect, test } from 'vitest'
import { isThenable } from '../../../src/core/built-ins.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'
import { testHub } from '../../support/test-hub.js'

const identity = { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} }
const query = { namespaces: [NAMESPACE], identity, have: new Map() }

test('a reader is admitted at once where everything that it begins with is at hand, and only there', async () => {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const hub = testHub(store, {
    clock,
    lifetime: createLifetime(),
    maxBytes: 1e6,
    heartbeatMs: 8_000,
    pollIntervalMs: 1_000,
    maxConnections: 10,
  })
  await publish(store, { pool: 10 })
  const first = hub.admit(query)
  expect(isThenable(first)).toBe(true)
  await clock.advance(10)
  await first
  expect(isThenable(hub.admit(query))).toBe(false)
  // An answer of the store stands for it for a second.
  await clock.advance(1_000)
  const later = hub.admit(query)
  expect(isThenable(later)).toBe(true)
  await clock.advance(10)
  await later
  await hub.close(0)
})
