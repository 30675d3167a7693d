import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock, Logger } from '../../contracts/system.js'
import { bodyWasRead } from './body.js'
import type { Answer, Headers, Incoming } from '../stream/messages.js'
import { locate } from './mount.js'
import { openNodeStream } from './node-stream.js'
import { createStreamHeads, type StreamHeads } from './stream-head.js'
import type { QuickAnswers } from '../routes/quick-answers.js'
import type { Responder } from './responder.js'
import { errorName, isThenable } from '../../core/built-ins.js'

/**
 * What is still read of a body that was refused, so that its sender sees the answer before the
 * connection ends.
 */
const DISCARDED_BYTES = 8_388_608

/** Answers Node's own requests, HTTP/1.1 and HTTP/2, with whatever mounts it. */
export function nodeAdapter(
  respond: Responder,
  { quick, prefix, clock, logger }: NodeAdapterOptions,
): (req: IncomingMessage, res: ServerResponse) => void {
  const headOf = createStreamHeads(clock)
  const fail = (error: unknown): void => {
    logger?.warn('an answer could not be sent', { reason: errorName(error) })
  }
  return (req, res) => {
    const known = req.method === 'GET' ? quick(req.url ?? '/', req.headers) : undefined
    if (known?.type === 'whole') {
      res.writeHead(known.status, known.headers)
      res.end(known.body)
      return
    }
    const answer = respond(incomingOf(req, res, prefix))
    if (isThenable(answer)) answer.then(settled => send(req, res, settled, headOf)).then(undefined, fail)
    else void send(req, res, answer, headOf)?.catch(fail)
  }
}

export interface NodeAdapterOptions {
  readonly quick: QuickAnswers
  readonly prefix: string
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger | undefined
}

function incomingOf(req: IncomingMessage, res: ServerResponse, prefix: string): Incoming {
  const { path, query } = locate(req.url ?? '/', prefix)
  const { headers } = req
  return {
    method: req.method ?? 'GET',
    path,
    query,
    // The system is asked for it, and what it says is kept with the socket, so only where somebody
    // wants to know.
    get peer() {
      return req.socket.remoteAddress
    },
    header(name) {
      const value = headers[name] ?? (name === 'host' ? headers[':authority'] : undefined)
      return typeof value === 'string' ? value : value?.[0]
    },
    body: () => chunksOf(req),
    signal: () => signalOf(res),
  }
}

function signalOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (res.destroyed) controller.abort()
  else res.once('close', () => controller.abort())
  return controller.signal
}

async function* chunksOf(req: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  if (req.readableDidRead || req.readableEnded) throw bodyWasRead()
  // Left early, the connection still has to carry the answer.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) yield chunk as Uint8Array
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  answer: Answer,
  headOf: StreamHeads,
): Promise<void> | undefined {
  if (res.destroyed) return undefined
  switch (answer.type) {
    case 'whole':
      if (req.method === 'POST' || req.method === 'PUT') sendAfterBody(req, res, answer)
      else {
        res.writeHead(answer.status, answer.headers)
        res.end(answer.body)
      }
      return undefined
    case 'lines':
      return sendLines(req, res, answer)
    case 'events':
      openNodeStream(req, res, answer, headOf)
      return undefined
  }
}

/**
 * An answer that comes before its request was read ends the connection, but only when the sender is
 * through.
 */
function sendAfterBody(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: Extract<Answer, { readonly type: 'whole' }>,
): void {
  if (req.readableEnded) {
    res.writeHead(status, headers)
    res.end(body)
    return
  }
  const closing: Headers = req.httpVersionMajor === 1 ? { ...headers, Connection: 'close' } : headers
  res.writeHead(status, closing)
  if (body !== undefined) res.write(body)
  else res.flushHeaders()
  let discarded = 0
  const end = (): void => {
    res.end()
  }
  req.on('data', (chunk: Uint8Array) => {
    discarded += chunk.length
    if (discarded > DISCARDED_BYTES) end()
  })
  req.once('end', end)
  req.once('error', end)
}

async function sendLines(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, lines }: Extract<Answer, { readonly type: 'lines' }>,
): Promise<void> {
  res.writeHead(status, headers)
  if (req.method === 'HEAD') {
    res.end()
    return
  }
  try {
    for await (const line of lines) {
      if (res.destroyed) return
      if (!res.write(line)) await drained(res)
    }
    res.end()
  } catch (error) {
    // A reader that went away is told nothing, and its log has not failed.
    if (res.destroyed) return
    // The head said 200: only a cut tells the reader that this is not all.
    res.destroy()
    throw error
  }
}

/** Resolves when the reader took what waits, or is gone. */
function drained(res: ServerResponse): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
}
