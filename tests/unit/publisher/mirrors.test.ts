import { expect, test } from 'vitest'
import type { Clock } from '../../../src/contracts/system.js'
import type { Mirror } from '../../../src/contracts/transport.js'
import { appendUntil } from '../../../src/publisher/append.js'
import { syncMirrors } from '../../../src/publisher/mirrors.js'
import { systemClock } from '../../../src/system/system.js'
import { publisherContext } from './publisher-context.js'
import { scriptedStore } from './scripted-store.js'

const never = new AbortController().signal
const hangs = (name: string): Mirror => ({
  name,
  put: () => new Promise(() => {}),
  announce: () => new Promise(() => {}),
})
const works: Mirror = { name: 'works', put: async () => {}, announce: async () => {} }

async function newest(context: ReturnType<typeof publisherContext>) {
  const stable = [{ digest: 'a'.repeat(64), bytes: 2 }] as const
  const decide = () =>
    ({ type: 'append', statement: { cause: 'publish', stable, audit: Buffer.from('{}') } }) as const
  return (await appendUntil(context, decide, { signal: never })).signed
}

test('a mirror that hangs is given up after its time, and holds up no other', async () => {
  const due: { readonly ms: number; readonly run: () => void }[] = []
  const clock: Clock = {
    ...systemClock,
    sleep: async () => {},
    after: (ms, run) => {
      due.push({ ms, run })
      return () => {}
    },
  }
  const store = scriptedStore()
  store.snapshot = async () => new Uint8Array()
  const context = publisherContext(store, {
    clock,
    mirrors: [hangs('hangs'), works],
    hasher: { sha256: () => new Uint8Array(32).fill(0xaa) },
  })
  const signed = await newest(context)
  const results = syncMirrors(context, signed, never)
  await new Promise(resolve => setImmediate(resolve))
  expect(due.map(({ ms }) => ms)).toEqual([30_000, 30_000])
  due.forEach(({ run }) => run())
  expect(await results).toEqual([
    { name: 'hangs', ok: false, code: 'timeout', message: expect.stringContaining('30000 ms') },
    { name: 'works', ok: true },
  ])
})

test('closing the publisher ends what its mirrors still do', async () => {
  const controller = new AbortController()
  const store = scriptedStore()
  const context = publisherContext(store, { mirrors: [hangs('hangs')] })
  const signed = await newest(context)
  store.snapshot = () => new Promise(() => {})
  const results = syncMirrors(context, signed, controller.signal)
  controller.abort()
  expect(await results).toMatchObject([{ name: 'hangs', ok: false, code: 'closed' }])
})
