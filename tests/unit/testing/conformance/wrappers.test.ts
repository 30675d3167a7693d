import type { Json } from '../../../../src/contracts/json.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import { transportCases, type OpenedTransport } from '../../../../src/testing/conformance/index.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { cached } from '../../../../src/transports/cached.js'
import { fromSource } from '../../../../src/transports/source.js'
import { fallback } from '../../../../src/transports/fallback.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'
import { runCases } from '../../../support/run-cases.js'

const never = new AbortController().signal

function over(wrap: (store: MemoryStore) => OpenedTransport['transport']): () => OpenedTransport {
  return () => {
    const store = memory()
    return {
      transport: wrap(store),
      publish: sample => publishTo(store, sample, never),
      heard: query => store.reports(query, never),
      close: async () => {},
    }
  }
}

const local = {
  cut: 'there is no connection to lose',
  freeze: 'nothing goes silent within a process',
  silence: 'nothing gets lost within a process',
  marks: 'memory() sends none',
}

runCases('cached(memory())', transportCases(over(cached), { without: local }))

runCases(
  'cached(cached(memory()))',
  transportCases(
    over(store => cached(cached(store))),
    { without: local },
  ),
)

runCases(
  'fallback([memory(), empty memory()])',
  transportCases(
    over(store => fallback([store, memory()])),
    { without: local },
  ),
)

runCases(
  'document()',
  transportCases(
    () => {
      let current: Json | undefined
      return {
        transport: fromSource(
          () => {
            if (current === undefined) throw new NoticeboardError('not-found', 'there is no document yet')
            return current
          },
          { pollIntervalMs: 5 },
        ),
        async publish(sample) {
          current = sample.document
        },
        close: async () => {},
      }
    },
    {
      without: {
        ...local,
        next: 'a document has no log',
        report: 'nobody listens behind a document',
        heard: 'nobody listens behind a document',
      },
    },
  ),
)
