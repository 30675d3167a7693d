import { describe } from 'vitest'
import type { Namespace } from '../../../../src/contracts/names.js'
import { sampleReport } from '../../../../src/testing/conformance/fixture.js'
import { engineCases, storeCases, transportCases } from '../../../../src/testing/conformance/index.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { runCases } from '../../../support/run-cases.js'

runCases(
  'memory()',
  storeCases(
    () => {
      const store = memory()
      return { store, another: async () => store, close: async () => {} }
    },
    {
      without: {
        cut: 'there is no connection to lose',
        freeze: 'nothing goes silent within a process',
        silence: 'nothing gets lost within a process',
        reopen: 'what it holds ends with the process, as its durability says',
        damage: 'nobody else reaches its memory',
        stranger: 'who holds the object may write',
        marks: 'it sends none; strategies ask by themselves',
      },
    },
  ),
)

runCases(
  'the engine of memory()',
  engineCases(
    () => {
      const engine = memoryEngine('memory')
      return { engine, another: async () => engine, close: async () => {} }
    },
    { without: { reopen: 'what it holds ends with the process, as its durability says' } },
  ),
)

const never = new AbortController().signal

/** A controller reports in each namespace that has a release, as one of a server does. */
function controlled(): MemoryStore {
  const store = memory()
  const control = (namespace: Namespace): Promise<void> =>
    store.report(
      [
        sampleReport(namespace, {
          instanceId: 'instance-of-a-controller',
          clientId: 'controller',
          role: { type: 'controller', policies: [], gates: [] },
        }),
      ],
      never,
    )
  return {
    ...store,
    append: async (query, signal) => {
      const outcome = await store.append(query, signal)
      await control(query.namespace)
      return outcome
    },
  }
}

describe('a board that a controller minds', () => {
  runCases(
    'memory()',
    storeCases(() => ({ store: controlled(), close: async () => {} })).filter(
      ({ capability }) => capability === 'reports',
    ),
  )
  runCases(
    'memory() that reads',
    transportCases(() => {
      const store = controlled()
      return {
        transport: store,
        publish: sample => publishTo(store, sample, never),
        heard: query => store.reports(query, never),
        close: async () => {},
      }
    }).filter(({ capability }) => capability === 'report'),
  )
})
