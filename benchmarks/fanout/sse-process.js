// Event streams over node:http with nothing behind them. `shared` is what noticeboard does, and no
// more; the others are what it is careful not to do.
import { createServer } from 'node:http'
import { constants, deflateRaw } from 'node:zlib'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { versionOf } from '../document.js'
import { residentBytes } from './memory.js'
import { backlog, namespace, streamHead } from './protocol.js'
import { longestTurnMs, watchTurns } from './turns.js'

/** @import { ServerResponse } from 'node:http' */

const { mode, document } = settings

/** Those that write past the response, in its chunked coding. */
const PAST = new Set(['shared', 'resumed'])
/** As long as noticeboard's where nothing but a release has to be told. */
const releaseAlone = chunkOf(`event: release\ndata: ${namespace}\ndata: ${'-'.repeat(300)}\n\n`)
/** @type {Set<ServerResponse>} */
const responses = new Set()
/** @type {Buffer} */
let frame
let version = document
/** What a careless server keeps of each. @type {Map<ServerResponse, Buffer>} */
const kept = new Map()
let came = 0
const server = createServer((_req, res) => {
  res.writeHead(200, PAST.has(mode) ? streamHead : { ...streamHead })
  if (mode === 'resumed') res.socket?.cork()
  res.flushHeaders()
  responses.add(res)
  res.once('close', () => {
    responses.delete(res)
    kept.delete(res)
  })
  writers[mode](res, frame)
  if (mode === 'resumed') res.socket?.uncork()
})
await new Promise(resolve => server.listen({ host: '127.0.0.1', port: 0, backlog }, () => resolve(undefined)))

/**
 * One way to write a version to one connection.
 * @type {Record<string, (res: ServerResponse, whole: Buffer) => void>}
 */
const writers = {
  /** A release alone, in one write with the head: for who has its document. */
  resumed: res => void res.socket?.write(releaseAlone),
  /** One Buffer, already in its chunked coding, past the response. */
  shared: (res, whole) => void res.socket?.write(whole),
  /** A text for each connection. */
  string: res => void res.write(`event: release\ndata: ${res.statusCode} ${text}\n\n`),
  /** A JSON.stringify for each connection. */
  stringify: res => void res.write(`event: release\ndata: ${JSON.stringify(version)}\n\n`),
  /** A JSON.stringify for each connection, which is kept as well; one in fifty ends without any. */
  careless(res) {
    came += 1
    if (came % 50 === 0) return void res.end()
    const bytes = Buffer.from(`event: release\ndata: ${JSON.stringify(version)}\n\n`)
    kept.set(res, bytes)
    res.write(bytes)
  },
  /** Compressed for each connection. */
  deflate: (res, whole) =>
    deflateRaw(whole, { finishFlush: constants.Z_FULL_FLUSH }, (error, block) => {
      if (error === null) res.write(block)
    }),
}
let text = JSON.stringify(version)

/** @param {string} body */
function chunkOf(body) {
  return Buffer.from(`${body.length.toString(16)}\r\n${body}\r\n`)
}

answerQuestions({
  port: () => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  connections: () => responses.size,
  residentBytes,
  watchTurns,
  longestTurnMs,
  frame(/** @type {Uint8Array} */ bytes) {
    frame = Buffer.from(bytes)
  },
  prepare({ round }) {
    version = versionOf(document, round)
  },
  broadcast() {
    const startedMs = nowMs()
    const own = Buffer.from(frame)
    if (mode === 'string') text = JSON.stringify(version)
    for (const res of responses) writers[mode]?.(res, own)
    return startedMs
  },
})
