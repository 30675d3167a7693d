// `noticeboard serve --workers`, as an operator starts it, with a publisher beside it that writes
// to the same folder.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { versionOf } from '../document.js'
import { namespace } from '../fanout/protocol.js'

const { document, workers } = settings
const folder = mkdtempSync(join(tmpdir(), 'noticeboard-bench-held-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const publisher = createPublisher({
  namespace,
  schema: z.record(z.string(), z.unknown()),
  store: fileStore(folder),
})
/** @param {number} round */
const publish = round =>
  publisher.publish(versionOf(document, round), { rollout: everyone(), reason: 'benchmark' })
await publish(0)
let count = 0

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const server = spawn(
  process.execPath,
  [
    program,
    'serve',
    '--board',
    folder,
    '--port',
    '0',
    '--workers',
    String(workers),
    '--heartbeat-ms',
    '60000',
    '--json',
  ],
  // Started as npm starts it, it ends by itself when this process is gone, however that ended.
  { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, npm_lifecycle_script: 'noticeboard' } },
)
process.on('exit', () => server.kill('SIGKILL'))
const said = await new Promise((resolve, reject) => {
  createInterface({ input: server.stdout }).once('line', line => resolve(JSON.parse(line)))
  server.once('exit', () => reject(new Error('the server ended before it served')))
})

/** @param {number} pid @returns {readonly number[]} */
const childrenOf = pid =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

answerQuestions({
  port: () => Number(new URL(said.url).port),
  /** All processes that serve: the one that shares out, and the workers. */
  pids: () => [server.pid ?? 0, ...childrenOf(server.pid ?? 0)],
  prepare() {},
  /** Ends the server and takes the folder away: whoever is killed does neither. */
  async remove() {
    const ended = new Promise(resolve => server.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  },
  async broadcast() {
    const startedMs = nowMs()
    count += 1
    await publish(count)
    return startedMs
  },
})
