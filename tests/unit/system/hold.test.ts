import { expect, test } from 'vitest'
import { createHold } from '../../../src/system/hold.js'

function counted() {
  const told: string[] = []
  const hold = createHold(() => {
    told.push('taken')
    return () => told.push('let go')
  })
  return { told, hold }
}

test('the first holder takes, the last one lets go, and it may begin anew', () => {
  const { told, hold } = counted()
  const first = hold()
  const second = hold()
  expect(told).toEqual(['taken'])
  first()
  expect(told).toEqual(['taken'])
  second()
  expect(told).toEqual(['taken', 'let go'])
  hold()()
  expect(told).toEqual(['taken', 'let go', 'taken', 'let go'])
})

test('letting go twice does not let go for another holder', () => {
  const { told, hold } = counted()
  const first = hold()
  hold()
  first()
  first()
  expect(told).toEqual(['taken'])
})
