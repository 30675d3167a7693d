// The floor: a bare node:net server that writes one Buffer to every socket.
import { createServer } from 'node:net'
import { answerQuestions } from '../child.js'
import { nowMs } from '../clock.js'
import { residentBytes } from './memory.js'
import { backlog } from './protocol.js'
import { longestTurnMs, watchTurns } from './turns.js'

/** @type {Set<import('node:net').Socket>} */
const sockets = new Set()
/** @type {Buffer} */
let frame
const server = createServer(socket => {
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('data', () => {})
  socket.once('close', () => sockets.delete(socket))
  socket.write(frame)
})
await new Promise(resolve => server.listen({ host: '127.0.0.1', port: 0, backlog }, () => resolve(undefined)))

answerQuestions({
  port: () => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  connections: () => sockets.size,
  residentBytes,
  watchTurns,
  longestTurnMs,
  frame(/** @type {Uint8Array} */ bytes) {
    frame = Buffer.from(bytes)
  },
  prepare() {},
  broadcast() {
    const startedMs = nowMs()
    // What came over the wire is a copy of the same bytes each time, so that the processor's caches
    // help nobody.
    const own = Buffer.from(frame)
    for (const socket of sockets) socket.write(own)
    return startedMs
  },
})
