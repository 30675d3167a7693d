// Whoever publishes: a process of its own that writes over HTTP, as an operator or a pipeline
// would.
import { createPublisher, everyone, httpStore } from 'noticeboard'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { versionOf } from '../document.js'
import { namespace, schema } from './application.js'

const { document, token } = settings

/** @type {Map<string, import('noticeboard').Publisher>} */
const publishers = new Map()

/** @param {string} url */
function publisherFor(url) {
  const known = publishers.get(url)
  if (known !== undefined) return known
  const publisher = createPublisher({
    namespace,
    schema,
    store: httpStore(url, { token }),
    author: 'benchmark',
  })
  publishers.set(url, publisher)
  return publisher
}

answerQuestions({
  async publish({ url, round }) {
    const startedMs = nowMs()
    const rollout = await publisherFor(url).publish(versionOf(document, round), {
      rollout: everyone(),
      reason: 'benchmark',
    })
    return { startedMs, tookMs: nowMs() - startedMs, sequence: rollout.position.sequence }
  },
})
