// As many event streams as one process may hold, and more by several workers: each gets every
// change.
import { setTimeout as sleep } from 'node:timers/promises'
import { bytesOf, makeDocument } from '../document.js'
import { boundsOf, openShares, spareDescriptors } from '../fanout/readers.js'
import { descriptorLimit } from '../machine.js'
import { processorMs, processorMsOf } from '../processor-time.js'
import { reachedBy, summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'
import { placesFor } from './ports.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {object} Shape
 * @property {string} title
 * @property {number} clients
 * @property {readonly Child[]} servers
 * @property {readonly number[]} ports of the servers; readers go to them in turn
 * @property {Child} publishing what makes the change, where that is one process
 * @property {() => Promise<void>} [remove] what it leaves, before it ends
 * @property {() => Promise<readonly number[]>} pids of all processes that serve
 */

/** What is to be held, where the limit of descriptors of this machine allows it. */
const wanted = { alone: 19_000, together: 50_000 }
const inQuick = { alone: 600, together: 900 }
/**
 * Connections that are under way at the same time, of all readers: fewer than may wait to be
 * accepted (`backlog`), past which the system lets each wait for seconds.
 */
const inFlight = 750
/** After the last reader that was greeted, or had a change, before the others count as lost. */
const quietMs = 20_000
/**
 * Readers of the negative control, of which one in ten is passed over, and how long that is waited
 * for.
 */
const control = { connections: 200, quietMs: 500 }
/** After the last reader: what the servers still do, and the kernel still counts. */
const settleMs = 150
const workers = 3

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureHeld({ options: { quick }, processes, say }) {
  const rounds = quick ? 3 : 5
  const mostOfOne = Math.min(descriptorLimit(), 100_000) - spareDescriptors
  const aim = quick ? inQuick : wanted
  const alone = Math.min(aim.alone, mostOfOne)
  const together = Math.min(aim.together, workers * mostOfOne)
  const document = makeDocument(1_024)
  const leastBytes = bytesOf(document)
  const module = (/** @type {string} */ name) => new URL(name, import.meta.url)

  /** @param {Child} child @returns {Promise<Shape>} */
  const byOne = async (child, /** @type {string} */ title) => ({
    title,
    clients: alone,
    servers: [child],
    ports: [await child.ask('port')],
    publishing: child,
    pids: async () => [child.pid],
  })
  const readers = await Promise.all(
    Array.from({ length: Math.ceil(together / mostOfOne) }, () =>
      processes.start(new URL('../fanout/load-process.js', import.meta.url)),
    ),
  )

  /** @type {Uint8Array | undefined} */
  let frame
  const one = await hold('one', async () =>
    byOne(
      await processes.start(new URL('../fanout/noticeboard-process.js', import.meta.url), { document }),
      'noticeboard, one process',
    ),
  )
  const bare = await hold('bare', async () => {
    const child = await processes.start(new URL('../fanout/net-process.js', import.meta.url))
    await child.ask('frame', frame)
    return byOne(child, 'node:net, one process')
  })
  const many = await hold('many', async () => {
    const child = await processes.start(module('workers-process.js'), { document, workers })
    return {
      title: `noticeboard serve --workers ${workers}`,
      clients: together,
      servers: [child],
      ports: [await child.ask('port')],
      publishing: child,
      remove: () => child.ask('remove'),
      pids: () => child.ask('pids'),
    }
  })
  const bareMany = await hold('bare-many', async () => {
    const children = await Promise.all(
      Array.from({ length: workers }, () =>
        processes.start(new URL('../fanout/net-process.js', import.meta.url)),
      ),
    )
    for (const child of children) await child.ask('frame', frame)
    return {
      title: `node:net, ${workers} processes`,
      clients: together,
      servers: children,
      ports: await Promise.all(children.map(child => child.ask('port'))),
      publishing: children[0] ?? one.publishing,
      pids: async () => children.map(({ pid }) => pid),
    }
  })
  const leftOut = await holdControl()
  for (const reader of readers) await reader.end()

  const sides = [one, bare, many, bareMany]
  const text = [
    paragraph(
      `7. Event streams held, each told of ${rounds} changes of ${leastBytes.toLocaleString('en')} bytes`,
    ),
    '',
    formatTable(
      ['', 'streams', 'got each change', 'CPU ms/1,000', 'last, ms'],
      sides.map(({ title, clients, got, cpuMs, lastMs }) => [
        title,
        clients.toLocaleString('en'),
        ranged(summarize(got)),
        ranged(summarize(cpuMs)),
        ranged(summarize(lastMs)),
      ]),
    ),
    paragraph(
      'CPU: of all processes that serve, for 1,000 deliveries. The shapes follow one another, since together they are more than the readers may hold.',
    ),
  ].join('\n')
  const figures = {
    rounds,
    sides: sides.map(({ title, clients, got, cpuMs, lastMs }) => ({
      title,
      clients,
      got: summarize(got),
      cpuMsPerThousand: summarize(cpuMs),
      lastMs: summarize(lastMs),
    })),
    cpuRatio: {
      one: summarizeRatio(one.cpuMs, bare.cpuMs),
      many: summarizeRatio(many.cpuMs, bareMany.cpuMs),
    },
  }
  const row = (
    /** @type {typeof one} */ ours,
    /** @type {typeof one} */ beside,
    /** @type {number} */ least,
  ) => ({
    ...(quick && { own: 'not counted: a quick look holds a few' }),
    ...(ours.clients < least && {
      note: `this machine allows ${descriptorLimit().toLocaleString('en')} descriptors to a process, and so ${ours.clients.toLocaleString('en')} clients to be tried`,
    }),
    name: `clients held by ${ours.title.replace('noticeboard, ', '')}, each with every change`,
    unit: 'clients',
    ours: { title: ours.title, rounds: ours.got },
    floor: { title: beside.title, rounds: beside.got },
    controls: [
      {
        title: `left out by one that passes over a tenth of ${control.connections}`,
        rounds: leftOut,
        least: 1,
      },
    ],
    target: { least },
  })
  return { figures, text, rows: [row(one, bare, aim.alone), row(many, bareMany, aim.together)] }

  /**
   * Connects as many readers as a shape is to hold, tells them of changes, and lets them go.
   * @param {string} name @param {() => Promise<Shape>} start
   */
  async function hold(name, start) {
    const shape = await start()
    const { title, clients, ports, servers } = shape
    const bounds = boundsOf(clients, readers.length)
    const share = Math.ceil(clients / readers.length)
    const placeOf = placesFor({ share, toOne: share * Math.ceil(readers.length / ports.length) })
    const { greeted, problem } = await openShares({ readers, bounds }, index => ({
      name,
      port: ports[index % ports.length],
      leastBytes,
      inFlight: Math.floor(inFlight / readers.length),
      quietMs,
      ...(placeOf !== undefined && { from: placeOf(index) }),
    }))
    say(
      `held: ${greeted.toLocaleString('en')} streams to ${title}${greeted < clients ? `, and not ${clients.toLocaleString('en')}: ${problem}` : ''}`,
    )
    /**
     * @type {{ title: string, clients: number, publishing: Child, got: number[], cpuMs: number[], lastMs: number[] }}
     */
    const side = { title, clients, publishing: shape.publishing, got: [], cpuMs: [], lastMs: [] }
    for (let round = 0; round <= rounds; round += 1) {
      for (const server of servers) await server.ask('prepare', { round: round + 1 })
      await Promise.all(readers.map(reader => reader.ask('arm', { name })))
      const pids = await shape.pids()
      const cpuOf = async () =>
        pids.length === 1 && servers.length === 1 && pids[0] === servers[0]?.pid
          ? processorMs(servers[0])
          : processorMsOf(pids)
      const before = await cpuOf()
      const received = Promise.all(readers.map(reader => reader.ask('received', { name, quietMs })))
      const started = await Promise.all(servers.map(server => server.ask('broadcast')))
      const results = await received
      await sleep(settleMs)
      const cpuMs = (await cpuOf()) - before
      const times = results.flatMap(({ times: own }) => own).sort((a, b) => a - b)
      frame ??= results[0]?.frame
      // The first use of a path costs more.
      if (round === 0) continue
      side.got.push(times.length)
      side.cpuMs.push((cpuMs * 1_000) / clients)
      side.lastMs.push(reachedBy(times, 1) - Math.min(...started))
    }
    await Promise.all(readers.map(reader => reader.ask('close', { name })))
    await shape.remove?.()
    for (const server of servers) await server.end()
    return side
  }

  /** The negative control: how many did not have a change that a tenth of them is not sent. */
  async function holdControl() {
    const server = await processes.start(new URL('../fanout/net-process.js', import.meta.url), {
      mode: 'skips',
    })
    await server.ask('frame', frame)
    const [reader] = readers
    const { connections, quietMs: within } = control
    const group = {
      name: 'control',
      port: await server.ask('port'),
      first: 0,
      count: connections,
      leastBytes,
    }
    await reader?.ask('open', group)
    const missing = []
    while (missing.length < rounds) {
      await reader?.ask('arm', group)
      const received = reader?.ask('received', { name: group.name, quietMs: within })
      await server.ask('broadcast')
      missing.push(connections - (await received).times.length)
    }
    await reader?.ask('close', group)
    await server.end()
    return missing
  }
}
