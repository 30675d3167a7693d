import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient, createPublisher, everyone, http, memory, onDemand, pull } from '../../../src/index.js'
import { fromSource } from '../../../src/transports/source.js'
import type { Schema } from '../../../src/contracts/schema.js'
import {
  builtInOf,
  errorMessage,
  errorName,
  isBytes,
  isDate,
  isError,
  isPlainObject,
  isThenable,
} from '../../../src/core/built-ins.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { codeOf } from '../../../src/core/code-of.js'
import { callGuarded } from '../../../src/client/events.js'
import { retried } from '../../../src/publisher/retry.js'
import { fakeClient } from '../../../src/testing/index.js'
import { expectBytes } from '../../../src/testing/conformance/expect.js'
import { systemClock, systemRandom } from '../../../src/system/system.js'

// A test runner's sandbox has every built-in class a second time, and gets values of the first from
// Node: here the sandbox is where the values come from, which is the same to `instanceof`.
const realm = createContext({})
const from = <Value>(code: string): Value => runInContext(`(${code})`, realm) as Value

const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
const quiet = { debug() {}, info() {}, warn() {}, error() {} }

test('no source asks for a built-in class by instanceof, which says no to values of another realm', () => {
  const root = join(import.meta.dirname, '../../../src')
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(300)
  const found = files.flatMap(name => {
    const text = readFileSync(join(root, name), 'utf8')
    return [...text.matchAll(/ instanceof (\w+)|=== (\w+)\.prototype\b|\.constructor === (\w+)/g)].map(
      ([, asked, prototype, constructor]) => `${name}: ${asked ?? prototype ?? constructor}`,
    )
  })
  // Its own class, which nobody else throws, and the quick answer of the check that knows all
  // realms.
  expect(found).toEqual(['core/built-ins.ts: Object', 'publisher/retry.ts: FailedAttempt'])
})

test('values of another realm are what they are', () => {
  expect(isError(from('new TypeError("x")'))).toBe(true)
  expect([errorName(from('new RangeError("x")')), errorMessage(from('new Error("y")'))]).toEqual([
    'RangeError',
    'y',
  ])
  expect([errorName('x'), errorMessage('x')]).toEqual(['unknown', 'x'])
  expect([
    isThenable(from('Promise.resolve(1)')),
    isThenable(from('{ then() {} }')),
    isThenable({}),
    isThenable(null),
  ]).toEqual([true, true, false, false])
  expect([
    isBytes(from('new Uint8Array(1)')),
    isBytes(Buffer.alloc(1)),
    isBytes(from('new Uint16Array(1)')),
    isBytes([1]),
  ]).toEqual([true, true, false, false])
  expect([isDate(from('new Date(0)')), isDate('2026'), isDate({ getTime: () => 0 })]).toEqual([
    true,
    false,
    false,
  ])
  expect([
    isPlainObject(from('{ a: 1 }')),
    isPlainObject(from('[1]')),
    isPlainObject(from('new (class A {})()')),
    isPlainObject(from('Object.create(null)')),
  ]).toEqual([true, false, false, true])
  expect(
    ['new Set()', 'new Map()', '/a/', 'new Date()', '{}', '[]', 'new (class A extends Set {})()'].map(code =>
      builtInOf(from(code)),
    ),
  ).toEqual(['Set', 'Map', 'RegExp', 'Date', undefined, 'Array', undefined])
  expect(canonicalize(from('{ b: [{ a: 1 }], a: null }'))).toBe('{"a":null,"b":[{"a":1}]}')
})

test('the code of an error of another realm is in the log', () => {
  expect(codeOf(from('Object.assign(new Error("secret"), { code: "EACCES" })'))).toBe('EACCES')
})

