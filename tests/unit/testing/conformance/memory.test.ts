import { memory } from '../../../../src/transports/memory.js'
import { engineCases, storeCases } from '../../../../src/testing/conformance/index.js'
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
