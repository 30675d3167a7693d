// The package `ws`, as its users write it: `send()` of one Buffer to each client.
import { createServer } from 'node:http'
import { answerQuestions } from '../child.js'
import { nowMs } from '../clock.js'
import { backlog } from '../fanout/protocol.js'
import { loadPeer } from './peers.js'

const { WebSocketServer } = loadPeer('ws')
const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
/** @type {Buffer} */
let frame
sockets.on('connection', (/** @type {any} */ socket) => socket.send(frame))
await new Promise(resolve => server.listen({ host: '127.0.0.1', port: 0, backlog }, () => resolve(undefined)))

answerQuestions({
  port: () => /** @type {import('node:net').AddressInfo} */ (server.address()).port,
  pid: () => process.pid,
  frame(/** @type {Uint8Array} */ bytes) {
    frame = Buffer.from(bytes)
  },
  prepare() {},
  broadcast() {
    const startedMs = nowMs()
    const own = Buffer.from(frame)
    for (const socket of sockets.clients) socket.send(own)
    return startedMs
  },
})
