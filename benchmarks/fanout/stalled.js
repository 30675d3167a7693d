// Readers that stop reading while large changes go on: what the server holds for them, and what
// each has to read afterwards.
import { setTimeout as sleep } from 'node:timers/promises'
import { summarize } from '../statistics.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'
import { servers } from './servers.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Server } from './servers.js'
 */

const connections = 1_000
const stalled = 100
const documentBytes = 204_800
/** Between two publishes, so that each reaches those who read. */
const pauseMs = 100

/**
 * @param {Pick<Bench, 'options' | 'processes' | 'say'>} bench @param {readonly Server[]} [among]
 * @returns {Promise<Part>}
 */
export async function measureStalled({ options: { quick }, processes, say }, among = servers.slice(0, 2)) {
  const [publishes, rounds] = quick ? [10, 3] : [60, 5]
  /** @type {Uint8Array | undefined} */
  let frame
  const sides = among.map(server => ({
    ...server,
    grownMB: /** @type {number[]} */ ([]),
    read: /** @type {number[]} */ ([]),
  }))
  for (let round = 0; round < rounds; round += 1)
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await stall(side)
  const rows = sides.map(({ name, title, grownMB, read }) => ({
    name,
    title,
    grownMB: summarize(grownMB),
    read: summarize(read),
  }))

  const text = [
    paragraph(
      `${publishes} changes of ${size(documentBytes)} to ${connections.toLocaleString('en')} event streams, of which ${stalled} do not read`,
    ),
    '',
    formatTable(
      ['', 'resident, MB more', 'read afterwards, MB each'],
      rows.map(({ title, grownMB, read }) => [
        title,
        ranged(grownMB),
        ranged(read, bytes => figure(bytes / 1e6)),
      ]),
    ),
    paragraph(
      `resident: of the server, whose store holds ${size(publishes * documentBytes)} of history where it has one. read: what the system held, and what came then.`,
    ),
  ].join('\n')
  return { figures: { connections, stalled, publishes, documentBytes, rows }, text }

  /**
   * Publishes to readers of which some do not read, at a server that is new.
   * @param {(typeof sides)[number]} side
   */
  async function stall({ title, module, mode, grownMB, read: allRead }) {
    const child = await processes.start(new URL(module, import.meta.url), { documentBytes, mode })
    const readers = await processes.start(new URL('herd-process.js', import.meta.url))
    frame ??= /** @type {Uint8Array} */ (await child.ask('newestFrame'))
    await child.ask('frame', frame)
    const port = await child.ask('port')
    const fleet = { port, first: 0, count: connections, suffix: '', leastBytes: frame.length, inFlight: 250 }
    await readers.ask('open', fleet)
    await sleep(pauseMs)
    const before = await child.ask('residentBytes')
    await readers.ask('pause', { count: stalled })
    for (let round = 1; round <= publishes; round += 1) {
      await child.ask('prepare', { round })
      await child.ask('broadcast')
      await sleep(pauseMs)
    }
    const after = await child.ask('residentBytes')
    /** @type {number[]} */
    const read = await readers.ask('resume', { count: stalled })
    grownMB.push((after - before) / 1e6)
    allRead.push(...read)
    say(`stalled: ${title} was measured, ${grownMB.length} of ${rounds}`)
    await child.end()
    await readers.end()
  }
}
