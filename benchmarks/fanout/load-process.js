// Readers: raw sockets that count bytes and look at nothing but how a frame ends.
import { connect } from 'node:net'
import { answerQuestions } from '../child.js'
import { nowMs } from '../clock.js'
import { endsWith } from './frame-end.js'
import { frameEnd, namespace } from './protocol.js'
import { whenQuiet } from './quiet.js'

/**
 * @typedef {object} Group the connections to one server
 * @property {number} leastBytes of a frame
 * @property {Buffer} end how a frame ends
 * @property {Buffer | undefined} otherEnd how else a frame ends
 * @property {Buffer | undefined} greeting how the first answer ends, where that is no frame
 * @property {Reader[]} readers
 * @property {number} missing how many readers do not have the frame yet
 * @property {Float64Array} times when each reader had it; NaN before
 * @property {() => void} step one more reader has it, or will never have it
 *
 * @typedef {object} Reader
 * @property {number} bytes
 * @property {boolean} isThere whether it has the frame
 * @property {boolean} isLost whether its connection failed or ended
 * @property {Buffer[] | undefined} kept what it read, of the first of them
 * @property {string} tail of what it read last
 * @property {import('node:net').Socket} [socket]
 *
 * @typedef {object} Where
 * @property {number} port
 * @property {number} first the number of the first reader
 * @property {string} [hello] what is asked, where that is no event stream of noticeboard
 * @property {string} [query]
 * @property {string} [headers]
 * @property {{ address: string, firstPort: number }} [from] the readers' own address, and a first
 * port of it: one that is given by the system is one of some 28,000
 */

/**
 * How many connections are under way at the same time, unless another number is asked for: fewer
 * than a server may leave waiting, past which the system tries again after a second.
 */
const usualInFlight = 250

/** @type {Map<string, Group>} */
const groups = new Map()
// All sockets of this process read into the same memory: nobody looks at what came.
const memory = Buffer.allocUnsafe(262_144)
/** Why the last connection failed. */
let lastProblem = ''

/** @param {Group} group @param {number} index @param {Where} where */
function open(group, index, { port, first, hello, query = '&inline=1', headers = '', from }) {
  /** @type {Reader} */
  const reader = { bytes: 0, isThere: false, isLost: false, kept: index === 0 ? [] : undefined, tail: '' }
  group.readers[index] = reader
  const read = (/** @type {number} */ count) => {
    reader.bytes += count
    reader.kept?.push(Buffer.from(memory.subarray(0, count)))
    if (reader.isThere) return true
    const { end, otherEnd, greeting, leastBytes } = group
    const { tail } = reader
    const ends = (/** @type {Buffer | undefined} */ other) =>
      other !== undefined && endsWith({ tail }, { memory, count, end: other })
    const isWhole = endsWith(reader, { memory, count, end }) || ends(otherEnd)
    if (!(isWhole && reader.bytes >= leastBytes) && !ends(greeting)) return true
    reader.isThere = true
    group.times[index] = nowMs()
    group.missing -= 1
    group.step()
    return true
  }
  const socket = connect({
    host: '127.0.0.1',
    port,
    noDelay: true,
    ...(from !== undefined && { localAddress: from.address, localPort: from.firstPort + index }),
    onread: { buffer: memory, callback: read },
  })
  reader.socket = socket
  socket.on('error', error => {
    lastProblem = error.message
  })
  // One that ends without a word is as lost as one that fails.
  socket.on('close', () => {
    if (reader.isLost) return
    reader.isLost = true
    if (!reader.isThere) group.step()
  })
  const path = `/v1/~events?ns=${namespace}${query}&client=reader-${first + index}`
  socket.write(
    hello ?? `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n${headers}\r\n`,
  )
}

/** @param {Group} group how many of its readers may still get what they wait for */
function waitingIn({ readers }) {
  return readers.reduce((sum, { isThere, isLost }) => sum + (isThere || isLost ? 0 : 1), 0)
}

/** @param {string} name */
function groupOf(name) {
  const group = groups.get(name)
  if (group === undefined) throw new Error(`no reader was opened for ${name}`)
  return group
}

answerQuestions({
  /**
   * Opens connections; each is greeted with the newest frame. `query`, `headers` and `end` say which
   * form of it they want, and how that ends. Resolves when each was greeted or is lost, or when no
   * further one was for `quietMs`, with how many were and why the last of the others was not.
   */
  async open(asked, goesOn) {
    const { name, count, leastBytes, speech, end, quietMs, inFlight = usualInFlight } = asked
    /** @type {Group} */
    const group = {
      leastBytes,
      end: speech === undefined ? Buffer.from(end ?? frameEnd) : Buffer.from(speech.end),
      otherEnd: speech?.otherEnd && Buffer.from(speech.otherEnd),
      greeting: speech && Buffer.from(speech.greeting),
      readers: [],
      missing: count,
      times: new Float64Array(count).fill(Number.NaN),
      step() {},
    }
    groups.set(name, group)
    lastProblem = ''
    let opened = 0
    let done = 0
    const more = () => {
      while (opened < count && opened - done < inFlight) {
        open(group, opened, { ...asked, hello: speech?.hello })
        opened += 1
      }
    }
    await whenQuiet({ quietMs }, (step, settled) => {
      group.step = () => {
        done += 1
        goesOn()
        step()
        if (done === count) settled()
        else more()
      }
      more()
      if (count === 0) settled()
    })
    group.step = () => {}
    return { greeted: count - group.missing, problem: lastProblem }
  },
  /** Lets the connections of a group go. */
  close({ name }) {
    for (const { socket } of groups.get(name)?.readers ?? []) socket?.destroy()
    groups.delete(name)
  },
  /** Forgets the last frame, for the next. */
  arm({ name }) {
    const group = groupOf(name)
    for (const reader of group.readers) {
      reader.bytes = 0
      reader.isThere = false
      if (reader.kept !== undefined) reader.kept = []
    }
    group.greeting = undefined
    group.missing = group.readers.length
    group.times.fill(Number.NaN)
  },
  /**
   * When each reader had the frame, how many bytes came, and those of the first reader; once all of
   * them have it that are not lost, or when no further one had it for `quietMs`. A reader without it
   * has no time.
   */
  async received({ name, quietMs }, goesOn) {
    const group = groupOf(name)
    await whenQuiet({ quietMs }, (step, settled) => {
      let waiting = waitingIn(group)
      if (waiting === 0) return settled()
      group.step = () => {
        waiting -= 1
        goesOn()
        step()
        if (waiting === 0) settled()
      }
    })
    group.step = () => {}
    const { times, readers } = group
    const bytes = readers.reduce((sum, reader) => sum + reader.bytes, 0)
    return {
      times: Array.from(times).filter(Number.isFinite),
      bytes,
      frame: Buffer.concat(readers[0]?.kept ?? []),
    }
  },
})
