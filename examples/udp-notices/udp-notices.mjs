// What only notifies, whole: each release in one datagram, to an address or a multicast group, and
// again every second. Datagrams get lost. `hybrid({ notify, fetch })` asks `fetch` once a
// heartbeat, so nothing stays unknown for longer.
import { comparePositions, decodeRelease, NoticeboardError, positionOf } from 'noticeboard/core'

/**
 * @import { Socket } from 'node:dgram'
 * @import { Mirror, NoticeTransport, Position, Release } from 'noticeboard/core'
 *
 * @typedef {object} Sender what is called of a socket to send
 * @property {(bytes: Uint8Array, port: number, address: string, done: () => void) => void} send
 */

/**
 * Listens. Each watch has a socket of its own, which `open` makes and binds, and which is closed
 * with the watch.
 * @param {() => Promise<Socket>} open
 * @returns {NoticeTransport}
 */
export function udpNotices(open) {
  return {
    name: 'udp',

    async *watch({ namespaces }, signal) {
      /**
       * The newest of each namespace that the reader does not know yet.
       * @type {Map<string, Uint8Array>}
       */
      const due = new Map()
      /** @type {Map<string, Position>} */
      const heard = new Map()
      let closed = false
      let wake = () => {}

      const socket = await open()
      socket.on('message', bytes => {
        const release = readRelease(bytes)
        if (release === undefined || !namespaces.includes(release.namespace)) return
        // It may be one that is told again, or that a later one has overtaken.
        if (!isNewer(positionOf(release), heard.get(release.namespace))) return
        heard.set(release.namespace, positionOf(release))
        due.set(release.namespace, bytes)
        wake()
      })
      const close = () => {
        if (!closed) socket.close()
        closed = true
        wake()
      }
      socket.on('error', close)
      socket.on('close', () => {
        closed = true
        wake()
      })
      // At the abort, since a reader that stalls never gets to the `finally`.
      signal.addEventListener('abort', close, { once: true })
      if (signal.aborted) close()
      try {
        if (!closed) yield { type: 'alive' }
        while (!signal.aborted) {
          if (closed) throw new NoticeboardError('unavailable', 'the socket was closed')
          const [next] = due
          if (next === undefined) {
            await new Promise(resolve => (wake = () => resolve(undefined)))
            continue
          }
          const [namespace, bytes] = next
          due.delete(namespace)
          yield { type: 'release', namespace, bytes }
        }
      } finally {
        signal.removeEventListener('abort', close)
        close()
      }
    },
  }
}

/**
 * Tells, as a mirror of the publisher: at once, and again for as long as the process lives.
 * Documents are fetched elsewhere.
 * @param {Sender} socket
 * @param {{ port: number, address: string, everyMs?: number }} options
 * @returns {Mirror & { close(): void }}
 */
export function udpAnnouncer(socket, { port, address, everyMs = 1_000 }) {
  /** @type {Map<string, Uint8Array>} */
  const newest = new Map()
  // A datagram that cannot be sent is one more that is lost.
  const tell = (/** @type {Uint8Array} */ bytes) => socket.send(bytes, port, address, () => {})
  const telling = setInterval(() => newest.forEach(tell), everyMs)

  return {
    name: `udp ${address}:${port}`,

    async put() {},

    async announce({ namespace, bytes }) {
      const before = newest.get(namespace)
      // Of two publishers the slower one must not take the newer release back.
      if (before !== undefined && !isNewer(positionIn(bytes), positionIn(before))) return
      newest.set(namespace, bytes)
      tell(bytes)
    },

    close: () => clearInterval(telling),
  }
}

/**
 * Anybody can send a datagram; what is no release is passed over. @param {Uint8Array} bytes
 * @returns {Release | undefined}
 */
function readRelease(bytes) {
  try {
    return decodeRelease(bytes).release
  } catch {
    return undefined
  }
}

/** @param {Uint8Array} bytes */
const positionIn = bytes => positionOf(decodeRelease(bytes).release)

/** @param {Position} at @param {Position | undefined} known */
const isNewer = (at, known) => known === undefined || comparePositions(at, known) === 'newer'
