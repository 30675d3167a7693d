import { subscribe } from 'node:diagnostics_channel'

/**
 * @typedef {{ socket: import('node:net').Socket, publishing: boolean }} Line
 * @typedef {{ requests: Record<string, number>, bytes: number }} Traffic
 */

/**
 * Counts what clients ask of the HTTP servers of this process, and every byte on their connections,
 * both ways, headers and framing included. What comes with a token is the publisher's and left out,
 * with its whole connection. Nothing is wrapped or slowed down: Node tells of sockets and requests,
 * and sockets count by themselves.
 */
export function countTraffic() {
  /** @type {Map<import('node:net').Socket, Line>} */
  const lines = new Map()
  /** @type {Record<string, number>} */
  const requests = {}
  let bytesOfClosed = 0

  subscribe('net.server.socket', message => {
    const { socket } = /** @type {{ socket: import('node:net').Socket }} */ (message)
    const line = { socket, publishing: false }
    lines.set(socket, line)
    socket.once('close', () => {
      lines.delete(socket)
      if (!line.publishing) bytesOfClosed += bytesOf(socket)
    })
  })
  subscribe('http.server.request.start', message => {
    const { request } = /** @type {{ request: import('node:http').IncomingMessage }} */ (message)
    if (request.headers.authorization !== undefined) {
      const line = lines.get(request.socket)
      if (line !== undefined) line.publishing = true
      return
    }
    const kind = kindOf(request.url ?? '')
    requests[kind] = (requests[kind] ?? 0) + 1
  })

  return {
    /** Until now. @returns {Traffic} */
    read() {
      const open = [...lines.values()].filter(({ publishing }) => !publishing)
      return {
        requests: { ...requests },
        bytes: open.reduce((sum, { socket }) => sum + bytesOf(socket), bytesOfClosed),
      }
    },
  }
}

/** @param {import('node:net').Socket} socket */
function bytesOf(socket) {
  return (socket.bytesRead ?? 0) + (socket.bytesWritten ?? 0)
}

/** @param {string} url */
function kindOf(url) {
  if (url.includes('/~events')) return 'stream'
  if (url.endsWith('/~reports')) return 'report'
  if (url.includes('/snapshots/')) return 'snapshot'
  return url.includes('/releases/') ? 'log' : 'pointer'
}
