// What a client takes of the program it is part of.
import { thisBuild, titleBefore } from '../before/build.js'
import { summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged, size } from '../table.js'
import { bytesOf, versionOf } from '../document.js'
import { bundledBytes } from './bundle.js'

/**
 * @import { Build } from '../before/build.js'
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {{ client: number, bare: number, promised: number, tenfold: number }} Round
 * @typedef {{ build: Build, child: Child, board: Child | undefined, rounds: Round[] }} Side
 */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureClient({ options: { quick, document }, processes, say, before }) {
  const module = (/** @type {string} */ name) => new URL(name, import.meta.url)
  const rounds = quick ? 3 : 7

  /** @type {Record<string, import('../statistics.js').Summary>} */
  const heapBytes = {}
  const now = thisBuild(processes)
  const old = before && {
    heap: before.build('the heap of a client'),
    change: before.build('a change at a client'),
    poll: before.build('a poll of a client'),
    page: before.build('a page'),
  }
  const heapOf = async (/** @type {string} */ kind, build = now) => {
    const child = await build.start(module('client-process.js'))
    const bytes = await child.ask('heap', { kind, count: quick ? 200 : 1_000 })
    await child.end()
    return bytes
  }
  for (const kind of ['pull', 'hybrid', 'stream']) {
    /** @type {{ bytes: number, carelessBytes: number }[]} */
    const held = []
    /** @type {number[]} */
    const ofBefore = []
    while (held.length < (quick ? 3 : 5)) {
      // Bytes, which no neighbour makes more: two processes at a time.
      held.push(...(await Promise.all([heapOf(kind), heapOf(kind)])))
      const both =
        kind === 'stream'
          ? undefined
          : await old?.heap.attempt(() => Promise.all([heapOf(kind, old.heap), heapOf(kind, old.heap)]))
      ofBefore.push(...(both ?? []).map(({ bytes }) => bytes))
    }
    if (ofBefore.length > 0 && old?.heap.problem === undefined)
      heapBytes[`${kind}-${titleBefore}`] = summarize(ofBefore)
    heapBytes[kind] = summarize(held.map(({ bytes }) => bytes))
    heapBytes[`${kind}-careless`] = summarize(held.map(({ carelessBytes }) => carelessBytes))
    say(`client: the heap of ${kind} was measured`)
  }

  const documents = Array.from({ length: (rounds + 1) * 20 }, (_, round) => versionOf(document, round))
  const changes = await inTurns(rounds, [now, old?.change], async build => {
    const child = await build.start(module('client-process.js'))
    await child.ask('changes', { documents, rounds: rounds + 1 })
    return { child, board: undefined }
  })
  const polls = await inTurns(rounds, [now, old?.poll], async build => {
    const child = await build.start(module('client-process.js'))
    // Each asks a board of its own build, which it is made for.
    const board = await build.start(module('../poll/board-process.js'), { document })
    const [port, path] = [await board.ask('port'), await board.ask('path')]
    await child.ask('polls', { port, path, times: quick ? 100 : 400 })
    return { child, board }
  })
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

  /** @type {Record<'whole' | 'lean' | 'withSchema' | 'ofBefore', number[]>} */
  const bundled = { whole: [], lean: [], withSchema: [], ofBefore: [] }
  while (bundled.whole.length < rounds) {
    bundled.whole.push(await bundledBytes())
    bundled.lean.push(await bundledBytes({ isLean: true }))
    bundled.withSchema.push(await bundledBytes({ withSchema: true }))
    const own = await old?.page.attempt(() => bundledBytes({}, before?.moduleOf(module('bundle.js'))))
    if (own !== undefined) bundled.ofBefore.push(own)
  }
  const idle = await measureIdle({ quick, rounds, document, processes })
  say('client: a bundle and clients that nothing happens to were measured')

  /**
   * @type {{ title: string, measured: readonly (Partial<Round> & { client: number, bare: number })[],
   * promised?: string, ofBefore?: readonly number[] }[]}
   */
  const compared = [
    {
      title: 'a change, us, beside a bare hash and parse',
      measured: changes.own,
      ofBefore: changes.before,
      promised: 'the same, frozen, and written once more',
    },
    {
      title: 'a poll, us, beside a bare fetch',
      measured: polls.own,
      ofBefore: polls.before,
      promised: 'the same, with a deadline and past caches',
    },
    { title: "import 'noticeboard', ms, beside zod", measured: imports },
  ]
  const rows = compared.map(({ title, measured, promised, ofBefore }) => {
    const client = measured.map(round => round.client)
    const bare = measured.map(round => round.bare)
    return {
      title,
      client: summarize(client),
      bare: summarize(bare),
      ratio: summarizeRatio(client, bare),
      ...(promised !== undefined && {
        promised: {
          title: promised,
          ...summarize(measured.map(round => round.promised ?? Number.NaN)),
        },
        tenfold: {
          title: 'ten bare ones',
          ...summarize(measured.map(round => round.tenfold ?? Number.NaN)),
        },
      }),
      ...(ofBefore !== undefined && ofBefore.length > 0 && { ofBefore: summarize(ofBefore) }),
    }
  })
  const text = [
    paragraph(`11. A client in a program; ${rounds} rounds`),
    '',
    formatTable(
      ['heap of a client beside a 7-byte document', ''],
      [
        { kind: 'pull', title: 'pull' },
        { kind: 'hybrid', title: 'hybrid' },
        ...['pull', 'hybrid'].map(kind => ({
          kind: `${kind}-${titleBefore}`,
          title: `${kind}, ${titleBefore}`,
        })),
        { kind: 'stream', title: 'a stream that a bare fetch holds open' },
      ].flatMap(({ kind, title }) => {
        const bytes = heapBytes[kind]
        return bytes === undefined ? [] : [[title, ranged(bytes, size)]]
      }),
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
    bundledBytes: {
      ...summarize(bundled.whole),
      ...(bundled.ofBefore.length > 0 && { ofBefore: summarize(bundled.ofBefore) }),
    },
    leanBytes: summarize(bundled.lean),
    withSchemaBytes: summarize(bundled.withSchema),
    ...(old !== undefined && {
      before: Object.fromEntries(Object.entries(old).map(([what, { problem }]) => [what, { problem }])),
    }),
  }
  return { figures, text }
}

/**
 * Rounds of what each build does, in turns; the first is for the compiler.
 * @param {number} rounds
 * @param {readonly (Build | undefined)[]} builds this one, and the one before where it was asked for
 * @param {(build: Build) => Promise<Pick<Side, 'child' | 'board'>>} start
 * @returns {Promise<{ own: readonly Round[], before: readonly number[] }>}
 */
async function inTurns(rounds, builds, start) {
  /** @type {Side[]} */
  const sides = []
  for (const build of builds) {
    await build?.attempt(async () => void sides.push({ build, ...(await start(build)), rounds: [] }))
  }
  for (let index = 0; index <= rounds; index += 1) {
    // There and back again, so that nobody always comes after the same one.
    for (const side of index % 2 === 0 ? sides : sides.toReversed()) {
      /** @type {Round | undefined} */
      const round = await side.build.attempt(() => side.child.ask('round', { index }))
      if (index > 0 && round !== undefined) side.rounds.push(round)
    }
  }
  for (const { build, child, board } of sides) {
    await build.attempt(() => child.ask('end'))
    await child.end()
    await board?.end()
  }
  const [own, other] = sides
  return { own: own?.rounds ?? [], before: (other?.rounds ?? []).map(({ client }) => client) }
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
