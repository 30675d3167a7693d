// noticeboard's server over a store that keeps no reports, so that what it holds of a fleet is its
// own.
import { createPublisher, everyone, memory } from 'noticeboard'
import { serve } from 'noticeboard/server'
import { randomUUID } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { report: _, reports: __, ...store } = memory()
const publisher = createPublisher({
  namespace: settings.namespace,
  schema: z.record(z.string(), z.unknown()),
  store,
})
await publisher.publish({ size: 10 }, { rollout: everyone(), reason: 'benchmark' })
const server = await serve(store, { write: { token: settings.token } })

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

answerQuestions({
  url: () => server.url,
  clients: () => server.handler.load.instances,
  heapBytes,
  /** @param {{ like: object, count: number }} asked what a report takes that is kept as it came */
  keptBytes({ like, count }) {
    const before = heapBytes()
    const kept = Array.from({ length: count }, (_, index) =>
      JSON.parse(JSON.stringify({ ...like, clientId: `checkout-${index}`, instanceId: randomUUID() })),
    )
    const bytes = heapBytes() - before
    // Named here, so that it lives until it was weighed.
    return kept.splice(0).length === 0 ? 0 : bytes / count
  },
})

function heapBytes() {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
