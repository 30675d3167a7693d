// Clients that only listen: each has a stream of its own namespace.
import { connect } from 'node:net'
import { answerQuestions, settings } from '../child.js'

const { port, from, count } = /** @type {{ port: number, from: number, count: number }} */ (settings)
let bytes = 0
let ended = 0

/** @param {number} at */
const open = at =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`GET /v1/~events?ns=idle/${at} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    })
    socket.once('data', resolve)
    socket.once('error', reject)
    socket.on('data', chunk => void (bytes += chunk.length))
    socket.on('close', () => void (ended += 1))
  })

for (let at = from; at < from + count; at += 50)
  await Promise.all(Array.from({ length: Math.min(50, from + count - at) }, (_, next) => open(at + next)))

answerQuestions({ heard: () => ({ bytes, ended }) })
