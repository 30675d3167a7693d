import { describe, expect, test } from 'vitest'
import { freezePlain } from '../../../../src/client/apply/freeze.js'

describe('freezePlain', () => {
  test('freezes objects and arrays all the way down, and gives back what it was given', () => {
    const value = { list: [{ deep: { deeper: 1 } }], bare: Object.assign(Object.create(null), { a: [1] }) }
    expect(freezePlain(value)).toBe(value)
    for (const part of [value, value.list, value.list[0], value.list[0]?.deep, value.bare, value.bare.a])
      expect(Object.isFrozen(part)).toBe(true)
  })

  test('goes into what is frozen already', () => {
    const inner = { open: [1] }
    freezePlain(Object.freeze({ inner }))
    expect(Object.isFrozen(inner)).toBe(true)
    expect(Object.isFrozen(inner.open)).toBe(true)
  })

  test('ends at a circle, of fresh objects and of frozen ones', () => {
    const fresh: Record<string, unknown> = { child: {} }
    ;(fresh['child'] as Record<string, unknown>)['parent'] = fresh
    freezePlain(fresh)
    expect(Object.isFrozen(fresh['child'])).toBe(true)
    freezePlain(fresh)
    const holder: { child?: object } = {}
    holder.child = Object.freeze({ holder })
    freezePlain(holder)
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
    freezePlain(level)
    expect(reads).toBeLessThanOrEqual(120)
  })

  test('leaves what a transform made of a class as it is', () => {
    const value = { at: new Date(0), tags: new Map([['a', { open: true }]]) }
    freezePlain(value)
    expect(Object.isFrozen(value)).toBe(true)
    expect(Object.isFrozen(value.at)).toBe(false)
    expect(Object.isFrozen(value.tags)).toBe(false)
  })
})
