import { readFileSync } from 'node:fs'

/**
 * How many bytes the system holds on their way to each socket: sent and not yet read, at both ends
 * of its connection. Undefined where it does not tell. Both ends are on this machine.
 * @param {readonly import('node:net').Socket[]} sockets
 * @returns {readonly number[] | undefined}
 */
export function heldByKernel(sockets) {
  try {
    const queues = readQueues(['/proc/net/tcp', '/proc/net/tcp6'].map(path => readFileSync(path, 'utf8')))
    return sockets.map(({ localPort, remotePort }) => {
      const own = queues.get(`${localPort} ${remotePort}`)
      const other = queues.get(`${remotePort} ${localPort}`)
      return (own?.received ?? 0) + (other?.sent ?? 0)
    })
  } catch {
    // Not Linux.
    return undefined
  }
}

/**
 * What waits in each connection, by its ports, of texts as `/proc/net/tcp` has them.
 * @param {readonly string[]} texts
 * @returns {Map<string, { sent: number, received: number }>}
 */
export function readQueues(texts) {
  const queues = new Map()
  const line =
    /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):([0-9A-F]{8}) /gm
  for (const text of texts)
    for (const [, ...fields] of text.matchAll(line)) {
      const [local, remote, sent, received] = fields.map(field => Number.parseInt(field, 16))
      queues.set(`${local} ${remote}`, { sent, received })
    }
  return queues
}
