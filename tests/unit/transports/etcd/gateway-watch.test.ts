import { expect, test } from 'vitest'
import type { EtcdNews } from '../../../../src/transports/etcd/client.js'
import { etcdGateway } from '../../../../src/transports/etcd/index.js'

const LINE = `${JSON.stringify({
  result: { events: [{ kv: { key: btoa('a'), value: btoa('1'), mod_revision: '7' } }] },
})}\n`

/**
 * A stream that nothing but its reader ends: what becomes of a body whose request, and signal with
 * it, was collected.
 */
function deaf(text: string): {
  readonly body: ReadableStream<Uint8Array>
  readonly cancelled: Promise<void>
} {
  let cancel = (): void => {}
  const cancelled = new Promise<void>(resolve => {
    cancel = resolve
  })
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (text !== '') controller.enqueue(new TextEncoder().encode(text))
    },
    cancel,
  })
  return { body, cancelled }
}

function watchOver(answer: Response | Promise<Response>, signal: AbortSignal): AsyncIterator<EtcdNews> {
  const client = etcdGateway({ url: 'http://etcd.test', fetch: async () => answer })
  return client.watch({ key: 'a', end: 'b', from: '1' }, signal)[Symbol.asyncIterator]()
}

test('an aborted watch ends and cancels its body, although the body does not hear the signal', async () => {
  const { body, cancelled } = deaf(LINE)
  const gone = new AbortController()
  const news = watchOver(new Response(body), gone.signal)
  expect(await news.next()).toMatchObject({ done: false, value: { type: 'entries' } })
  const waiting = news.next()
  gone.abort()
  expect((await waiting).done).toBe(true)
  await cancelled
})

test('a watch that its reader leaves has cancelled its body', async () => {
  const { body, cancelled } = deaf(LINE)
  const news = watchOver(new Response(body), new AbortController().signal)
  await news.next()
  await news.return?.()
  await cancelled
})

test('an aborted watch whose answer was refused does not wait for the rest of the refusal', async () => {
  const { body, cancelled } = deaf('{')
  const gone = new AbortController()
  const waiting = watchOver(new Response(body, { status: 503 }), gone.signal).next()
  await new Promise(setImmediate)
  gone.abort()
  expect((await waiting).done).toBe(true)
  await cancelled
})

test('an answer that comes after the end of its watch is let go', async () => {
  const { body, cancelled } = deaf(LINE)
  let answer = (_: Response): void => {}
  const late = new Promise<Response>(resolve => {
    answer = resolve
  })
  const gone = new AbortController()
  const waiting = watchOver(late, gone.signal).next()
  gone.abort()
  expect((await waiting).done).toBe(true)
  answer(new Response(body))
  await cancelled
})
