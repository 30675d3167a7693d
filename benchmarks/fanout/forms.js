// One key of a large document changed, to thousands of event streams: whole, as a delta, and
// compressed, each by a server of its own, beside bare broadcasts of the same bytes, in turns.
import { setTimeout as sleep } from 'node:timers/promises'
import { besideBefore, thisBuild, titleBefore } from '../before/build.js'
import { bytesOf, makeDocument } from '../document.js'
import { processorMs } from '../processor-time.js'
import { countRounds } from '../rounds.js'
import { summarize, summarizeRatio } from '../statistics.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'
import { beforeOf, controlsAmong } from '../rows.js'
import { frameEnd, namespace } from './protocol.js'
import { boundsOf, openAll, receivedByAll, startReaders } from './readers.js'

/**
 * @import { Build } from '../before/build.js'
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {object} Form in which a change is sent
 * @property {string} name
 * @property {string} title
 * @property {string} module of the server
 * @property {string} [mode] of that server
 * @property {string} [frameOf] the form whose bytes a bare server sends
 * @property {(digest: string) => string} [query] what its readers ask for, when they have that
 * snapshot
 * @property {string} [headers] of their request
 * @property {Buffer} [end] how a frame ends
 * @property {number} [leastBytes] of a frame; as long as the document unless given
 * @property {number} [most] readers, where they are dear; and no more rounds than have to be
 * @property {Build} [build] over which its server runs, where that is not this one
 *
 * @typedef {{ cpuMs: number, bytes: number, deltasMs: readonly number[] }} Round
 * @typedef {Form & { build: Build, child: Child, connections: number, rounds: Round[] }} Side
 */

const documentBytes = 204_800
/** The negative control of what a delta costs. */
const largeTimes = 4
/** After the last reader: what the server still does, and the kernel still counts. */
const settleMs = 150
/** A release is longer than the head of a stream and its first sign of life. */
const leastReleaseBytes = 400
/** What a block of deflate ends with that is flushed in full, at the end of its chunk. */
const flushed = Buffer.from([0, 0, 0xff, 0xff, 0x0d, 0x0a])

/** @type {Form} */
const whole = { name: 'whole', title: 'noticeboard, whole', module: 'noticeboard-process.js' }
/** @type {Form} */
const bareWhole = { name: 'net', title: 'node:net, whole', module: 'net-process.js', frameOf: 'whole' }

/** @type {readonly Form[]} */
const deltaForms = [
  whole,
  {
    name: 'delta',
    title: 'noticeboard, a delta',
    module: 'noticeboard-process.js',
    query: digest => `&inline=1&delta=dcz&have=${encodeURIComponent(`${namespace}=${digest}`)}`,
    leastBytes: leastReleaseBytes,
  },
  {
    name: 'release',
    title: 'noticeboard, the release alone',
    module: 'noticeboard-process.js',
    query: () => '',
    leastBytes: leastReleaseBytes,
  },
  {
    name: 'net-delta',
    title: 'node:net, the bytes of the delta',
    module: 'net-process.js',
    frameOf: 'delta',
    leastBytes: leastReleaseBytes,
  },
  bareWhole,
]

/** @type {readonly Form[]} */
const encodedForms = [
  whole,
  {
    name: 'gzip',
    title: 'noticeboard, gzip',
    module: 'noticeboard-process.js',
    headers: 'Accept-Encoding: gzip\r\n',
    end: flushed,
    leastBytes: 2_000,
  },
  bareWhole,
  {
    name: 'net-gzip',
    title: 'node:net, gzip',
    module: 'net-process.js',
    frameOf: 'gzip',
    end: flushed,
    leastBytes: 2_000,
  },
]

/** The negative control: compressed for each reader, and so for few of them. @type {Form} */
const deflateEach = {
  name: 'deflate',
  title: 'node:http, deflate each',
  module: 'sse-process.js',
  mode: 'deflate',
  frameOf: 'whole',
  end: flushed,
  leastBytes: 2_000,
  most: 100,
}

/**
 * With some of them by the build before, where that is asked for: each right after this one's.
 * @param {readonly Form[]} forms @param {Build | undefined} build @param {readonly string[]} names
 * @returns {readonly Form[]}
 */
