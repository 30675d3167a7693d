// Readers that stop reading while large changes go on: what the server holds for them, and what
// each has to read afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import { figuresOfBefore, thisBuild } from '../before/build.js'
import { summarize } from '../statistics.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'
import { servers, withBefore } from './servers.js'

/**
 * @import { Build } from '../before/build.js'
 * @import { Bench, Part } from '../main.js'
 * @import { Server } from './servers.js'
 * @typedef {Server & { connections: number, stalled: number, pauseMs: number, grownMB: number[], readBytes: number[], beyond: number[] }}
 * Side
 * @typedef {{ bytes: number, starts: readonly number[], held: number | undefined }} Read `starts`:
 * where in these bytes a release begins
 */

const connections = 1_000
const stalled = 100
const documentBytes = 204_800
/** Between two publishes, so that each reaches those who read. */
const pauseMs = 100
/**
 * What holds a copy for each reader that does not read: the negative control. A few such readers,
 * and none beside them, are enough to see it.
 */
const copyEach = {
  name: 'copies',
  title: 'node:net, a copy each',
  module: 'net-process.js',
  mode: 'copies',
  connections: 20,
  stalled: 20,
  pauseMs: 10,
}
/** The same with readers who all read: what the server grows by, whoever stalls. */
const allReading = {
  name: 'reading',
  title: 'noticeboard, all of them read',
  module: 'noticeboard-process.js',
  connections,
  stalled: 0,
  pauseMs,
}
/**
 * How much of what it holds has to be seen, in MB; with few changes the system holds nearly all.
 */
const leastSeenMB = 60

/**
 * @param {Pick<Bench, 'options' | 'processes' | 'say' | 'before'>} bench @param {readonly Server[]}
 * [among]
 * @returns {Promise<Part>}
 */
export async function measureStalled(
  { options: { quick }, processes, say, before },
  among = servers.slice(0, 2),
) {
  const [publishes, rounds] = quick ? [30, 3] : [60, 5]
  /** @type {Uint8Array | undefined} */
  let frame
  const now = thisBuild(processes)
  const old = before?.build('stalled')
  const compared = withBefore(among, old)
  /** @type {Side[]} */
  const sides = [
    ...compared.map(server => ({ ...server, connections, stalled, pauseMs })),
    allReading,
    copyEach,
  ].map(side => ({ ...side, grownMB: [], readBytes: [], beyond: [] }))
  for (let round = 0; round < rounds; round += 1)
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const { build = now } = side
      await build.attempt(() => stall(side, build))
    }
  const done = sides.filter(({ build }) => build?.problem === undefined)
  const rows = done.map(({ name, title, grownMB, readBytes, beyond }) => ({
    name,
    title,
    grownMB: summarize(grownMB),
    ...(readBytes.length > 0 && { read: summarize(readBytes) }),
    ...(beyond.length > 0 && { beyond: summarize(beyond) }),
  }))

  const text = [
    paragraph(
      `${publishes} changes of ${size(documentBytes)} to ${connections.toLocaleString('en')} event streams, of which ${stalled} do not read`,
    ),
    '',
    formatTable(
      ['', 'resident, MB more', 'read afterwards, MB each', 'frames beyond the system'],
      rows.map(({ title, grownMB, read, beyond }) => [
        title,
        ranged(grownMB),
        read === undefined ? '-' : ranged(read, bytes => figure(bytes / 1e6)),
        beyond === undefined ? '-' : ranged(beyond, String),
      ]),
    ),
    paragraph(
      `resident: of the server, whose store holds ${size(publishes * documentBytes)} of history where it has one. read: what the system held, and what came then. frames beyond the system: those of which it held nothing, at the reader that had most. a copy each: the negative control, to ${copyEach.stalled} readers that do not read.`,
    ),
  ].join('\n')
  const figures = {
    connections,
    stalled,
    publishes,
    documentBytes,
    leastSeenMB,
    rows,
    ...figuresOfBefore(old),
  }
  return { figures, text }

  /**
   * Publishes to readers of which some do not read, at a server that is new.
   * @param {Side} side @param {Build} build
   */
  async function stall(side, build) {
    const { module, mode } = side
    const child = await build.start(new URL(module, import.meta.url), { documentBytes, mode })
    const readers = await processes.start(new URL('herd-process.js', import.meta.url))
    /** @type {Uint8Array | undefined} */
    const own = module.endsWith('noticeboard-process.js') ? await child.ask('newestFrame') : frame
    // What noticeboard greets with is what the others send.
    frame ??= own
    await child.ask('frame', frame)
    const leastBytes = own?.length ?? 0
    const port = await child.ask('port')
    const fleet = { first: 0, count: side.connections, suffix: '', leastBytes, inFlight: 250 }
    const { stranded } = await readers.ask('open', { port, ...fleet })
    if (stranded > 0)
      throw new Error(`${side.title} did not greet ${stranded} of ${side.connections} readers`)
    await sleep(pauseMs)
    const before = await child.ask('residentBytes')
    await readers.ask('pause', { count: side.stalled })
    for (let round = 1; round <= publishes; round += 1) {
      await child.ask('prepare', { round })
      await child.ask('broadcast')
      await sleep(side.pauseMs)
    }
    // What is on its way over the loopback is there.
    await sleep(pauseMs)
    const after = await child.ask('residentBytes')
    /** @type {Read[]} */
    const read = side.stalled === 0 ? [] : await readers.ask('resume', { count: side.stalled })
    side.grownMB.push((after - before) / 1e6)
    side.readBytes.push(...read.map(({ bytes }) => bytes))
    const beyond = framesBeyond(read)
    if (beyond !== undefined) side.beyond.push(beyond)
    say(`stalled: ${side.title} was measured, ${side.grownMB.length} of ${rounds}`)
    await child.end()
    await readers.end()
  }
}

/**
 * How many releases came of which the system held nothing when reading went on, at the reader that
 * had most of them. Undefined where the system does not tell.
 * @param {readonly Read[]} read
 */
export function framesBeyond(read) {
  const each = read.map(({ starts, held }) =>
    held === undefined ? Number.NaN : starts.filter(start => start >= held).length,
  )
  return each.some(Number.isNaN) || each.length === 0 ? undefined : Math.max(...each)
}