test('a listener whose promise of another realm rejects is logged, and no rejection is unhandled', async () => {
  const logged: unknown[] = []
  const logger = {
    ...quiet,
    error: (message: string, details?: object) => void logged.push([message, details]),
  }
  for (const code of [
    '() => Promise.reject(new RangeError("secret"))',
    '() => ({ then(_, no) { no(new RangeError("secret")) } })',
    '() => { throw new RangeError("secret") }',
  ])
    callGuarded(from<() => unknown>(code), logger, 'a listener')
  await settled()
  expect(logged).toEqual(Array(3).fill(['a listener failed', { error: 'RangeError' }]))
})

test('a redirect, and the code of a connection that failed, are told where fetch throws errors of another realm', async () => {
  const signal = new AbortController().signal
  const failing = (code: string) => http('http://a.example', { fetch: () => Promise.reject(from(code)) })
  const ask = (code: string) => failing(code).latest({ namespace: 'a' }, signal)
  await expect(
    ask('new TypeError("fetch failed", { cause: new Error("unexpected redirect") })'),
  ).rejects.toThrow('use the final address')
  await expect(
    ask('new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) })'),
  ).rejects.toThrow('(ECONNREFUSED)')
})

test('what a store of another realm throws reaches the caller as it was thrown', async () => {
  const options = { clock: systemClock, random: systemRandom, signal: new AbortController().signal }
  for (const thrown of [
    from<Error>('Object.assign(new Error("no"), { code: "EACCES" })'),
    from<Error>('new TypeError("x")'),
    'a text',
  ])
    await expect(retried(() => Promise.reject(thrown), options)).rejects.toBe(thrown)
})

test('a date of another realm is a time to activate at', async () => {
  const publisher = createPublisher({ namespace: 'a', schema: z.object({ n: z.number() }), store: memory() })
  const activateAt = from<Date>('new Date(Date.now() + 60_000)')
  await publisher.publish({ n: 1 }, { rollout: everyone(), reason: 'x', activateAt })
  expect((await publisher.current())?.release.activateAt).toBe(activateAt.toISOString())
  await publisher.close()
})

test('bytes of another realm pass the conformance kit, and are a snapshot', async () => {
  expectBytes('the bytes', from('new Uint8Array([1, 2])'), new Uint8Array([1, 2]))
  const store = memory()
  const publisher = createPublisher({ namespace: 'a', schema: z.object({ n: z.number() }), store })
  await publisher.publish({ n: 1 }, { rollout: everyone(), reason: 'x' })
  const copy = from<(bytes: Uint8Array) => Uint8Array>('bytes => Uint8Array.from(bytes)')
  const foreign = {
    name: 'foreign',
    latest: async (...query: Parameters<typeof store.latest>) => {
      const latest = await store.latest(...query)
      return latest.type === 'release' ? { ...latest, bytes: copy(latest.bytes) } : latest
    },
    snapshot: async (...query: Parameters<typeof store.snapshot>) => copy(await store.snapshot(...query)),
  }
  const client = await createClient({
    namespace: 'a',
    schema: z.object({ n: z.number() }),
    strategy: onDemand(foreign),
  }).ready()
  expect(client.current).toEqual({ n: 1 })
  await client.close()
  await publisher.close()
})

test('what a schema of another realm makes of a document is frozen and compared like any other', async () => {
  const clone = from<(value: unknown) => unknown>('value => JSON.parse(JSON.stringify(value))')
  const schema: Schema<{ a: { b: number[] }; n: number }> = {
    '~standard': {
      version: 1,
      vendor: 'foreign',
      validate: value => ({ value: clone(value) as { a: { b: number[] }; n: number } }),
    },
  }
  const client = fakeClient(schema, { a: { b: [1] }, n: 1 })
  expect([client.current, client.current.a, client.current.a.b].every(Object.isFrozen)).toBe(true)
  let calls = 0
  client.select(({ a }) => a).subscribe(() => (calls += 1))
  client.set({ a: { b: [1] }, n: 2 })
  expect(calls).toBe(1)
})

test('a source whose promise comes from another realm is read', async () => {
  const client = await createClient({
    namespace: 'a',
    schema: z.object({ n: z.number() }),
    strategy: pull(fromSource(from<() => Promise<{ n: number }>>('() => Promise.resolve({ n: 1 })'))),
  }).ready()
  expect(client.current).toEqual({ n: 1 })
  await client.close()
})

