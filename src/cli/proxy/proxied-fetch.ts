import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import { isIP, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { connect as connectTls } from 'node:tls'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Fetch, FetchInit } from '../../contracts/system.js'
import { systemErrorCode } from '../../node/disk/system-error.js'
import { bareHost, portOf } from '../../core/proxy-variable.js'
import type { FindProxy, Proxy } from './proxy-settings.js'

/**
 * A `fetch` that goes through the proxies that are found, and directly where there is none: to
 * `http:` by asking the proxy for the whole address, to `https:` through a tunnel (CONNECT) in
 * which the server's certificate is checked as always. Node 20's own `fetch` knows no proxies. Each
 * request has a connection of its own, which ends with it. Throws `unavailable` where the proxy is
 * what failed.
 *
 * ```ts
 * const store = httpStore(url, { fetch: proxiedFetch(readProxies(process.env)) })
 * ```
 */
export function proxiedFetch(find: FindProxy): Fetch {
  return async (url, init) => {
    const target = new URL(url)
    const proxy = find(target)
    if (proxy === undefined) return globalThis.fetch(url, init)
    const ask = target.protocol === 'https:' ? tunnelled : forwarded
    return responseOf(proxy, await ask(proxy, target, init))
  }
}

/** The answer to a request that the proxy makes itself. */
function forwarded(proxy: Proxy, target: URL, init: FetchInit): Promise<IncomingMessage> {
  const { method, signal } = init
  const headers = { ...init.headers, ...authorization(proxy), host: target.host }
  const asking = requestTo(proxy, { method, path: target.href, headers, signal })
  return answerTo(asking, init, cause => proxyLost(proxy, cause))
}

/** The answer of the server itself, over a connection that the proxy only passes on. */
async function tunnelled(proxy: Proxy, target: URL, init: FetchInit): Promise<IncomingMessage> {
  const { method, headers, signal } = init
  const place = `${target.hostname}:${portOf(target)}`
  const connecting = requestTo(proxy, {
    method: 'CONNECT',
    path: place,
    headers: { ...authorization(proxy), host: place },
    signal,
  })
  const socket = await new Promise<Socket>((resolve, reject) => {
    connecting.on('error', reject)
    connecting.on('connect', ({ statusCode = 0 }, opened) => {
      if (statusCode >= 200 && statusCode < 300) return resolve(opened)
      opened.destroy()
      reject(refusedBy(proxy, statusCode))
    })
    connecting.end()
  }).catch((error: unknown) => Promise.reject(signal.aborted ? signal.reason : proxyLost(proxy, error)))
  const host = bareHost(target)
  const asking = requestHttps({
    method,
    host,
    path: `${target.pathname}${target.search}`,
    headers: { ...headers, host: target.host },
    signal,
    createConnection: () => connectTls({ socket, host, ...(isIP(host) === 0 && { servername: host }) }),
  })
  // As `fetch` tells it.
  return answerTo(asking, init, cause => new TypeError('fetch failed', { cause }))
}

function requestTo({ url }: Proxy, options: RequestOptions): ClientRequest {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return request({ host: bareHost(url), port: portOf(url), agent: false, ...options })
}

/**
 * Sends a request, and gives the head of its answer; past that, whoever reads the body hears of
 * trouble.
 */
function answerTo(
  asking: ClientRequest,
  { body, signal }: FetchInit,
  lost: (cause: Error) => unknown,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    asking.on('response', resolve)
    asking.on('error', cause => reject((signal.aborted ? signal.reason : lost(cause)) as Error))
    asking.end(body)
  })
}

function responseOf(proxy: Proxy, answer: IncomingMessage): Response {
  const { statusCode: status = 502, headersDistinct } = answer
  if (status === 407) {
    answer.destroy()
    throw refusedBy(proxy, status)
  }
  const headers = new Headers()
  for (const [name, values = []] of Object.entries(headersDistinct))
    for (const value of values) headers.append(name, value)
  if (status !== 204 && status !== 205 && status !== 304)
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, { status, headers })
  answer.resume()
  return new Response(null, { status, headers })
}

function authorization({ url: { username, password } }: Proxy): Record<string, string> {
  if (username === '' && password === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` }
}

function refusedBy({ variable }: Proxy, status: number | undefined): NoticeboardError {
  return new NoticeboardError(
    'unavailable',
    status === 407
      ? `the proxy that ${variable} names asks for a user name and password, or for other ones; write them as http://NAME:PASSWORD@HOST:PORT`
      : `the proxy that ${variable} names refused the connection to the server (${status})`,
  )
}

function proxyLost({ variable }: Proxy, error: unknown): unknown {
  const code = systemErrorCode(error)
  if (code === undefined) return error
  return new NoticeboardError(
    'unavailable',
    `the proxy that ${variable} names could not be reached (${code})`,
  )
}
