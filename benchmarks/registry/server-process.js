// noticeboard's server over a store that keeps no reports, so that what it holds of a fleet is its
// own.
import { createPublisher, everyone, memory } from 'noticeboard'
import { serve } from 'noticeboard/server'
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
  heapBytes() {
    collect()
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  },
})
