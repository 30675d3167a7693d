// A server over a board in a folder, as its operator runs it, and the hand that publishes and takes back.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions } from '../child.js'

const namespace = 'siege/prod'
const folder = await mkdtemp(join(tmpdir(), 'noticeboard-siege-'))
const store = fileStore(folder)
const publisher = createPublisher({ namespace, schema: z.object({ size: z.number() }), store })
await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'before the siege' })
await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'before the siege' })

const lines = { count: 0 }
const count = () => void (lines.count += 1)
const logger = { debug() {}, info: count, warn: count, error: count }
const token = 'siege-siege-siege-siege'
const server = await serve(store, { port: 0, logger, write: { token } })
let mostBytes = 0
const watching = setInterval(() => (mostBytes = Math.max(mostBytes, process.memoryUsage().rss)), 100)

answerQuestions({
  port: () => server.port,
  token: () => token,
  namespace: () => namespace,
  /** What the server takes: memory at its highest since it was asked last, disk, and lines of its log. */
  async taken() {
    const memoryBytes = mostBytes
    mostBytes = 0
    return {
      memoryBytes,
      diskBytes: await sizeOf(folder),
      lines: lines.count,
      streams: server.handler.connections,
    }
  },
  async rollBack() {
    await publisher.rollback({ reason: 'in the middle of the siege' })
  },
  async end() {
    clearInterval(watching)
    await server.close({ drainMs: 0 })
    await store.close()
    await rm(folder, { recursive: true, force: true })
  },
})

/** @param {string} path @returns {Promise<number>} */
async function sizeOf(path) {
  let sum = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    // A file that is just being renamed counts when it is there again.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    sum += found?.size ?? 0
  }
  return sum
}
