// The file store with little history and with much, and beside it the bare sequence of writes and
// flushes that a publish is made of.
import { execFile } from 'node:child_process'
import { link, mkdir, mkdtemp, open, readdir, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { growLog } from './grow-log.js'

const namespace = 'benchmark/store'
const { signal } = new AbortController()
const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const run = promisify(execFile)
const root = await mkdtemp(join(tmpdir(), 'noticeboard-bench-store-'))
let count = 0

/** @param {number} releases */
async function boardOf(releases) {
  const folder = join(root, `board-${releases}`)
  const store = fileStore(folder)
  const publisher = createPublisher({ namespace, schema: z.object({ size: z.number() }), store })
  await publisher.publish({ size: 0 }, { rollout: everyone(), reason: 'benchmark' })
  await store.close()
  growLog({ folder, namespace, releases })
  const grown = fileStore(folder)
  const used = createPublisher({ namespace, schema: z.object({ size: z.number() }), store: grown })
  return { folder, publisher: used }
}

/** @type {Map<number, Awaited<ReturnType<typeof boardOf>>>} */
const boards = new Map()
for (const releases of settings.histories) boards.set(releases, await boardOf(releases))
const bare = join(root, 'bare')
for (const name of ['tmp', 'snapshots', 'releases', 'audit/new'])
  await mkdir(join(bare, name), { recursive: true })

/** @param {string} path @param {Uint8Array} bytes */
async function writeFlushed(path, bytes) {
  const file = await open(path, 'wx')
  await file.writeFile(bytes)
  await file.sync()
  await file.close()
}

/** @param {string} path */
async function flushFolder(path) {
  const folder = await open(path, 'r')
  await folder.sync()
  await folder.close()
}

/**
 * The writes of a publish in their order, with as many bytes, and nothing else: what
 * docs/formats.md says under "Writing".
 */
async function publishBare() {
  count += 1
  const at = (/** @type {string[]} */ ...names) => join(bare, ...names)
  await writeFlushed(at('tmp/snapshot'), Buffer.alloc(20))
  await rename(at('tmp/snapshot'), at('snapshots', `${count}.json`))
  await flushFolder(at('snapshots'))
  await writeFlushed(at('audit/new', `${count}.tmp`), Buffer.alloc(70))
  await writeFlushed(at('tmp/release'), Buffer.alloc(500))
  await link(at('tmp/release'), at('releases', `${count}.json`))
  await flushFolder(at('releases'))
  await unlink(at('tmp/release'))
  await rename(at('audit/new', `${count}.tmp`), at('audit', `${count}.json`))
  await flushFolder(at('audit'))
  await writeFlushed(at('tmp/pointer'), Buffer.alloc(500))
  await rename(at('tmp/pointer'), at('release.json'))
  await flushFolder(bare)
}

/** How long a piece of work takes, in milliseconds. @param {() => Promise<unknown>} work */
async function timed(work) {
  const startedMs = nowMs()
  await work()
  return nowMs() - startedMs
}

/** @param {number} releases */
const boardWith = releases => {
  const board = boards.get(releases)
  if (board === undefined) throw new Error(`there is no board with ${releases} releases`)
  return board
}

answerQuestions({
  bare: () => timed(publishBare),
  tenfold: () =>
    timed(async () => {
      for (let times = 0; times < 10; times += 1) await publishBare()
    }),
  publish({ releases }) {
    count += 1
    const document = { size: count }
    return timed(() =>
      boardWith(releases).publisher.publish(document, { rollout: everyone(), reason: 'benchmark' }),
    )
  },
  /** As a process does that has just started: opens the board and reads the newest release. */
  open: ({ releases }) =>
    timed(async () => {
      const store = fileStore(boardWith(releases).folder)
      await store.open()
      const latest = await store.latest({ namespace }, signal)
      if (latest.type !== 'release') throw new Error('there is no release')
      await store.close()
    }),
  list: ({ releases }) =>
    timed(async () => {
      const log = join(boardWith(releases).folder, 'public/v1', namespace, 'releases')
      for (const epoch of await readdir(log)) await readdir(join(log, epoch))
    }),
  async command({ releases, name }) {
    const { folder } = boardWith(releases)
    const file = join(root, 'document.json')
    count += 1
    await writeFile(file, JSON.stringify({ size: count }))
    const args = {
      get: [],
      history: ['--limit', '3'],
      publish: [file, '--everyone', '--reason', 'benchmark'],
    }[/** @type {'get' | 'history' | 'publish'} */ (name)]
    return timed(() => run(process.execPath, [program, name, ...args, '--board', folder, '-n', namespace]))
  },
  remove: () => rm(root, { recursive: true, force: true }),
})
