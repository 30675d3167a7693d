// One change to thousands of event streams, beside a bare broadcast of the same bytes, in turns.
import { setTimeout as sleep } from 'node:timers/promises'
import { figuresOfBefore, thisBuild } from '../before/build.js'
import { bytesOf, makeDocument } from '../document.js'
import { processorMs } from '../processor-time.js'
import { countRounds } from '../rounds.js'
import { reachedBy, summarize, summarizeRatio } from '../statistics.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'
import { openAll, receivedByAll, startReaders } from './readers.js'
import { servers, stringEach, stringifyEach, withBefore } from './servers.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Build } from '../before/build.js'
 * @import { Child } from '../processes.js'
 * @typedef {{ name: string, title: string, build: Build, child: Child, isControl: boolean, rounds: Round[], turnsMs: number[] }}
 * Side
 * @typedef {{ lastMs: number, halfMs: number, cpuMs: number, bytes: number }} Round
 */

/** Larger snapshots do not come along with their release. */
const mostBytes = 250_000
/** Smaller frames could not be told from the head of the stream and its first sign of life. */
const leastDocumentBytes = 1_000
/** After the last reader: what the server still does, and the kernel still counts. */
const settleMs = 150

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureFanOut({ options, processes, say, before }) {
  const { connections, quick, naive } = options
  const document = chooseDocument(options)
  const leastBytes = bytesOf(document)
  const counting = quick
    ? { warmUps: 2, most: 6, least: 3, budgetMs: 12_000 }
    : { warmUps: 4, most: 21, least: 5, budgetMs: 70_000 }

  const now = thisBuild(processes)
  const old = before?.build('fanout')
  const compared = withBefore(servers, old)
  const chosen = [...compared, ...(naive ? [stringEach] : []), stringifyEach]
  const { readers, bounds } = await startReaders({ processes }, { connections, sides: chosen.length })
  /** @type {Side[]} */
  const sides = []
  /** @type {Uint8Array | undefined} */
  let frame
  for (const { name, title, module, mode, build = now } of chosen) {
    await build.attempt(async () => {
      const child = await build.start(new URL(module, import.meta.url), { document, mode })
      const isControl = !compared.some(server => server.name === name)
      const side = { name, title, build, child, isControl, rounds: [], turnsMs: [] }
      if (frame !== undefined) await child.ask('frame', frame)
      await connect(side)
      // What noticeboard's first reader got is what the others send.
      frame ??= (await broadcast(side, 1)).frame
      sides.push(side)
      say(`fan-out: ${connections} connections to ${title}`)
    })
  }

  for (const { index: round, isMeasured } of countRounds(counting)) {
    // There and back again, so that nobody always comes after the same one.
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      // What is done badly on purpose is dear, and needs no more rounds to be seen.
      if (side.isControl && side.rounds.length >= counting.least) continue
      const done = await side.build.attempt(() => broadcast(side, 2 + round))
      if (isMeasured && done !== undefined) side.rounds.push(done.measured)
    }
  }
  const rounds = sides[0]?.rounds.length ?? 0
  say(`fan-out: ${rounds} rounds of each were measured`)
  for (const side of sides) await side.build.attempt(() => watch(side))
  for (const { child } of sides) await child.end()
  for (const reader of readers) await reader.end()

  const done = sides.filter(({ build }) => build.problem === undefined)
  const figures = {
    connections,
    documentBytes: leastBytes,
    rounds,
    warmUps: counting.warmUps,
    rows: done.map(side => rowOf(side, done)),
    ...figuresOfBefore(old),
  }
  return { figures, text: describe(figures) }

  /** @param {Side} side */
  async function connect({ name, title, child }) {
    const port = await child.ask('port')
    await openAll({ readers, bounds }, title, { name, port, leastBytes })
    const connected = await child.ask('connections')
    if (connected !== connections) throw new Error(`${name} has ${connected} of ${connections} connections`)
  }

  /** @param {Side} side @param {number} round */
  async function broadcast({ name, title, child }, round) {
    await child.ask('prepare', { round })
    await Promise.all(readers.map(reader => reader.ask('arm', { name })))
    await sleep(20)
    const before = await processorMs(child)
    const received = Promise.all(readers.map(reader => reader.ask('received', { name })))
    // Where that fails, nobody waits for them.
    received.catch(() => {})
    const startedMs = await child.ask('broadcast')
    const results = await received
    await sleep(settleMs)
    const cpuMs = (await processorMs(child)) - before
    const { times, bytes, frame: seen } = receivedByAll(results, { title, connections })
    const measured = {
      halfMs: reachedBy(times, 0.5) - startedMs,
      lastMs: reachedBy(times, 1) - startedMs,
      cpuMs,
      bytes,
    }
    return { measured, frame: seen }
  }

  /** How long the server works in one turn of its loop. @param {Side} side */
  async function watch(side) {
    for (let round = 0; round < counting.least; round += 1) {
      await side.child.ask('watchTurns')
      await broadcast(side, 1_000 + round)
      side.turnsMs.push(await side.child.ask('longestTurnMs'))
    }
  }

  /** @param {Side} side @param {readonly Side[]} all */
  function rowOf(side, all) {
    const floor = all.find(({ name }) => name === 'net') ?? side
    const cpu = (/** @type {Side} */ { rounds: own }) => own.map(({ cpuMs }) => (cpuMs * 1_000) / connections)
    const last = (/** @type {Side} */ { rounds: own }) => own.map(({ lastMs }) => lastMs)
    return {
      name: side.name,
      title: side.title,
      bytesPerReader: (side.rounds[0]?.bytes ?? 0) / connections,
      cpuMsPerThousand: summarize(cpu(side)),
      cpuRatio: summarizeRatio(cpu(side), cpu(floor)),
      halfMs: summarize(side.rounds.map(({ halfMs }) => halfMs)),
      lastMs: summarize(last(side)),
      lastRatio: summarizeRatio(last(side), last(floor)),
      turnMs: summarize(side.turnsMs),
    }
  }

  /** @param {typeof figures} measured */
  function describe({ rows, documentBytes }) {
    return [
      paragraph(
        `2. A change of ${size(documentBytes)} to ${connections.toLocaleString('en')} event streams; the servers take turns, ${rounds} rounds`,
      ),
      '',
      formatTable(
        ['', 'CPU ms/1,000', 'ratio', 'last, ms', 'ratio', 'turn, ms'],
        rows.map(({ title, cpuMsPerThousand, cpuRatio, lastMs, lastRatio, turnMs }) => [
          title,
          figure(cpuMsPerThousand.median),
          ranged(cpuRatio),
          figure(lastMs.median),
          figure(lastRatio.median),
          figure(turnMs.median),
        ]),
      ),
      paragraph(
        `CPU: of the server, for 1,000 deliveries of ${figure(rows[0]?.bytesPerReader ?? 0)} bytes. last: until the last reader has it all. ratio: to node:net, round by round. turn: the longest that it works before others have theirs, in processor time.`,
      ),
    ].join('\n')
  }
}

/** @param {import('../options.js').Options} options */
function chooseDocument({ document, bytes }) {
  if (bytes > mostBytes) return makeDocument(20_480)
  return bytes >= leastDocumentBytes ? document : { ...document, padding: 'x'.repeat(leastDocumentBytes) }
}