function withBefore(forms, build, names) {
  return besideBefore(forms, build, ({ name, title }) =>
    names.includes(name)
      ? { name: `${titleBefore}-${name}`, title: title.replace('noticeboard', titleBefore) }
      : undefined,
  )
}

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureDeltas(bench) {
  const old = bench.before?.build('deltas')
  const forms = withBefore(deltaForms, old, ['delta', 'release'])
  /** @type {number[]} */
  const largeMs = []
  const { of, cpu, sidesBeside, connections, rounds } = await measureForms(bench, forms, {
    part: 'deltas',
    async finish(find, least) {
      while (largeMs.length < least) largeMs.push(...(await find('delta').child.ask('deltaOfMs', largeTimes)))
    },
  })
  const beyondRelease = (/** @type {string} */ name, release = 'release') =>
    of(name, ({ bytes }) => bytes).map(
      (bytes, index) => bytes - (of(release, round => round.bytes)[index] ?? Number.NaN),
    )
  const beyond = beyondRelease('delta')
  const deltas = of('delta', ({ deltasMs }) => deltasMs.length)
  if (deltas.some(count => count !== 1))
    throw new Error(
      `a change to ${connections} readers had ${deltas.join(', ')} deltas made, and not one each`,
    )
  const madeMs = (/** @type {string} */ name) =>
    of(name, ({ deltasMs: [ms = Number.NaN, ...more] }) => (more.length === 0 ? ms : Number.NaN))
  const made = madeMs('delta')
  const ofBefore = `${titleBefore}-delta`
  const bareDelta = { title: 'node:net, the bytes of the delta', rounds: cpu('net-delta') }
  const sides = sidesBeside('whole')
  const text = [
    paragraph(
      `12. One key of ${size(documentBytes)} changed, to ${connections.toLocaleString('en')} event streams; the servers take turns, ${rounds} rounds`,
    ),
    '',
    tableOf(sides),
    paragraph(
      `CPU: of the server, for 1,000 deliveries. ratio: to noticeboard, whole, round by round. The delta was made once a change, in ${ranged(summarize(made))} ms of processor time.`,
    ),
  ].join('\n')
  return {
    figures: {
      connections,
      documentBytes,
      rounds,
      sides,
      beyondRelease: summarize(beyond),
      madeMs: summarize(made),
    },
    text,
    rows: [
      {
        name: `one key changed in ${size(documentBytes)}: bytes to a reader beyond the release`,
        unit: 'bytes',
        ours: { title: 'a delta', rounds: beyond },
        ...beforeOf(old, () => beyondRelease(ofBefore, `${titleBefore}-release`)),
        controls: [{ title: 'the whole document', rounds: beyondRelease('whole'), least: documentBytes / 2 }],
        target: { most: 256 },
      },
      {
        name: `one key changed in ${size(documentBytes)}: processor time of the server, as a delta`,
        unit: 'ms/1,000',
        ours: { title: 'a delta', rounds: cpu('delta') },
        floor: { title: 'the whole document', rounds: cpu('whole') },
        peers: [bareDelta],
        ...beforeOf(old, () => cpu(ofBefore)),
        ...controlsAmong(connections, [
          { title: 'node:net, the whole document', rounds: cpu('net'), least: 2, than: bareDelta },
        ]),
        target: { most: 0.3, of: 'floor' },
      },
      {
        name: `a delta of ${size(documentBytes)}, made once for all readers: processor time`,
        unit: 'ms',
        ours: { title: 'noticeboard', rounds: made },
        ...beforeOf(old, () => madeMs(ofBefore)),
        controls: [{ title: `of ${largeTimes} times as much`, rounds: largeMs, least: 1.5, than: 'ours' }],
        target: { most: 1 },
      },
    ],
  }
}

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureEncodings(bench) {
  const { most: _few, ...toAll } = deflateEach
  const old = bench.before?.build('encodings')
  const compared = withBefore(encodedForms, old, ['gzip'])
  const forms = [...compared, bench.options.naive ? toAll : deflateEach]
  const { cpu, sidesBeside, connections, rounds } = await measureForms(bench, forms, { part: 'encodings' })
  const sides = sidesBeside('net')
  const text = [
    paragraph(
      `13. ${size(documentBytes)}, compressed once for all, to ${connections.toLocaleString('en')} event streams; the servers take turns, ${rounds} rounds`,
    ),
    '',
    tableOf(sides),
    paragraph(
      'CPU: of the server with all its threads, for 1,000 deliveries. ratio: to node:net with the whole document, round by round.',
    ),
  ].join('\n')
  const peers = forms.filter(({ name }) => name === 'whole' || name === 'net-gzip')
  return {
    figures: { connections, documentBytes, rounds, sides },
    text,
    rows: [
      {
        name: `${size(documentBytes)} to ${connections.toLocaleString('en')} event streams that take gzip: processor time of the server`,
        unit: 'ms/1,000',
        ours: { title: 'noticeboard, gzip', rounds: cpu('gzip') },
        floor: { title: 'node:net, whole', rounds: cpu('net') },
        peers: peers.map(({ name, title }) => ({ title, rounds: cpu(name) })),
        ...beforeOf(old, () => cpu(`${titleBefore}-gzip`)),
        controls: [{ title: deflateEach.title, rounds: cpu('deflate'), least: 2, than: 'ours' }],
        target: { most: 0.4, of: 'floor' },
      },
    ],
  }
}

/**
 * Makes changes, each in every form in turn.
 * @param {Bench} bench @param {readonly Form[]} forms
 * @param {{ part: string, finish?: (find: (name: string) => Side, least: number) => Promise<void> }}
 * asked `finish`: what is measured after the last round, so many times at least
 */