test.each([
  ['a promise of another realm', 'commit => Promise.resolve({ commit })'],
  ['any thenable', 'commit => ({ then: resolve => resolve({ commit }) })'],
])('a participant of a fake client may prepare by %s', async (_name, code) => {
  const client = fakeClient(z.object({ n: z.number() }), { n: 1 })
  const errors: unknown[] = []
  let commits = 0
  client.on('error', error => errors.push(error))
  const prepare = from<(commit: () => void) => Promise<{ commit(): void }>>(code)
  client.participate({ name: 'a', prepare: () => prepare(() => (commits += 1)) })
  client.set({ n: 2 })
  await settled()
  expect([client.current.n, commits, errors]).toEqual([2, 1, []])
})

test('a fake client changes nothing when a participant prepares something that has no commit, and tells a late one', async () => {
  const client = fakeClient(z.object({ n: z.number() }), { n: 1 })
  const seen: string[] = []
  client.on('error', ({ code, cause }) => seen.push(`${code}: ${String(cause)}`))
  const leave = client.participate({ name: 'a', prepare: () => ({}) as never })
  expect(() => client.set({ n: 2 })).toThrow(
    'participant "a" did not return an object with commit() from prepare()',
  )
  expect(client.current.n).toBe(1)
  leave()
  client.participate({ name: 'b', prepare: async () => undefined as never })
  client.set({ n: 3 })
  await settled()
  expect([client.current.n, seen]).toEqual([
    3,
    [expect.stringContaining('did not return an object with commit() from prepare()')],
  ])
})

test('a commit that throws is thrown by a fake client once everybody has switched', () => {
  const client = fakeClient(z.object({ n: z.number() }), { n: 1 })
  const seen: string[] = []
  client.participate({ name: 'a', prepare: () => ({ commit: () => { throw new Error('full') } }) }) // prettier-ignore
  client.participate({ name: 'b', prepare: () => ({ commit: () => seen.push('b') }) })
  client.on('change', () => seen.push('change'))
  expect(() => client.set({ n: 2 })).toThrow('full')
  expect([client.current.n, seen]).toEqual([2, ['b', 'change']])
})

test.each<[string, unknown]>([
  ['a date', { a: new Date(0) }],
  ['a date of another realm', { a: from('new Date(0)') }],
  ['no number', { a: Number.NaN }],
  ['a function', { a: () => 1 }],
  ['a map', { a: new Map() }],
  ['a set', { a: new Set() }],
  ['a bigint', { a: 1n }],
  ['minus zero', { a: -0 }],
])('a fake client takes %s as little as a publisher does', (_name, document) => {
  const schema = z.object({ a: z.any() })
  expect(() => fakeClient(schema, document as { a: unknown })).toThrow(/^a cannot be written as JSON/)
  const client = fakeClient(schema, { a: 1 })
  expect(() => client.set(document as { a: unknown })).toThrow(/^a cannot be written as JSON/)
  expect(client.current).toEqual({ a: 1 })
})

test('a fake client reads a document as it travels, and leaves the one that it was given as it is', () => {
  // As arktype does: transforms write into what they were given.
  interface Document {
    list: number[]
    gone?: undefined
    made?: { has: boolean }
  }
  const schema: Schema<Document> = {
    '~standard': {
      version: 1,
      vendor: 'arktype',
      validate(value) {
        const document = value as Document
        document.made = { has: 'gone' in document }
        return { value: document }
      },
    },
  }
  const given = { list: [1], gone: undefined }
  const client = fakeClient(schema, given)
  expect(client.current).toEqual({ list: [1], made: { has: false } })
  expect([Object.isFrozen(given), Object.isFrozen(given.list), 'made' in given]).toEqual([
    false,
    false,
    false,
  ])
  given.list.push(2)
  expect(client.current.list).toEqual([1])
})
