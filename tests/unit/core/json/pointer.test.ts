import { expect, test } from 'vitest'
import { formatPointer, memberAt, pointerSteps, valueAt } from '../../../../src/core/json/pointer.js'

test.each<[string, readonly string[]]>([
  ['', []],
  ['#', []],
  ['/a/0', ['a', '0']],
  ['#/$defs/pool', ['$defs', 'pool']],
  ['/a~1b/c~0d/~01', ['a/b', 'c~d', '~1']],
  ['#/%5Ex-/gr%C3%B6%C3%9Fe/100%', ['^x-', 'größe', '100%']],
  ['/100%25', ['100%25']],
])('the steps of the pointer %j', (pointer, steps) => {
  expect(pointerSteps(pointer)).toEqual(steps)
})

test('steps are written for people', () => {
  expect(formatPointer([])).toBe('#')
  expect(formatPointer(['properties', 'a/b', 0, 'größe~'])).toBe('#/properties/a~1b/0/größe~0')
})

test('a value is found by its steps, and nothing is found beside or above the data', () => {
  const value = { servers: [{ host: 'a' }], empty: null }
  expect(valueAt(value, [])).toBe(value)
  expect(valueAt(value, ['servers', 0, 'host'])).toBe('a')
  expect(valueAt(value, ['servers', '0', 'host'])).toBe('a')
  expect(valueAt(value, ['servers', 1, 'host'])).toBeUndefined()
  expect(valueAt(value, ['empty', 'x'])).toBeUndefined()
  expect(memberAt(value, 'constructor')).toBeUndefined()
  expect(memberAt('text', 'length')).toBeUndefined()
})
