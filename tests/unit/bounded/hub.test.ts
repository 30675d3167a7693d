import { test } from 'vitest'
import { checkHub, type HubSize } from '../../support/hub-model.js'

/** Hubs of several sizes. The next one is one more line. */
const HUBS: Readonly<Record<string, HubSize>> = {
  'a few readers of a few namespaces': { namespaces: 4, maxConnections: 6, waitingBytes: 3_000, steps: 150 },
  'readers that are slow after one event': { namespaces: 3, maxConnections: 4, waitingBytes: 1, steps: 150 },
  'one reader of many namespaces': { namespaces: 30, maxConnections: 1, waitingBytes: 2_000, steps: 150 },
  'more readers than are told in one slice': {
    namespaces: 1,
    maxConnections: 90,
    waitingBytes: 6_000,
    steps: 300,
  },
}

test.each(Object.entries(HUBS))(
  '%s: what waits at each reader, its order and its bytes are those of a plain list',
  async (_, size) => checkHub(size, 8),
  60_000,
)
