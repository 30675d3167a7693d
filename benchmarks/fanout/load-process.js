// Readers: raw sockets that count bytes and look at nothing but how a frame ends.
import { connect } from 'node:net'
import { answerQuestions } from '../child.js'
import { nowMs } from '../clock.js'
import { frameEnd, namespace } from './protocol.js'

/**
 * @typedef {object} Group the connections to one server
 * @property {number} leastBytes of a frame
 * @property {Buffer} end how a frame ends
 * @property {Buffer | undefined} greeting how the first answer ends, where that is no frame
 * @property {Reader[]} readers
 * @property {number} missing how many readers do not have the frame yet
 * @property {Float64Array} times when each reader had it
 * @property {() => void} complete
 * @typedef {{ bytes: number, isThere: boolean, kept: Buffer[] | undefined, socket?: import('node:net').Socket }}
 * Reader
 */

/** How many connections are opened at the same time. */
const atOnce = 250

/** @type {Map<string, Group>} */
const groups = new Map()
// All sockets of this process read into the same memory: nobody looks at what came.
const memory = Buffer.allocUnsafe(262_144)

/**
 * @param {Group} group @param {number} index
 * @param {{ port: number, first: number, hello?: string | undefined, query?: string, headers?: string }}
 * where
 */
function open(group, index, { port, first, hello, query = '&inline=1', headers = '' }) {
  /** @type {Reader} */
  const reader = { bytes: 0, isThere: false, kept: index === 0 ? [] : undefined }
  group.readers[index] = reader
  const read = (/** @type {number} */ count) => {
    reader.bytes += count
    reader.kept?.push(Buffer.from(memory.subarray(0, count)))
    if (reader.isThere) return true
    const isFrame = reader.bytes >= group.leastBytes && endsWith(group.end, count)
    if (!isFrame && (group.greeting === undefined || !endsWith(group.greeting, count))) return true
    reader.isThere = true
    group.times[index] = nowMs()
    group.missing -= 1
    if (group.missing === 0) group.complete()
    return true
  }
  const socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    onread: { buffer: memory, callback: read },
  })
  reader.socket = socket
  socket.on('error', () => {})
  const path = `/v1/~events?ns=${namespace}${query}&client=reader-${first + index}`
  socket.write(
    hello ?? `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n${headers}\r\n`,
  )
}

/** @param {Buffer} end @param {number} count how much of the memory was just read */
function endsWith(end, count) {
  return count >= end.length && memory.compare(end, 0, end.length, count - end.length, count) === 0
}

/** Forgets the last frame and waits for the next. @param {Group} group @returns {Promise<void>} */
function arm(group) {
  for (const reader of group.readers) {
    reader.bytes = 0
    reader.isThere = false
    if (reader.kept !== undefined) reader.kept = []
  }
  group.greeting = undefined
  group.missing = group.readers.length
  return new Promise(resolve => {
    group.complete = resolve
  })
}

/** @type {Map<string, Promise<void>>} */
const rounds = new Map()

answerQuestions({
  /**
   * Opens connections; each is greeted with the newest frame. `query`, `headers` and `end` say which
   * form of it they want, and how that ends.
   */
  async open({ name, port, first, count, leastBytes, speech, query, headers, end: asked }) {
    /** @type {Group} */
    const group = {
      leastBytes,
      end: speech === undefined ? Buffer.from(asked ?? frameEnd) : Buffer.from(speech.end),
      greeting: speech && Buffer.from(speech.greeting),
      readers: [],
      missing: 0,
      times: new Float64Array(count),
      complete() {},
    }
    groups.set(name, group)
    for (let index = 0; index < count; index += atOnce) {
      const greeted = new Promise(resolve => {
        group.complete = () => resolve(undefined)
      })
      const end = Math.min(index + atOnce, count)
      group.missing = end - index
      for (let one = index; one < end; one += 1)
        open(group, one, { port, first, hello: speech?.hello, query, headers })
      await greeted
    }
  },
  /** Lets the connections of a group go. */
  close({ name }) {
    for (const { socket } of groups.get(name)?.readers ?? []) socket?.destroy()
    groups.delete(name)
    rounds.delete(name)
  },
  arm({ name }) {
    rounds.set(name, arm(/** @type {Group} */ (groups.get(name))))
  },
  /** When each reader had the frame, how many bytes came, and those of the first reader. */
  async received({ name }) {
    await rounds.get(name)
    const { times, readers } = /** @type {Group} */ (groups.get(name))
    const bytes = readers.reduce((sum, reader) => sum + reader.bytes, 0)
    return { times: Array.from(times), bytes, frame: Buffer.concat(readers[0]?.kept ?? []) }
  },
})
