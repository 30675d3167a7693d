// The least that any server can cost which shows each client once a heartbeat that it lives:
// node:http, and one write a stream.
import { createServer } from 'node:http'
import { answerQuestions, settings } from '../child.js'

const { heartbeatMs, bytes } = /** @type {{ heartbeatMs: number, bytes: number }} */ (settings)
/** How many writes go by before others have a turn. */
const slice = 256
const frame = Buffer.alloc(bytes, 'x')
/** @type {import('node:net').Socket[]} */
const sockets = []

const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.flushHeaders()
  if (response.socket !== null) sockets.push(response.socket)
})
await new Promise(resolve => server.listen(0, '127.0.0.1', 5_000, () => resolve(undefined)))

/** @param {number} from */
const write = from => {
  for (const socket of sockets.slice(from, from + slice)) socket.write(frame)
  if (from + slice < sockets.length) setImmediate(write, from + slice)
}
setInterval(write, heartbeatMs, 0)

const address = server.address()
answerQuestions({ port: () => (typeof address === 'object' ? address?.port : undefined) })
