import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Delivery, WatchTransport } from '../../../src/contracts/transport.js'
import { transportCases } from '../../../src/testing/conformance/index.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { fallback } from '../../../src/transports/fallback.js'
import { memory } from '../../../src/transports/memory.js'
import { runCases } from '../../support/run-cases.js'

const signal = new AbortController().signal

const throwing = (code: 'unavailable' | 'not-found') => async (): Promise<never> => {
  throw new NoticeboardError(code, 'nobody there')
}
const nobody: WatchTransport = {
  name: 'nobody',
  latest: throwing('unavailable'),
  next: throwing('unavailable'),
  // While one cannot be reached, nobody can say that a snapshot is nowhere.
  snapshot: throwing('not-found'),
  watch: () => ({
    [Symbol.asyncIterator]: (): AsyncIterator<Delivery> => ({ next: throwing('unavailable') }),
  }),
}

runCases(
  'fallback([nobody, memory()])',
  transportCases(
    () => {
      const store = memory()
      return {
        transport: fallback([nobody, store]),
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
        marks: 'the transports within send none',
      },
    },
  ),
)
