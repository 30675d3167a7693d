// A TCP proxy in front of the server. Told to, it forgets its open connections: it passes nothing
// on and closes nothing, as a firewall does that was restarted. Both ends believe that they are
// connected. New connections pass.
import { connect, createServer } from 'node:net'
import { endWithParent } from './child.js'

/** @typedef {import('node:net').Socket} Socket */

const { targetPort } = JSON.parse(process.argv[2] ?? '{}')
/** @type {Set<{ forget: () => void }>} */
const known = new Set()

const server = createServer(client => {
  const upstream = connect(targetPort, '127.0.0.1')
  const pair = {
    forget() {
      known.delete(pair)
      for (const socket of [client, upstream]) socket.unpipe().resume()
    },
  }
  known.add(pair)
  client.pipe(upstream)
  upstream.pipe(client)
  endTogether(client, upstream, pair)
  endTogether(upstream, client, pair)
})

/** @param {Socket} socket @param {Socket} other @param {{ forget: () => void }} pair */
function endTogether(socket, other, pair) {
  // The end that comes after an error is told by `close`.
  socket.on('error', () => {})
  socket.on('close', () => {
    if (known.has(pair)) other.destroy()
    known.delete(pair)
  })
}

process.on('message', (/** @type {{ type: string }} */ { type }) => {
  if (type !== 'forget') return
  const connections = known.size
  for (const pair of known) pair.forget()
  process.send?.({ type: 'forgotten', connections })
})
endWithParent()

server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.({ type: 'ready', port: address.port })
})
