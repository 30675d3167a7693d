// What a server may take under siege, and what is said of it.
import { size } from '../table.js'
import { versions } from './document.js'

/** @typedef {import('./reads.js').Reads} Reads */

/**
 * What was found out at the end, or so far.
 * @typedef {object} Findings
 * @property {number} clients
 * @property {number} workers how many serve beside the one that started them; 0 where one serves by
 * itself
 * @property {number} seconds since the attacks began
 * @property {{ reads: Reads, taken: Taken }} quiet
 * @property {{ reads: Reads, taken: Taken }} besieged
 * @property {number} streamsOpened by the attackers
 * @property {number | undefined} arrivedMs until the rollback was everywhere; undefined while it
 * was not begun
 * @property {number} forgotten clients that the server has no report of
 * @property {number} elsewhere reports that it keeps of names without a release
 * @property {number} stale clients that were stale
 * @property {number} ledAwayLines of the log of the client that listens to a hostile server
 *
 * @typedef {object} Taken
 * @property {number} memoryBytes of all processes of the server
 * @property {number} diskBytes
 * @property {number} lines
 * @property {number} deltasMade by those who serve themselves: the board makes some when it is
 * published to
 * @property {number} encodingsMade
 * @property {number} [bufferBytes] undefined, as those below, where several processes serve: nobody
 * sees into them
 * @property {number} [instances]
 * @property {number} [looks]
 * @property {number} [followed]
 * @property {number} [deltaLooks] how often the board was asked for a delta
 *
 * @typedef {{ name: string, what: string, quiet: string, besieged: string, bound: string, holds: boolean }}
 * Row
 */

/**
 * What the server is started with: its room for reports is small enough to be full within the
 * minute.
 */
export const room = { maxInstances: 15_000, maxReportBytes: 67_108_864 }

/**
 * The server by itself, its room for reports twice (a file of them is made in memory), and the
 * bodies of strangers.
 */
const mostMemoryBytes = 700_000_000
/**
 * A worker by itself, what it keeps of names, and reports on their way to the process that keeps
 * them, at both ends.
 */
const mostWorkerBytes = 250_000_000
/**
 * What several serve has the room for reports that a server has by default, 128 MiB, which the siege
 * fills: the worker that is asked for all of them has them as values, as pieces of a text, and as
 * that text while it answers.
 */
const mostAnswerBytes = 500_000_000
/** 32 MiB of bodies, as much of garbage of them, and a file of reports. */
const mostBufferBytes = 300_000_000
/** 32 MiB of reports, the reserve, and the releases. */
const mostDiskBytes = 40_000_000
const mostLines = 50
const mostLedAwayLines = 20
export const rollbackMs = 10_000
const mostSlower = 5
/**
 * The scheduler counts in ticks of 4 ms, and a quiet read is shorter: less than two of them counts
 * as two.
 */
const leastReadMs = 8
/** How many names without a release are looked up a second, and how many of them besides. */
const looksASecond = 32 + 32
const namesOfAStream = 64
const mostFollowed = 32
/**
 * Two versions are the newest one after the other, before the rollback and after; each has deltas
 * from all others, made once each, and three encodings. Each worker makes its own.
 */
const newestVersions = 2
const mostDeltasMade = newestVersions * (versions - 1)
/** A pair is looked for once; what is found may make room for others and be looked for again. */
const mostDeltaLooks = 2 * mostDeltasMade
const mostEncodingsMade = newestVersions * 3

/**
 * Every bound, and whether it holds.
 * @param {Findings} found
 * @returns {Row[]}
 */
export function judge(found) {
  const { quiet, besieged, clients } = found
  const before = quiet.taken
  const under = besieged.taken
  const serving = Math.max(1, found.workers)
  const looks = found.streamsOpened * namesOfAStream + (found.seconds + 5) * looksASecond
  const memory = mostMemoryBytes + (found.workers > 0 ? mostAnswerBytes + found.workers * mostWorkerBytes : 0)
  const rows = [
    readRow(found),
    row('failed', 'reads that failed', quiet.reads.failed, besieged.reads.failed, 0),
    row('memory', 'memory at most', before.memoryBytes, under.memoryBytes, memory, size),
    row('bodies', 'of it bodies and buffers', before.bufferBytes, under.bufferBytes, mostBufferBytes, size),
    row('disk', 'disk', before.diskBytes, under.diskBytes, mostDiskBytes, size),
    row('instances', 'instances in memory', before.instances, under.instances, room.maxInstances),
    row('elsewhere', 'reports of names without a release', '', found.elsewhere, 0),
    row('looks', 'looks for names that streams wait for', before.looks, under.looks, Math.ceil(looks)),
    row('followed', 'of these names followed one by one', before.followed, under.followed, mostFollowed),
    row('deltas', 'deltas that were made', before.deltasMade, under.deltasMade, serving * mostDeltasMade),
    row('delta looks', 'looks at the board for deltas', before.deltaLooks, under.deltaLooks, mostDeltaLooks),
    row(
      'encodings',
      'encodings that were made',
      before.encodingsMade,
      under.encodingsMade,
      serving * mostEncodingsMade,
    ),
    row('lines', "lines of the server's log", before.lines, under.lines, mostLines),
    row('led away', 'lines of a client of a hostile server', '', found.ledAwayLines, mostLedAwayLines),
    row('rollback', 'rollback at everybody, ms', '', found.arrivedMs ?? 0, rollbackMs, value =>
      value.toFixed(0),
    ),
    row('forgotten', `of ${clients} clients the server forgot`, '', found.forgotten, 0),
    row('stale', `of ${clients} clients were stale`, '', found.stale, 0),
  ]
  return rows.filter(found => found !== undefined)
}

/**
 * The read of a hundred that took longest, by the server's own time where the system tells it.
 * Where the server has only a part of the processor that it wants, what came while it waited is
 * there at once, and so much more of it lies before an answer.
 * @param {Findings} found
 */
function readRow({ quiet, besieged }) {
  const isOwn = quiet.reads.worked.count > 0
  const [before, under] = [quiet, besieged].map(({ reads }) => (isOwn ? reads.worked.p99 : reads.took.p99))
  return row(
    'reads',
    isOwn ? "reads, p99 of the server's own time, ms" : 'reads, p99, ms',
    before ?? Number.NaN,
    under ?? Number.NaN,
    (mostSlower * Math.max(before ?? 0, leastReadMs)) / besieged.reads.share,
    value => value.toFixed(1),
  )
}

/**
 * Undefined where it cannot be seen.
 * @param {string} name @param {string} what @param {number | '' | undefined} quiet
 * @param {number | undefined} besieged @param {number} bound
 * @param {(value: number) => string} [show] @returns {Row | undefined}
 */
function row(name, what, quiet, besieged, bound, show = String) {
  if (quiet === undefined || besieged === undefined) return undefined
  return {
    name,
    what,
    quiet: quiet === '' ? '' : show(quiet),
    besieged: show(besieged),
    bound: show(bound),
    // What was not measured yet holds.
    holds: !(besieged > bound),
  }
}
