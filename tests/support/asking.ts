import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { serve, type ServeOptions, type Server } from '../../src/server/index.js'
import type { Store, Transport } from '../../src/contracts/transport.js'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** Asks with the path exactly as it is written: `fetch` would tidy it up. */
export function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body }: Question = {},
): Promise<Reply> {
  const { hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const req = httpRequest({ hostname, port, path, method, headers, agent: false }, res => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    req.on('error', reject)
    req.end(body)
  })
}

/** A server on a free port that ends with the test. */
export async function started(source: Transport | Store, options: ServeOptions = {}): Promise<Server> {
  const server = await serve(source, options)
  onTestFinished(() => server.close({ drainMs: 0 }))
  return server
}

export const asJson = { 'Content-Type': 'application/json' }
export const withToken = (token: string): Record<string, string> => ({
  ...asJson,
  Authorization: `Bearer ${token}`,
})

export interface RawReader {
  readonly socket: Socket
  /** Everything that was read so far. */
  text(): string
  /** Resolves when the text so far fulfils a condition. */
  until(condition: (text: string) => boolean): Promise<string>
  closed: boolean
}

/** A reader that speaks bytes and reads when it wants to. */
export function rawReader(base: string, head: string): RawReader {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let text = ''
  let changed = (): void => {}
  const reader: RawReader = {
    socket,
    closed: false,
    text: () => text,
    async until(condition) {
      while (!condition(text)) {
        if (reader.closed) throw new Error(`the connection ended with: ${text.slice(-500)}`)
        await new Promise<void>(resolve => (changed = resolve))
      }
      return text
    },
  }
  socket.setEncoding('utf8')
  socket.on('data', chunk => {
    text += String(chunk)
    changed()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    reader.closed = true
    changed()
  })
  socket.write(head)
  return reader
}

/** The question for an event stream, as curl would put it. */
export const eventsHead = (query: string): string =>
  `GET /v1/~events?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
