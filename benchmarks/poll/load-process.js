// Asks over kept-alive raw connections: each sends its next request when the last answer is there.
import { connect } from 'node:net'
import { answerQuestions } from '../child.js'

/**
 * @param {{ port: number, request: string, answerBytes: number, times: number }} question
 * @returns {Promise<void>}
 */
function ask({ port, request, answerBytes, times }) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    let left = times
    let bytes = 0
    socket.on('data', chunk => {
      bytes += chunk.length
      if (bytes < answerBytes) return
      if (bytes > answerBytes)
        return void socket.destroy(new Error('an answer is longer than the first one was'))
      bytes = 0
      left -= 1
      if (left > 0) socket.write(request)
      else socket.end()
    })
    socket.once('error', reject)
    socket.once('close', () =>
      left === 0 ? resolve() : reject(new Error('a connection was closed before its last answer')),
    )
    socket.write(request)
  })
}

answerQuestions({
  async run({ port, request, answerBytes, connections, times }) {
    await Promise.all(Array.from({ length: connections }, () => ask({ port, request, answerBytes, times })))
  },
})
