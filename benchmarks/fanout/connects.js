// A fleet that connects at once, beside a bare node:http that sends the same bytes, in turns; and
// what a stream holds while it is idle.
import { setTimeout as sleep } from 'node:timers/promises'
import { figuresOfBefore, thisBuild } from '../before/build.js'
import { bytesOf } from '../document.js'
import { processorMs } from '../processor-time.js'
import { countRounds } from '../rounds.js'
import { summarize, summarizeRatio } from '../statistics.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'
import { namespace } from './protocol.js'
import { careless, bareResumed, servers, withBefore } from './servers.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Build } from '../before/build.js'
 * @import { Child } from '../processes.js'
 * @import { Server } from './servers.js'
 * @typedef {{ name: string, title: string, build: Build, child: Child, suffix: string, leastBytes: number, isControl: boolean, rounds: Round[], residentKB: readonly number[] }}
 * Side
 * @typedef {{ lastMs: number, connectUs: number, endUs: number, stranded: number }} Round
 */

const readerProcesses = 2
/** How many connections may be under way at the same time. */
const inFlight = 2_000
/** After the last reader: what the server still does. */
const settleMs = 150
/** After the last stream was greeted, those that are open still: they are left out, then. */
const quietMs = 20_000

/** @param {Bench} bench @param {readonly Server[]} [among] @returns {Promise<Part>} */
export async function measureConnects(
  { options, processes, say, before },
  among = [...servers, bareResumed, careless],
) {
  const { connections, quick, document } = options
  const counting = quick
    ? { warmUps: 1, most: 3, least: 3, budgetMs: 12_000 }
    : { warmUps: 2, most: 9, least: 5, budgetMs: 70_000 }
  const readers = await Promise.all(
    Array.from({ length: readerProcesses }, () =>
      processes.start(new URL('herd-process.js', import.meta.url)),
    ),
  )
  const share = Math.ceil(connections / readerProcesses)

  const now = thisBuild(processes)
  const old = before?.build('connects')
  /** @type {Side[]} */
  const sides = []
  /** @type {Uint8Array | undefined} */
  let frame
  for (const { name, title, module, mode, build = now } of withBefore(among, old)) {
    const isControl = name === careless.name
    const isNoticeboard = module.endsWith('noticeboard-process.js')
    const start = async () => {
      const child = await build.start(new URL(module, import.meta.url), { document, mode })
      /** @type {Uint8Array | undefined} */
      const own = isNoticeboard ? await child.ask('newestFrame') : frame
      // What noticeboard greets with is what the others send.
      frame ??= own
      await child.ask('frame', frame)
      // A careless one sends the document and no more.
      const leastBytes = isControl ? bytesOf(document) : (own?.length ?? 0)
      return { child, leastBytes: name === bareResumed.name ? 0 : leastBytes }
    }
    await build.attempt(async () => {
      const { child, leastBytes } = await start()
      const residentKB = []
      while (residentKB.length < counting.least) residentKB.push((await weigh(start)) / 1_024)
      sides.push({ name, title, build, child, suffix: '', leastBytes, isControl, rounds: [], residentKB })
      if (!isNoticeboard) return
      const suffix = `&have=${encodeURIComponent(`${namespace}=${await child.ask('digest')}`)}`
      const resumed = { name: `${name}-resumed`, title: `${title}, resumed`, suffix, leastBytes: 0 }
      sides.push({ ...resumed, build, child, isControl, rounds: [], residentKB })
    })
  }
  for (const { index: round, isMeasured } of countRounds(counting)) {
    // There and back again, so that nobody always comes after the same one.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      // What is done badly on purpose needs no more rounds to be seen.
      if (side.isControl && side.rounds.length >= counting.least) continue
      const measured = await side.build.attempt(() => herd(side))
      if (isMeasured && measured !== undefined) side.rounds.push(measured)
    }
  }
  say(`connects: ${sides[0]?.rounds.length ?? 0} rounds of each were measured`)
  for (const child of new Set(sides.map(({ child: own }) => own))) await child.end()
  for (const reader of readers) await reader.end()

  const floor = sides.find(({ name }) => name === 'shared')
  const done = sides.filter(({ build }) => build.problem === undefined)
  const rows = done.map(({ name, title, rounds, residentKB }) => {
    const of = (/** @type {(round: Round) => number} */ pick) => summarize(rounds.map(pick))
    const ratio = (/** @type {(round: Round) => number} */ pick) =>
      summarizeRatio(rounds.map(pick), (floor?.rounds ?? rounds).map(pick))
    return {
      name,
      title,
      connectUs: of(({ connectUs }) => connectUs),
      connectRatio: ratio(({ connectUs }) => connectUs),
      endUs: of(({ endUs }) => endUs),
      lastMs: of(({ lastMs }) => lastMs),
      lastRatio: ratio(({ lastMs }) => lastMs),
      stranded: of(({ stranded }) => stranded),
      residentKB: summarize(residentKB),
    }
  })
  const text = [
    paragraph(
      `${connections.toLocaleString('en')} event streams that open at once, each greeted with ${size(bytesOf(document))}; the servers take turns`,
    ),
    '',
    formatTable(
      ['', 'open, us', 'ratio', 'end, us', 'last, ms', 'ratio', 'lost', 'idle, KB'],
      rows.map(row => [
        row.title,
        figure(row.connectUs.median),
        ranged(row.connectRatio),
        figure(row.endUs.median),
        figure(row.lastMs.median),
        figure(row.lastRatio.median),
        String(row.stranded.rounds.reduce((sum, stranded) => sum + stranded, 0)),
        figure(row.residentKB.median),
      ]),
    ),
    paragraph(
      'open, end: processor time of the server for each. last: until the last was greeted. ratio: to node:http, round by round. lost: streams that were never greeted. idle: resident for each open stream. careless: makes and keeps a greeting for each stream, and ends one in fifty without any.',
    ),
  ].join('\n')
  const figures = {
    connections,
    documentBytes: bytesOf(document),
    rows,
    ...figuresOfBefore(old),
  }
  return { figures, text }

  /** Opens and ends all of them once. @param {Side} side @returns {Promise<Round>} */
  async function herd(side) {
    const before = await processorMs(side.child)
    const opened = await open(side)
    await sleep(settleMs)
    const between = await processorMs(side.child)
    const held = await side.child.ask('connections')
    await close(side)
    const after = await processorMs(side.child)
    return {
      lastMs: Math.max(...opened.map(({ lastMs }) => lastMs)),
      connectUs: ((between - before) * 1_000) / connections,
      endUs: ((after - between) * 1_000) / connections,
      // Greeted and hung up on is as lost as never greeted.
      stranded: Math.max(
        connections - held,
        opened.reduce((sum, { stranded }) => sum + stranded, 0),
      ),
    }
  }

  /**
   * What each of them adds to what a server holds that is new.
   * @param {() => Promise<Pick<Side, 'child' | 'leastBytes'>>} start
   */
  async function weigh(start) {
    const side = { ...(await start()), suffix: '' }
    // What a process loads and compiles once is no stream's.
    await open(side, Math.ceil(share / 20))
    await close(side)
    const before = await side.child.ask('residentBytes')
    await open(side)
    const after = await side.child.ask('residentBytes')
    await close(side)
    await side.child.end()
    return (after - before) / connections
  }

  /**
   * @param {Pick<Side, 'child' | 'suffix' | 'leastBytes'>} side
   * @returns {Promise<{ lastMs: number, stranded: number }[]>}
   */
  async function open({ child, suffix, leastBytes }, most = share) {
    const port = await child.ask('port')
    const each = { port, suffix, leastBytes, inFlight: inFlight / readerProcesses, quietMs }
    return Promise.all(
      readers.map((reader, index) => {
        const first = index * share
        return reader.ask('open', { ...each, first, count: Math.min(most, connections - first) })
      }),
    )
  }

  /** @param {Pick<Side, 'child'>} side */
  async function close({ child }) {
    await Promise.all(readers.map(reader => reader.ask('close')))
    while ((await child.ask('connections')) > 0) await sleep(20)
    await sleep(settleMs)
  }
}
