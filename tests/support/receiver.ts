import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A request that a {@link receiver} was sent. */
export interface Received {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A server that keeps what it is sent. */
export interface Receiver {
  readonly url: string
  readonly requests: readonly Received[]
  close(): void
}

/** Answers each request, the first with `count` 1. */
export type Answer = (response: ServerResponse, count: number) => void

/** Starts a {@link Receiver} on a free port; it ends with the test. */
export async function receiver(answer: Answer = noContent): Promise<Receiver> {
  const requests: Received[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      const { method, url, headers } = request
      requests.push({ method, url, headers, body })
      answer(response, requests.length)
    })()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  onTestFinished(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close }
}

/** Answers with these statuses, and then with 204. */
export function answering(...statuses: readonly number[]): Answer {
  return (response, count) => void response.writeHead(statuses[count - 1] ?? 204).end()
}

/** Answers with 204. */
export function noContent(response: ServerResponse): void {
  response.writeHead(204).end()
}
