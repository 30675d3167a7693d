// The server that a client must not be led to: it passes on what a board serves, and on the event
// stream marks that it makes up.
import { randomBytes } from 'node:crypto'

/**
 * Answers as the board behind it does, but for the stream: as many forged marks as are taken.
 * @param {{ board: string, namespace: string, forged: () => void }} options `forged` is called for
 * each of them
 * @returns {import('node:http').RequestListener}
 */
export function forgedStream({ board, namespace, forged }) {
  return (request, response) => {
    response.on('error', () => {})
    const answered =
      request.url?.startsWith('/v1/~events') === true ? flood(response) : passOn(request, response)
    answered.catch(() => response.destroy())
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async function passOn({ url }, response) {
    const answer = await fetch(`${board}${url}`)
    response.writeHead(answer.status, { 'Content-Type': 'application/json' })
    response.end(new Uint8Array(await answer.arrayBuffer()))
  }

  /** @param {import('node:http').ServerResponse} response */
  async function flood(response) {
    const newest = await (await fetch(`${board}/v1/${namespace}/release.json`)).text()
    const { epoch, sequence } = JSON.parse(newest).release
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('event: alive\ndata: {"heartbeatMs":15000}\n\n')
    response.write(`event: release\ndata: ${namespace}\ndata: ${newest}\n\n`)
    const mark = () => {
      const now = Date.now()
      const [asOf, validUntil] = [new Date(now), new Date(now + 60_000)].map(time => time.toISOString())
      const digest = randomBytes(32).toString('hex')
      // Members in the order of canonical JSON.
      return JSON.stringify({
        mark: { asOf, digest, epoch, namespace, sequence, v: 1, validUntil },
        signatures: [],
      })
    }
    const more = () => {
      while (!response.destroyed) {
        forged()
        if (!response.write(`event: mark\ndata: ${namespace}\ndata: ${mark()}\n\n`)) break
      }
    }
    response.on('drain', more)
    more()
  }
}
