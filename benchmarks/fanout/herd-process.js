// A fleet that comes at once: raw sockets that ask for the event stream, as many at the same time
// as may be in flight, and hold it.
import { connect } from 'node:net'
import { answerQuestions } from '../child.js'
import { nowMs } from '../clock.js'
import { endsWith } from './frame-end.js'
import { frameEnd, namespace } from './protocol.js'
import { heldByKernel } from './held-by-kernel.js'
import { whenQuiet } from './quiet.js'

/**
 * @typedef {object} Reader
 * @property {import('node:net').Socket} socket
 * @property {number} bytes since the stream opened, or since it was last asked for
 * @property {{ at: number[], seam: string } | undefined} starts where releases begin, since it reads
 * again; and the last that was read, in which one may have begun
 * @property {boolean} isThere whether it has the newest frame
 * @property {boolean} hasRelease whether a release began
 * @property {string} tail of what it read last
 */

/** @type {Reader[]} */
const readers = []
// All sockets of this process read into the same memory: nobody looks at what came but for a
// release and how it ends.
const memory = Buffer.allocUnsafe(262_144)
const release = Buffer.from('event: release')

/**
 * @param {{ port: number, index: number, suffix: string, leastBytes: number, done: () => void }}
 * options `done`: it is there, or will never be
 */
function open({ port, index, suffix, leastBytes, done }) {
  /** @type {Reader} */
  const reader = {
    bytes: 0,
    starts: undefined,
    isThere: false,
    hasRelease: leastBytes > 1_000,
    tail: '',
    socket: connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: memory,
        callback(count) {
          if (reader.starts !== undefined) noteStarts(reader.starts, { count, before: reader.bytes })
          reader.bytes += count
          if (reader.isThere) return true
          // Where a frame is small, it is one with a release.
          reader.hasRelease ||= memory.subarray(0, count).includes(release)
          const isEnd = endsWith(reader, { memory, count, end: frameEnd })
          if (!isEnd || !reader.hasRelease || reader.bytes < leastBytes) return true
          reader.isThere = true
          done()
          return true
        },
      },
    }),
  }
  readers.push(reader)
  reader.socket.on('error', () => {})
  // Whether it failed or just ended.
  reader.socket.on('close', () => {
    if (!reader.isThere) done()
  })
  const path = `/v1/~events?ns=${namespace}&inline=1&client=reader-${index}${suffix}`
  reader.socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`)
}

/**
 * @param {{ at: number[], seam: string }} starts
 * @param {{ count: number, before: number }} read how much was just read, and how much before
 */
function noteStarts(starts, { count, before }) {
  const bytes = memory.subarray(0, count)
  const most = release.length - 1
  const torn = (starts.seam + bytes.toString('latin1', 0, most)).indexOf(release.toString())
  if (torn >= 0) starts.at.push(before - starts.seam.length + torn)
  for (let at = bytes.indexOf(release); at >= 0; at = bytes.indexOf(release, at + 1))
    starts.at.push(before + at)
  starts.seam = (starts.seam + bytes.toString('latin1', Math.max(0, count - most))).slice(-most)
}

answerQuestions({
  /**
   * Connects all of them; resolves with how long it took until the last had the newest frame, and
   * how many never had it: their connection failed or ended, or is open still when no other had it
   * for `quietMs`.
   */
  async open({ port, first, count, suffix, leastBytes, inFlight, quietMs }, goesOn) {
    const startedMs = nowMs()
    const before = readers.length
    let lastMs = startedMs
    let isOver = false
    await whenQuiet({ quietMs }, (step, settled) => {
      let opened = 0
      let done = 0
      const next = () => {
        while (opened < count && opened - done < inFlight) {
          open({ port, index: first + opened, suffix, leastBytes, done: arrived })
          opened += 1
        }
      }
      const arrived = () => {
        if (isOver) return
        done += 1
        lastMs = nowMs()
        goesOn()
        step()
        if (done === count) settled()
        else next()
      }
      next()
    })
    isOver = true
    const greeted = readers.slice(before).filter(({ isThere }) => isThere).length
    return { lastMs: lastMs - startedMs, stranded: count - greeted }
  },
  /** Ends all of them at once. */
  close() {
    for (const { socket } of readers) socket.destroy()
    readers.length = 0
  },
  /** Lets some of them read no more. */
  pause({ count }) {
    for (const { socket } of readers.slice(0, count)) socket.pause()
  },
  /**
   * Lets them read again: how many bytes each reads until nothing comes for a while, where in them
   * releases begin, and how many of them the system held.
   */
  async resume({ count }) {
    const some = readers.slice(0, count)
    const held = heldByKernel(some.map(({ socket }) => socket))
    for (const reader of some) {
      reader.bytes = 0
      reader.starts = { at: [], seam: '' }
      reader.socket.resume()
    }
    for (let before = -1, sum = 0; before !== sum;) {
      before = sum
      await new Promise(resolve => setTimeout(resolve, 500))
      sum = some.reduce((total, { bytes }) => total + bytes, 0)
    }
    return some.map(({ bytes, starts }, index) => ({ bytes, starts: starts?.at ?? [], held: held?.[index] }))
  },
})
