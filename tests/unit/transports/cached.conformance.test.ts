import { transportCases } from '../../../src/testing/conformance/index.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { cached } from '../../../src/transports/cached.js'
import { memory } from '../../../src/transports/memory.js'
import { runCases } from '../../support/run-cases.js'

const signal = new AbortController().signal

runCases(
  'cached(memory())',
  transportCases(
    () => {
      const store = memory()
      return {
        transport: cached(store),
        publish: sample => publishTo(store, sample, signal),
        heard: query => store.reports(query, signal),
        close: async () => {},
      }
    },
    {
      without: {
        cut: 'there is no connection to lose',
        freeze: 'nothing goes silent within a process',
        silence: 'nothing gets lost within a process',
        marks: 'the transport within sends none',
      },
    },
  ),
)
