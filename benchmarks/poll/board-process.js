// noticeboard's server with one release, as clients that pull see it.
import { createPublisher, everyone, memory } from 'noticeboard'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const namespace = 'benchmark/poll'
const store = memory()
const publisher = createPublisher({ namespace, schema: z.record(z.string(), z.unknown()), store })
await publisher.publish(settings.document, { rollout: everyone(), reason: 'benchmark' })
const { heartbeatMs } = settings
const server = await serve(store, heartbeatMs === undefined ? {} : { heartbeatMs })

answerQuestions({ port: () => server.port, path: () => `/v1/${namespace}/release.json` })
