// What others need for the same: a change to as many readers, a client in an application, the read
// of a value.
import { setTimeout as sleep } from 'node:timers/promises'
import { bytesOf, makeDocument } from '../document.js'
import { processorMsOf } from '../processor-time.js'
import { countRounds } from '../rounds.js'
import { reachedBy, summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'
import { measureClients } from './clients.js'
import { measureReads } from './reads.js'
import { openAll, receivedByAll } from '../fanout/readers.js'
import { stringifyEach as ofFanOut } from '../fanout/servers.js'
import { controlsAmong } from '../rows.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {object} Server
 * @property {string} name
 * @property {string} title
 * @property {string} module
 * @property {string} [mode]
 * @property {(port: number) => Speech} [speech] how readers ask, where that is no event stream of
 * noticeboard
 * @typedef {{ hello: string, greeting: string, end: string, otherEnd?: string }} Speech `greeting`
 * and `end`: how the first answer and a change end; `otherEnd`: with what the server says of
 * itself, which may come along
 * @typedef {Server & { child: Child, pid: number, cpu: number[], last: number[] }} Side
 */

const settleMs = 150
const frameEnd = '\n\n\r\n'

/** @type {readonly Server[]} */
const servers = [
  { name: 'noticeboard', title: 'noticeboard', module: '../fanout/noticeboard-process.js' },
  { name: 'net', title: 'node:net, one Buffer', module: '../fanout/net-process.js' },
  { name: 'shared', title: 'node:http, one Buffer', module: '../fanout/sse-process.js', mode: 'shared' },
  {
    name: 'ws',
    title: 'ws',
    module: 'ws-process.js',
    speech: port => ({
      hello: `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      greeting: frameEnd,
      end: frameEnd,
    }),
  },
  {
    name: 'redis',
    title: 'Redis, pub/sub',
    module: 'broker-process.js',
    mode: 'redis',
    speech: () => ({ hello: 'SUBSCRIBE bench\r\n', greeting: ':1\r\n', end: `${frameEnd}\r\n` }),
  },
  {
    name: 'nats',
    title: 'NATS',
    module: 'broker-process.js',
    mode: 'nats',
    speech: () => ({
      hello: 'CONNECT {"verbose":false}\r\nSUB bench 1\r\nPING\r\n',
      greeting: 'PONG\r\n',
      end: `${frameEnd}\r\n`,
      // Once, some two seconds after a connection is there.
      otherEnd: `${frameEnd}\r\nPING\r\n`,
    }),
  },
  {
    name: 'etcd',
    title: 'etcd, watch by its gateway',
    module: 'broker-process.js',
    mode: 'etcd',
    speech: port => {
      const body = JSON.stringify({ create_request: { key: Buffer.from('bench').toString('base64') } })
      return {
        hello: `POST /v3/watch HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        greeting: '\n\r\n',
        end: '\n\r\n',
      }
    },
  },
]

/** The negative control. @type {Server} */
const stringifyEach = { ...ofFanOut, module: `../fanout/${ofFanOut.module}` }

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measurePeers(bench) {
  const broadcast = await measureBroadcast(bench)
  const clients = await measureClients(bench)
  const reads = await measureReads(bench)
  return {
    figures: { broadcast: broadcast.figures, clients: clients.figures, reads: reads.figures },
    text: [broadcast.text, clients.text, reads.text].join('\n\n'),
    rows: [...(broadcast.rows ?? []), ...(clients.rows ?? []), ...(reads.rows ?? [])],
  }
}

/** @param {Bench} bench @returns {Promise<Part>} */
async function measureBroadcast({ options: { quick }, processes, say }) {
  const connections = quick ? 200 : 1_000
  const counting = quick
    ? { warmUps: 1, most: 3, least: 3, budgetMs: 10_000 }
    : { warmUps: 3, most: 15, least: 5, budgetMs: 60_000 }
  const document = makeDocument(20_480)
  const leastBytes = bytesOf(document)
  const reader = await processes.start(new URL('../fanout/load-process.js', import.meta.url))
  /** @type {Side[]} */
  const sides = []
  /** @type {Uint8Array | undefined} */
  let frame
  for (const server of [...servers, stringifyEach]) {
    const child = await processes.start(new URL(server.module, import.meta.url), {
      document,
      mode: server.mode,
    })
    const port = await child.ask('port')
    const pid = server.module === 'broker-process.js' ? await child.ask('pid') : child.pid
    const side = { ...server, child, pid, cpu: [], last: [] }
    if (frame !== undefined) await child.ask('frame', frame)
    const speech = server.speech?.(port)
    const bounds = [0, connections]
    await openAll({ readers: [reader], bounds }, server.title, {
      name: server.name,
      port,
      leastBytes,
      speech,
    })
    // What noticeboard's first reader got is what the others send.
    frame ??= (await change(side, 1)).frame
    sides.push(side)
    say(`peers: ${connections} connections to ${server.title}`)
  }
  for (const { index: round, isMeasured } of countRounds(counting)) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      const { cpuMs, lastMs } = await change(side, 2 + round)
      if (!isMeasured) continue
      side.cpu.push((cpuMs * 1_000) / connections)
      side.last.push(lastMs)
    }
  }
  for (const { child } of sides) await child.end()
  await reader.end()

  const floor = sides.find(({ name }) => name === 'net')
  const rounds = floor?.cpu.length ?? 0
  const sideOf = (/** @type {string} */ name) => {
    const side = sides.find(each => each.name === name)
    return { title: side?.title ?? name, rounds: side?.cpu ?? [] }
  }
  const figures = {
    connections,
    rounds,
    rows: sides.map(({ title, cpu, last }) => ({
      title,
      cpuMsPerThousand: summarize(cpu),
      cpuRatio: summarizeRatio(cpu, floor?.cpu ?? []),
      lastMs: summarize(last),
    })),
  }
  const text = [
    paragraph(
      `8. A change of 20.5 KB to ${connections.toLocaleString('en')} readers, beside others; taking turns, ${rounds} rounds`,
    ),
    '',
    formatTable(
      ['', 'CPU ms/1,000', 'ratio', 'last, ms'],
      figures.rows.map(row => [
        row.title,
        ranged(row.cpuMsPerThousand),
        ranged(row.cpuRatio),
        ranged(row.lastMs),
      ]),
    ),
  ].join('\n')
  return {
    figures,
    text,
    rows: [
      {
        name: `one change of 20 KB to ${connections.toLocaleString('en')} readers, beside others: processor time of the server`,
        unit: 'ms/1,000',
        ours: sideOf('noticeboard'),
        floor: sideOf('net'),
        peers: ['shared', 'ws', 'redis', 'nats', 'etcd'].map(sideOf),
        ...controlsAmong(connections, [{ ...sideOf(stringifyEach.name), least: 2, than: 'ours' }]),
        target: { most: 1.15, of: 'floor' },
      },
    ],
  }

  /** @param {Pick<Side, 'name' | 'title' | 'child' | 'pid'>} side @param {number} round */
  async function change({ name, title, child, pid }, round) {
    await child.ask('prepare', { round })
    await reader.ask('arm', { name })
    await sleep(20)
    const before = processorMsOf([pid])
    const received = reader.ask('received', { name })
    const startedMs = await child.ask('broadcast')
    const { times, frame: seen } = receivedByAll([await received], { title, connections })
    await sleep(settleMs)
    return { cpuMs: processorMsOf([pid]) - before, lastMs: reachedBy(times, 1) - startedMs, frame: seen }
  }
}
