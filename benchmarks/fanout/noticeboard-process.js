// noticeboard's own server over its in-memory store. Validating and composing a release is done beforehand, on another store: what is
// measured begins when the server's store gets the snapshot and the release.
import { createPublisher, everyone, memory } from 'noticeboard'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { versionOf } from '../document.js'
import { namespace } from './protocol.js'

const { document } = settings
const { signal } = new AbortController()
const never = 3_600_000

const staged = memory()
const store = memory()
const publisher = createPublisher({ namespace, schema: z.record(z.string(), z.unknown()), store: staged })
// No heartbeat falls into a round.
const server = await serve(store, {
  heartbeatMs: never,
  maxConnectionAgeMs: 10 * never,
  maxConnections: 100_000,
})
/** @type {{ digest: string, snapshot: Uint8Array, position: import('noticeboard/core').Position, release: Uint8Array }} */
let next

/** @param {number} round */
async function prepare(round) {
  const { digest, position } = await publisher.publish(versionOf(document, round), {
    rollout: everyone(),
    reason: 'benchmark',
  })
  const latest = await staged.latest({ namespace }, signal)
  if (latest.type !== 'release') throw new Error('nothing was published')
  const snapshot = await staged.snapshot({ namespace, digest, maxSnapshotBytes: 1_048_576 }, signal)
  next = { digest, snapshot, position, release: latest.bytes }
}

async function broadcast() {
  const startedMs = nowMs()
  const { digest, snapshot, position, release } = next
  await store.put({ namespace, digest, bytes: snapshot }, signal)
  await store.append({ namespace, at: position, bytes: release }, signal)
  return startedMs
}

await prepare(0)
await broadcast()

answerQuestions({
  port: () => server.port,
  connections: () => server.handler.connections,
  prepare: ({ round }) => prepare(round),
  broadcast,
})
