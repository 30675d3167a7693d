import { runInNewContext, runInThisContext } from 'node:vm'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isEqual } from '../../../src/core/equal.js'
import { fakeClient } from '../../../src/testing/fake-client.js'

class Pool {
  readonly size: number
  constructor(size: number) {
    this.size = size
  }
}

/** Stands for `Temporal.Instant`, which no Node of ours has yet. */
class Instant {
  readonly [Symbol.toStringTag] = 'Temporal.Instant'
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toString(): string {
    return this.text
  }
}

const circle = (): object => {
  const outer: Record<string, unknown> = { a: 1 }
  outer['self'] = outer
  return outer
}

test.each<[string, () => unknown, () => unknown]>([
  ['sets', () => new Set(['a', { b: 1 }]), () => new Set(['a', { b: 2 }])],
  ['maps', () => new Map([['a', [1]]]), () => new Map([['a', [2]]])],
  ['addresses', () => new URL('http://a.example/'), () => new URL('http://b.example/')],
  ['queries', () => new URLSearchParams('a=1'), () => new URLSearchParams('a=2')],
  ['patterns', () => /a/, () => /a/i],
  ['bytes', () => new Uint8Array([1, 2]), () => new Uint8Array([1, 3])],
  ['bytes of Node', () => Buffer.from('a'), () => Buffer.from('b')],
  ['numbers in a row', () => new Float64Array([1]), () => new Float64Array([2])],
  ['buffers', () => new Uint8Array([1]).buffer, () => new Uint8Array([2]).buffer],
  ['dates', () => new Date(1), () => new Date(2)],
  ['dates that are none', () => new Date(Number.NaN), () => new Date(0)],
  ['times of the coming kind', () => new Instant('a'), () => new Instant('b')],
  ['large numbers', () => 1n, () => 2n],
  ['what is not a number', () => Number.NaN, () => 0],
  ['what contains itself', circle, () => Object.assign(circle(), { a: 2 })],
  [
    'all of it in one',
    () => ({ a: [new Set([new Map([['k', new Date(1)]])])] }),
    () => ({ a: [new Set([new Map([['k', new Date(2)]])])] }),
  ],
])('%s are the same by what is in them', (_name, make, other) => {
  expect(isEqual(make(), make())).toBe(true)
  expect(isEqual(make(), other())).toBe(false)
  expect(isEqual(other(), make())).toBe(false)
})

test.each([
  '({ a: [1, { b: null }] })',
  'new Set(["a"])',
  'new Map([["a", { b: 1 }]])',
  'new Date(7)',
  '/a/g',
  'new Uint8Array([1, 2])',
])('%s of another realm is the same as one of this realm', code => {
  expect(isEqual(runInNewContext(code), runInThisContext(code))).toBe(true)
})

test('kinds are not mixed up, and instances of classes are the same by identity alone', () => {
  const kinds = [
    {},
    [],
    new Set(),
    new Map(),
    new Date(0),
    /(?:)/,
    new Uint8Array(),
    new Pool(1),
    new Pool(1),
    0,
    null,
  ]
  for (const [i, a] of kinds.entries())
    for (const [j, b] of kinds.entries()) expect([i, j, isEqual(a, b)]).toEqual([i, j, i === j])
  expect(
    isEqual(new (class Names extends Set<string> {})(), new (class Names extends Set<string> {})()),
  ).toBe(false)
})

test('a part that a schema makes a set, a map, an address, a pattern or bytes of is told once while the document says the same of it', () => {
  const schema = z.object({
    hosts: z.array(z.string()).transform(list => new Set(list)),
    limits: z.record(z.string(), z.number()).transform(all => new Map(Object.entries(all))),
    home: z.string().transform(text => new URL(text)),
    names: z.string().transform(text => new RegExp(text)),
    key: z.string().transform(text => new TextEncoder().encode(text)),
    round: z.number(),
  })
  const document = (round: number, host = 'a') => ({
    hosts: [host, 'b'],
    limits: { [host]: 1 },
    home: `http://${host}/`,
    names: `^${host}$`,
    key: host,
    round,
  })
  const client = fakeClient(schema, document(0))
  const calls = { hosts: 0, limits: 0, home: 0, names: 0, key: 0 }
  for (const part of ['hosts', 'limits', 'home', 'names', 'key'] as const)
    client.select(config => config[part]).subscribe(() => (calls[part] += 1))
  for (let round = 1; round <= 5; round += 1) client.set(document(round))
  expect(calls).toEqual({ hosts: 1, limits: 1, home: 1, names: 1, key: 1 })
  client.set(document(6, 'c'))
  expect(calls).toEqual({ hosts: 2, limits: 2, home: 2, names: 2, key: 2 })
  expect(() => client.current.hosts.add('x')).toThrow('read-only')
})