async function measureForms({ options, processes, say }, forms, { part, finish }) {
  const { readersOfForms: connections, quick } = options
  const wholeBytes = bytesOf(makeDocument(documentBytes))
  const counting = quick
    ? { warmUps: 1, most: 3, least: 3, budgetMs: 12_000 }
    : { warmUps: 2, most: 9, least: 5, budgetMs: 90_000 }
  const { readers } = await startReaders({ processes }, { connections, sides: forms.length })
  const now = thisBuild(processes)
  /** @type {Side[]} */
  const sides = []
  /** @type {Map<string, Uint8Array>} */
  const frames = new Map()
  for (const form of forms) {
    const { build = now, mode, most = connections } = form
    await build.attempt(async () => {
      const child = await build.start(new URL(form.module, import.meta.url), { documentBytes, mode })
      const side = { ...form, build, child, connections: Math.min(connections, most), rounds: [] }
      if (form.frameOf !== undefined) await child.ask('frame', frames.get(form.frameOf))
      await connect(side)
      // What noticeboard's first reader got is what bare servers send.
      frames.set(form.name, (await change(side, 1)).frame)
      sides.push(side)
      say(`${part}: ${side.connections} connections to ${form.title}`)
    })
  }
  for (const { index, isMeasured } of countRounds(counting)) {
    // There and back again, so that nobody always comes after the same one.
    for (const side of index % 2 === 0 ? sides : sides.toReversed()) {
      if (side.most !== undefined && side.rounds.length >= counting.least) continue
      const done = await side.build.attempt(() => change(side, 2 + index))
      if (isMeasured && done !== undefined) side.rounds.push(done.round)
    }
  }
  const find = (/** @type {string} */ name) => {
    const side = sides.find(each => each.name === name)
    if (side === undefined) throw new Error(`"${name}" did not run`)
    return side
  }
  await finish?.(find, counting.least)
  for (const { child } of sides) await child.end()
  for (const reader of readers) await reader.end()
  const measured = sides.filter(({ build }) => build.problem === undefined)
  const rounds = sides[0]?.rounds.length ?? 0
  say(`${part}: ${rounds} rounds of each were measured`)
  /** @param {string} name @param {(round: Round) => number} pick */
  const of = (name, pick) => find(name).rounds.map(pick)
  const cpu = (/** @type {string} */ name) =>
    of(name, ({ cpuMs }) => (cpuMs * 1_000) / find(name).connections)
  return {
    connections,
    rounds,
    of,
    /** Processor time of the server for 1,000 deliveries, in milliseconds, round by round. */
    cpu,
    /** All of them, with ratios to that one. */
    sidesBeside: (/** @type {string} */ beside) =>
      measured.map(({ name, title }) => ({
        title,
        bytes: summarize(of(name, ({ bytes }) => bytes)),
        cpuMsPerThousand: summarize(cpu(name)),
        cpuRatio: summarizeRatio(cpu(name), cpu(beside)),
      })),
  }

  /** @param {Side} side */
  async function connect(side) {
    const { name, title, child, query, headers, end = frameEnd, leastBytes = wholeBytes } = side
    const port = await child.ask('port')
    const asked = query?.(await child.ask('digest'))
    const bounds = boundsOf(side.connections, readers.length)
    await openAll({ readers, bounds }, title, {
      name,
      port,
      leastBytes,
      headers,
      end,
      ...(asked !== undefined && { query: asked }),
    })
    const connected = await child.ask('connections')
    if (connected !== side.connections)
      throw new Error(`${title} has ${connected} of ${side.connections} connections`)
  }

  /**
   * @param {Side} side @param {number} index
   * @returns {Promise<{ round: Round, frame: Uint8Array }>}
   */
  async function change(side, index) {
    const { name, child, module } = side
    await child.ask('prepare', { round: index })
    await Promise.all(readers.map(reader => reader.ask('arm', { name })))
    await sleep(20)
    const isOurs = module.startsWith('noticeboard')
    if (isOurs) await child.ask('deltasMs')
    const before = await processorMs(child)
    const received = Promise.all(readers.map(reader => reader.ask('received', { name })))
    // Where that fails, nobody waits for them.
    received.catch(() => {})
    await child.ask('broadcast')
    const results = await received
    await sleep(settleMs)
    const cpuMs = (await processorMs(child)) - before
    const { bytes, frame } = receivedByAll(results, side)
    const deltasMs = isOurs ? await child.ask('deltasMs') : []
    return { round: { cpuMs, bytes: bytes / side.connections, deltasMs }, frame }
  }
}

/** @param {ReturnType<Awaited<ReturnType<typeof measureForms>>['sidesBeside']>} sides */
function tableOf(sides) {
  return formatTable(
    ['', 'bytes each', 'CPU ms/1,000', 'ratio'],
    sides.map(({ title, bytes, cpuMsPerThousand, cpuRatio }) => [
      title,
      Math.round(bytes.median).toLocaleString('en'),
      figure(cpuMsPerThousand.median),
      ranged(cpuRatio),
    ]),
  )
}
