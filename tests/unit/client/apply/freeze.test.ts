import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { freezeValue } from '../../../../src/client/apply/freeze.js'

describe('freezeValue', () => {
  test('freezes objects and arrays all the way down, and gives back what it was given', () => {
    const value = { list: [{ deep: { deeper: 1 } }], bare: Object.assign(Object.create(null), { a: [1] }) }
    expect(freezeValue(value)).toBe(value)
    for (const part of [value, value.list, value.list[0], value.list[0]?.deep, value.bare, value.bare.a])
      expect(Object.isFrozen(part)).toBe(true)
  })

  test('goes into what is frozen already', () => {
    const inner = { open: [1] }
    freezeValue(Object.freeze({ inner }))
    expect(Object.isFrozen(inner)).toBe(true)
    expect(Object.isFrozen(inner.open)).toBe(true)
  })

  test('ends at a circle, of fresh objects and of frozen ones', () => {
    const fresh: Record<string, unknown> = { child: {} }
    ;(fresh['child'] as Record<string, unknown>)['parent'] = fresh
    freezeValue(fresh)
    expect(Object.isFrozen(fresh['child'])).toBe(true)
    freezeValue(fresh)
    const holder: { child?: object } = {}
    holder.child = Object.freeze({ holder })
    freezeValue(holder)
    expect(Object.isFrozen(holder)).toBe(true)
  })

  test('takes no longer where each level names the next one twice', () => {
    let reads = 0
    let level: object = {}
    for (let depth = 0; depth < 60; depth += 1) {
      const next = level
      level = Object.defineProperty({ left: next }, 'right', {
        enumerable: true,
        get: () => {
          reads += 1
          return next
        },
      })
    }
    freezeValue(level)
    expect(reads).toBeLessThanOrEqual(120)
  })

  test('a set, a map, a date and a URL refuse what would change them, also inside of each other and from another realm', () => {
    const value = {
      at: new Date(0),
      tags: new Map([['a', new Set([{ open: [1] }])]]),
      url: new URL('http://a.example/?b=1'),
      foreign: runInNewContext('({ set: new Set([1]), list: [{ open: true }] })') as {
        set: Set<number>
        list: { open: boolean }[]
      },
    }
    freezeValue(value)
    const [item] = [...(value.tags.get('a') ?? [])]
    for (const change of [
      () => value.at.setTime(1),
      () => value.at.setUTCFullYear(1999),
      () => value.tags.set('b', new Set()),
      () => value.tags.clear(),
      () => value.tags.get('a')?.add({ open: [] }),
      () => item?.open.push(2),
      () => (value.url.host = 'b.example'),
      () => value.url.searchParams.append('c', '2'),
      () => value.foreign.set.add(2),
      () => value.foreign.list.push({ open: false }),
      () => (value.foreign.list[0]!.open = false),
    ])
      expect(change).toThrow(/read-only|not extensible|read only/)
    expect([value.at.getTime(), [...value.tags.keys()], value.url.href, String(new URL(value.url))]).toEqual([
      0,
      ['a'],
      'http://a.example/?b=1',
      'http://a.example/?b=1',
    ])
    expect(structuredClone(value.tags.get('a'))).toEqual(new Set([{ open: [1] }]))
    // Nothing of this shows where values are compared or written.
    expect(value.tags.get('a')).toEqual(new Set([{ open: [1] }]))
    expect(JSON.stringify(value.at)).toBe('"1970-01-01T00:00:00.000Z"')
  })

  test('leaves bytes, regular expressions and instances of classes as they are', () => {
    class Pool extends Map<string, number> {}
    const value = { pool: new Pool(), bytes: new Uint8Array(1), pattern: /a/g }
    freezeValue(value)
    value.pool.set('a', 1)
    value.bytes[0] = 1
    expect([value.pool.size, value.bytes[0], value.pattern.test('a'), value.pattern.lastIndex]).toEqual([
      1,
      1,
      true,
      1,
    ])
  })
})
