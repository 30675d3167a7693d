// What a client takes of the program it is part of.
import { summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged, size } from '../table.js'
import { bytesOf, versionOf } from '../document.js'
import { bundledBytes } from './bundle.js'

/** @import { Bench, Part } from '../main.js' */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureClient({ options: { quick, document }, processes, say }) {
  const module = (/** @type {string} */ name) => new URL(name, import.meta.url)
  const rounds = quick ? 3 : 7

  /** @type {Record<string, import('../statistics.js').Summary>} */
  const heapBytes = {}
  const heapOf = async (/** @type {string} */ kind) => {
    const child = await processes.start(module('client-process.js'))
    const bytes = await child.ask('heap', { kind, count: quick ? 200 : 1_000 })
    await child.end()
    return bytes
  }
  for (const kind of ['pull', 'hybrid']) {
    /** @type {{ bytes: number, carelessBytes: number }[]} */
    const held = []
    // Bytes, which no neighbour makes more: two processes at a time.
    while (held.length < (quick ? 3 : 5)) held.push(...(await Promise.all([heapOf(kind), heapOf(kind)])))
    heapBytes[kind] = summarize(held.map(({ bytes }) => bytes))
    heapBytes[`${kind}-careless`] = summarize(held.map(({ carelessBytes }) => carelessBytes))
    say(`client: the heap of ${kind} was measured`)
  }

  const child = await processes.start(module('client-process.js'))
  const documents = Array.from({ length: (rounds + 1) * 20 }, (_, round) => versionOf(document, round))
  const changes = await child.ask('change', { documents, rounds })
  const board = await processes.start(module('../poll/board-process.js'), { document })
  const [port, path] = [await board.ask('port'), await board.ask('path')]
  const polls = await child.ask('poll', { port, path, rounds, times: quick ? 100 : 400 })
  for (const process of [child, board]) await process.end()
  say('client: changes and polls were measured')

  /** @type {{ client: number, bare: number }[]} */
  const imports = []
  const importOf = async (/** @type {string} */ name) => {
    const process = await processes.start(module('import-process.js'), { module: name })
    const milliseconds = await process.ask('milliseconds')
    await process.end()
    return milliseconds
  }
  for (let round = 0; round < rounds; round += 1)
    imports.push({ client: await importOf('noticeboard'), bare: await importOf('zod') })
  say('client: imports were measured')

  /** @type {Record<'whole' | 'lean' | 'withSchema', number[]>} */
  const bundled = { whole: [], lean: [], withSchema: [] }
  while (bundled.whole.length < rounds) {
    bundled.whole.push(await bundledBytes())
    bundled.lean.push(await bundledBytes({ isLean: true }))
    bundled.withSchema.push(await bundledBytes({ withSchema: true }))
  }
  const idle = await measureIdle({ quick, rounds, document, processes })
  say('client: a bundle and clients that nothing happens to were measured')

  const rows = [
    {
      title: 'a change, us, beside a bare hash and parse',
      measured: changes,
      promised: 'the same, frozen, and written once more',
    },
    {
      title: 'a poll, us, beside a bare fetch',
      measured: polls,
      promised: 'the same, with a deadline and past caches',
    },
    { title: "import 'noticeboard', ms, beside zod", measured: imports },
  ].map(({ title, measured, promised }) => {
    const client = measured.map((/** @type {{ client: number }} */ round) => round.client)
    const bare = measured.map((/** @type {{ bare: number }} */ round) => round.bare)
    return {
      title,
      client: summarize(client),
      bare: summarize(bare),
      ratio: summarizeRatio(client, bare),
      ...(promised !== undefined && {
        promised: {
          title: promised,
          ...summarize(measured.map((/** @type {{ promised: number }} */ round) => round.promised)),
        },
        tenfold: {
          title: 'ten bare ones',
          ...summarize(measured.map((/** @type {{ tenfold: number }} */ round) => round.tenfold)),
        },
      }),
    }
  })
  const text = [
    paragraph(`11. A client in a program; ${rounds} rounds`),
    '',
    formatTable(
      ['heap of a client beside a 7-byte document', ''],
      ['pull', 'hybrid'].map(kind => [kind, ranged(heapBytes[kind] ?? summarize([]), size)]),
    ),
    '',
    formatTable(
      ['processor time', 'noticeboard', 'bare', 'ratio'],
      rows.map(({ title, client, bare, ratio }) => [title, ranged(client), ranged(bare), ranged(ratio)]),
    ),
    paragraph(
      'The heap after full collections, without what the runtime takes for sockets: the board answers in the same process.',
    ),
    '',
    formatTable(
      ['processor time an hour, nothing happening', 'ms'],
      Object.entries(idle).map(([kind, ms]) => [idleTitles[kind] ?? kind, ranged(ms)]),
    ),
    paragraph(
      `Extrapolated: all periods are shortened ${shortened}-fold, so connections are kept that an ordinary poll opens anew.`,
    ),
    paragraph(
      `A page that pulls over fetch, bundled, minified and compressed by gzip, without a schema library: ${ranged(summarize(bundled.whole), size)}; without all that such a page can do without: ${ranged(summarize(bundled.lean), size)}.`,
    ),
  ].join('\n')
  const figures = {
    rounds,
    documentBytes: bytesOf(document),
    heapBytes,
    rows,
    idleMs: idle,
    bundledBytes: summarize(bundled.whole),
    leanBytes: summarize(bundled.lean),
    withSchemaBytes: summarize(bundled.withSchema),
  }
  return { figures, text }
}

/** So many times shorter than by default are polls, sweeps and heartbeats of idle clients. */
const shortened = 20
/** The server's heartbeat by default, in milliseconds. */
const heartbeatMs = 8_000

/** @type {Readonly<Record<string, string>>} */
const idleTitles = {
  pull: 'a client that pulls',
  fetch: 'its requests, by a bare fetch',
  hybrid: 'a hybrid client',
  stream: 'its stream, read by a bare fetch',
}

/**
 * What clients take that nothing happens to, in milliseconds of processor time an hour.
 * @param {Pick<Bench, 'processes'> & { quick: boolean, rounds: number, document: object }} asked
 */
async function measureIdle({ quick, rounds, document, processes }) {
  const board = await processes.start(new URL('../poll/board-process.js', import.meta.url), {
    document,
    heartbeatMs: heartbeatMs / shortened,
  })
  const url = `http://127.0.0.1:${await board.ask('port')}`
  const asked = { url, count: quick ? 20 : 50, factor: shortened, forMs: quick ? 1_000 : 5_000 }
  /** @type {Record<string, number[]>} */
  const took = {}
  const order = Object.keys(idleTitles)
  for (let round = 0; round < rounds; round += 1) {
    // There and back again, so that nobody always comes after the same one.
    for (const kind of round % 2 === 0 ? order : order.toReversed()) {
      const child = await processes.start(new URL('idle-process.js', import.meta.url))
      const ms = await child.ask('idle', { ...asked, kind })
      await child.end()
      took[kind] = [...(took[kind] ?? []), ms]
    }
  }
  await board.end()
  return Object.fromEntries(order.map(kind => [kind, summarize(took[kind] ?? [])]))
}
