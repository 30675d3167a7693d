import { expect, expectTypeOf, test } from 'vitest'
import {
  canAppend,
  canNotify,
  canRead,
  canReport,
  canWatch,
  mintsMarks,
} from '../../../src/contracts/capabilities.js'
import type {
  NoticeTransport,
  ReportTransport,
  Store,
  Transport,
  WatchTransport,
} from '../../../src/contracts/transport.js'
import { cached } from '../../../src/transports/cached.js'
import { fallback } from '../../../src/transports/fallback.js'
import { faulty } from '../../../src/transports/faulty/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'

const bare: Transport = {
  name: 'bare',
  latest: async () => ({ type: 'none' }),
  snapshot: async () => new Uint8Array(),
}

test.each<[string, Transport, readonly boolean[]]>([
  ['memory()', memory(), [true, true, true, true]],
  ['http()', http('http://127.0.0.1:1'), [true, true, true, false]],
  ['httpStore()', httpStore('http://127.0.0.1:1'), [true, true, true, true]],
  ['a transport that only reads', bare, [true, false, false, false]],
  ['cached(memory())', cached(memory()), [true, true, true, false]],
  ['fallback() of one that only reads', fallback([bare]), [true, false, false, false]],
  ['a transport that is faulty', faulty(memory(), { faults: [] }), [true, true, true, true]],
])('%s can do what its methods say', (_name, transport, can) => {
  expect([canRead(transport), canWatch(transport), canReport(transport), canAppend(transport)]).toEqual(can)
})

test.each([undefined, null, 'http://here', {}, { latest() {} }, { latest: 1, snapshot: 2 }])(
  '%o is no transport',
  thing => {
    expect(canRead(thing)).toBe(false)
  },
)

test('what has a watch and nothing else notifies, and cannot be read', () => {
  const notices: NoticeTransport = { name: 'notices', watch: memory().watch }
  const shaky = faulty(notices, { faults: [{ on: 'watch', type: 'drop', chance: 0.5 }] })
  for (const thing of [notices, shaky]) expect([canNotify(thing), canRead(thing)]).toEqual([true, false])
  expect([bare, undefined, 'udp'].some(canNotify)).toBe(false)
})

test('a server makes marks over a store that is its own, and over nothing else', () => {
  expect(mintsMarks(memory())).toBe(true)
  expect(mintsMarks(faulty(memory(), { faults: [] }))).toBe(true)
  expect(mintsMarks(http('http://127.0.0.1:1'))).toBe(false)
  expect(mintsMarks(httpStore('http://127.0.0.1:1'))).toBe(false)
  expect(mintsMarks(faulty(httpStore('http://127.0.0.1:1'), { faults: [] }))).toBe(false)
  expect(mintsMarks(cached(memory()))).toBe(false)
  expect(mintsMarks(bare)).toBe(false)
})

test('what a transport can do is known to the compiler from then on', () => {
  const transport: Transport = memory()
  if (canWatch(transport)) expectTypeOf(transport).toExtend<WatchTransport>()
  if (canReport(transport)) expectTypeOf(transport).toExtend<ReportTransport>()
  if (canAppend(transport)) expectTypeOf(transport).toExtend<Store>()
})
