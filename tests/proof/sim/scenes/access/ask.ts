import type { Handler } from '../../../../../src/server/handler.js'
import { never } from '../../../../support/session.js'

export const BOARD = 'http://board.test'

/** Asks a handler, with a token where there is one. */
export function ask(
  handler: Handler,
  path: string,
  { token, signal = never, ...init }: RequestInit & { readonly token?: string | undefined } = {},
): Promise<Response> {
  const request = new Request(path.startsWith(BOARD) ? path : `${BOARD}/v1/${path}`, init)
  if (token !== undefined) request.headers.set('authorization', `Bearer ${token}`)
  return handler.fetch(Object.defineProperty(request, 'signal', { value: signal ?? never }))
}

/** Calls `hear` with the lines of each event of a stream; resolves when it has ended. */
export async function listen(
  response: Response,
  hear: (kind: string, data: readonly string[]) => void,
): Promise<void> {
  const reader = response.body?.getReader()
  const utf8 = new TextDecoder()
  let text = ''
  for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
    text += utf8.decode(next.value, { stream: true })
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const [kind = '', ...data] = event.split('\n').map(line => line.replace(/^(event|data): /, ''))
      hear(kind, data)
    }
  }
}
