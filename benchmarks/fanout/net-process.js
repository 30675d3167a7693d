// The floor: a bare node:net server that writes one Buffer to every socket. With `copies` it writes
// a copy to each, and with `skips` one in ten gets none: negative controls.
import { createServer } from 'node:net'
import { answerQuestions, settings } from '../child.js'
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
    let index = 0
    for (const socket of sockets) {
      index += 1
      if (settings.mode === 'skips' && index % 10 === 0) continue
      socket.write(settings.mode === 'copies' ? Buffer.from(frame) : own)
    }
    return startedMs
  },
})
