import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { constants, gunzipSync } from 'node:zlib'
import { onTestFinished } from 'vitest'

/** An event stream as it came over the wire. */
export interface StreamOnWire {
  /** The head of the answer, in lower case. */
  readonly head: string
  /** What came of it so far, as many bytes as there were. */
  readonly bytes: number
  /** The events, decoded where the head names an encoding. */
  readonly text: string
}

/**
 * What stands between a client and a server, passes everything on and keeps what the server says.
 */
export interface WireTap {
  readonly url: string
  /** Every event stream that the server answered with. */
  streams(): readonly StreamOnWire[]
}

/** Puts a tap before a server; it is gone with the test. */
export async function tapWire(url: string): Promise<WireTap> {
  const { port: target } = new URL(url)
  const answers: Buffer[][] = []
  const tap = createServer(near => {
    const answer: Buffer[] = []
    answers.push(answer)
    const far = connect(Number(target), '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => {})
    far.on('data', chunk => answer.push(chunk))
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    onTestFinished(() => void near.destroy())
  })
  tap.listen(0, '127.0.0.1')
  await once(tap, 'listening')
  onTestFinished(() => void tap.close())
  return {
    url: `http://127.0.0.1:${(tap.address() as AddressInfo).port}`,
    streams: () => answers.flatMap(answer => streamsIn(Buffer.concat(answer))),
  }
}

/** An event stream is the last answer of its connection. */
function streamsIn(bytes: Buffer): readonly StreamOnWire[] {
  const text = bytes.toString('latin1')
  const type = text.search(/content-type: text\/event-stream/i)
  if (type < 0) return []
  const [start, end] = [text.lastIndexOf('HTTP/1.', type), text.indexOf('\r\n\r\n', type)]
  if (end < 0) return []
  const head = text.slice(start, end).toLowerCase()
  const sent = bytes.subarray(end + 4)
  const body = head.includes('transfer-encoding: chunked') ? withoutChunks(sent) : sent
  const isGzip = head.includes('content-encoding: gzip')
  const decoded = isGzip && body.length > 0 ? gunzipSync(body, { finishFlush: constants.Z_SYNC_FLUSH }) : body
  return [{ head, bytes: sent.length, text: decoded.toString() }]
}

function withoutChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const length = line < 0 ? 0 : Number.parseInt(bytes.toString('latin1', at, line), 16)
    if (!(length > 0) || line + 2 + length > bytes.length) return Buffer.concat(chunks)
    chunks.push(bytes.subarray(line + 2, line + 2 + length))
    at = line + 2 + length + 2
  }
}
