// noticeboard's own server over its in-memory store. A release is composed beforehand: what is
// measured begins when the server's store gets the snapshot and the release.
import { createPublisher, everyone, memory } from 'noticeboard'
import { canonicalize, decodeRelease, digestOf, encodeRelease, systemHasher } from 'noticeboard/core'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { makeDocument, versionOf } from '../document.js'
import { watchedDeltas } from './watched-deltas.js'
import { residentBytes } from './memory.js'
import { namespace } from './protocol.js'
import { longestTurnMs, watchTurns } from './turns.js'

const { documentBytes, document = makeDocument(documentBytes) } = settings
const { signal } = new AbortController()
const never = 3_600_000

const staged = memory()
const store = memory()
const publisher = createPublisher({ namespace, schema: z.record(z.string(), z.unknown()), store: staged })
const watched = await watchedDeltas()
// No heartbeat falls into a round.
const server = await serve(store, {
  heartbeatMs: never,
  maxConnectionAgeMs: 10 * never,
  maxConnections: 100_000,
  ...(watched.deltas !== undefined && { deltas: watched.deltas }),
})
/**
 * @type {{ digest: string, snapshot: Uint8Array, position: import('noticeboard/core').Position, release: Uint8Array }}
 */
let next

await publisher.publish(versionOf(document, 0), { rollout: everyone(), reason: 'benchmark' })
const latest = await staged.latest({ namespace }, signal)
if (latest.type !== 'release') throw new Error('nothing was published')
const { release: first } = decodeRelease(latest.bytes)
let { sequence } = first

/** What a publisher would write next, without what it remembers. @param {number} round */
function prepare(round) {
  const snapshot = Buffer.from(canonicalize(versionOf(document, round)))
  const digest = digestOf(systemHasher, snapshot)
  const release = encodeRelease({
    ...first,
    sequence,
    stable: { ...first.stable, variants: [{ digest, bytes: snapshot.length }] },
  })
  next = { digest, snapshot, position: { epoch: first.epoch, sequence }, release }
  sequence += 1
}

async function broadcast() {
  const startedMs = nowMs()
  const { digest, snapshot, position, release } = next
  await store.put({ namespace, digest, bytes: snapshot }, signal)
  await store.append({ namespace, at: position, bytes: release }, signal)
  return startedMs
}

/** What a reader is greeted with, in its chunked coding. */
function newestFrame() {
  const { digest, snapshot, release } = next
  const lines = [
    namespace,
    Buffer.from(release).toString(),
    `${digest} ${Buffer.from(snapshot).toString()}`,
  ].map(line => `data: ${line}\n`)
  const event = `event: release\n${lines.join('')}\n`
  return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`)
}

prepare(0)
await broadcast()

answerQuestions({
  port: () => server.port,
  connections: () => server.handler.connections,
  residentBytes,
  watchTurns,
  longestTurnMs,
  // It makes its own.
  frame() {},
  digest: () => next.digest,
  newestFrame,
  /** The processor time of each delta that was made since this was asked last, in milliseconds. */
  deltasMs: watched.takeMs,
  /** The same of a delta of a document that has this one so many times. @param {number} times */
  async deltaOfMs(times) {
    const parts = Object.fromEntries(Array.from({ length: times }, (_, part) => [`part-${part}`, document]))
    const [base, changed] = [1, 2].map(round => Buffer.from(canonicalize(versionOf(parts, round))))
    const codec = await watched.deltas?.codec()
    if (base === undefined || changed === undefined || codec === undefined)
      throw new Error('this runtime makes no deltas; npm install @bokuweb/zstd-wasm')
    watched.takeMs()
    codec.encode({ base: { digest: digestOf(systemHasher, base), bytes: base }, bytes: changed })
    return watched.takeMs()
  },
  prepare: ({ round }) => prepare(round),
  broadcast,
})
