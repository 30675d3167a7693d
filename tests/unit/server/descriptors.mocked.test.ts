import { expect, test, vi } from 'vitest'
import { memory } from '../../../src/transports/memory.js'
import { started } from '../../support/asking.js'

vi.mock('../../../src/server/descriptor-limit.js', () => ({ descriptorLimit: () => 20_000 }))

test('where a process may open 20,000 descriptors, its server takes 19,000 streams', async () => {
  const { handler } = await started(memory())
  expect(handler.load.maxConnections).toBe(19_000)
})
