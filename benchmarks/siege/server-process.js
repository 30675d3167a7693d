// A server over a board in a folder, as its operator runs it, and the hand that publishes and takes
// back.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { bytesIn } from './bytes-in.js'
import { documentOf, versions } from './document.js'

const {
  maxInstances,
  maxReportBytes,
  keepsReports = true,
  heartbeatMs,
} = /** @type {{ maxInstances: number, maxReportBytes: number, keepsReports?: boolean, heartbeatMs?: number }} */ (
  settings
)
const namespace = 'siege/prod'
const folder = await mkdtemp(join(tmpdir(), 'noticeboard-siege-'))
const store = fileStore(folder)
const publisher = createPublisher({ namespace, schema: z.looseObject({ size: z.number() }), store })
for (let size = 1; size <= versions; size += 1)
  await publisher.publish(documentOf(size), { rollout: everyone(), reason: 'before the siege' })

/**
 * How often the board was asked about names that streams listen to, and how many of them are
 * followed.
 */
let looks = 0
let following = 0
/** How often the board was asked for a delta. */
let deltaLooks = 0
let mostFollowed = 0
const isListened = (/** @type {string} */ name) => name.startsWith('listened/')
const { report: _report, reports: _reports, ...forgetful } = store
const watched = {
  ...(keepsReports ? store : forgetful),
  /** @type {typeof store.latest} */
  latest(query, signal) {
    if (isListened(query.namespace)) looks += 1
    return store.latest(query, signal)
  },
  /** @type {typeof store.delta} */
  delta(query, signal) {
    deltaLooks += 1
    return store.delta(query, signal)
  },
  /** @type {typeof store.watch} */
  async *watch(query, signal) {
    const names = query.namespaces.filter(isListened).length
    following += names
    mostFollowed = Math.max(mostFollowed, following)
    try {
      yield* store.watch(query, signal)
    } finally {
      following -= names
    }
  },
}

let lines = 0
const count = () => void (lines += 1)
const logger = { debug() {}, info: count, warn: count, error: count }
const token = 'siege-siege-siege-siege'
const server = await serve(watched, {
  port: 0,
  logger,
  write: { token },
  maxInstances,
  maxReportBytes,
  heartbeatMs,
  // The attackers come through a proxy, which says who they are.
  trustedProxies: ['127.0.0.1'],
})
const most = { memoryBytes: 0, bufferBytes: 0 }
const watching = setInterval(() => {
  const { rss, arrayBuffers } = process.memoryUsage()
  most.memoryBytes = Math.max(most.memoryBytes, rss)
  most.bufferBytes = Math.max(most.bufferBytes, arrayBuffers)
}, 100)

answerQuestions({
  port: () => server.port,
  token: () => token,
  namespace: () => namespace,
  pids: () => [process.pid],
  /**
   * What the server takes: memory at its highest, disk, lines of its log, reports that it keeps,
   * looks at the board.
   */
  async taken() {
    const { instances, deltas, encodings } = server.handler.load
    return {
      ...most,
      diskBytes: await bytesIn(folder),
      lines,
      instances,
      deltasMade: deltas.made,
      deltaLooks,
      encodingsMade: encodings.made,
      looks,
      followed: mostFollowed,
    }
  },
  rollBack: async () => void (await publisher.rollback({ reason: 'in the middle of the siege' })),
  async end() {
    clearInterval(watching)
    await server.close({ drainMs: 0 })
    await store.close()
    await rm(folder, { recursive: true, force: true })
  },
})
