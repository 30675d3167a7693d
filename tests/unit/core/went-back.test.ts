import { expect, test } from 'vitest'
import { beginsAbove } from '../../../src/core/release/log-order.js'
import { sayWentBack, successionOf } from '../../../src/core/store/went-back.js'

const [here, other, before] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)]
const at = (epoch: string, sequence: number) => ({ epoch, sequence })
const known = { position: at('2-0badcafe', 7), digest: here }

test.each([
  ['nothing', undefined, 'went-back'],
  ['the same release', { position: at('2-0badcafe', 7), digest: here, prev: before }, 'same'],
  ['another release there', { position: at('2-0badcafe', 7), digest: other, prev: before }, 'went-back'],
  ['an earlier one', { position: at('2-0badcafe', 6), digest: before, prev: other }, 'went-back'],
  ['one of an earlier epoch', { position: at('1-9f3a01bc', 99), digest: other, prev: before }, 'went-back'],
  [
    'one of another epoch with that number',
    { position: at('2-9f3a01bc', 9), digest: other, prev: before },
    'went-back',
  ],
  ['the one after it', { position: at('2-0badcafe', 8), digest: other, prev: here }, 'goes-on'],
  ['one after another', { position: at('2-0badcafe', 8), digest: other, prev: before }, 'unproven'],
  ['one much later', { position: at('2-0badcafe', 12), digest: other, prev: before }, 'unproven'],
  ['the first of a later epoch', { position: at('3-9f3a01bc', 1), digest: other, prev: before }, 'goes-on'],
] as const)('a store that says %s after release 7 of epoch 2 has: %s %s', (_, said, succession) => {
  expect(successionOf(known, said)).toBe(succession)
})

test('only the first release of a later epoch is above what was read', () => {
  expect(beginsAbove(at('3-9f3a01bc', 1), known.position)).toBe(true)
  expect(beginsAbove(at('3-9f3a01bc', 2), known.position)).toBe(false)
  expect(beginsAbove(at('2-9f3a01bc', 1), known.position)).toBe(false)
  expect(beginsAbove(at('2-0badcafe', 8), known.position)).toBe(false)
})

test('says what was there, what is there now, and the way out', () => {
  const from = known.position
  const words = [
    [{ from }, 'has no release now'],
    [{ from, to: at('2-0badcafe', 3) }, 'ends at 2-0badcafe:3 now'],
    [{ from, to: at('2-0badcafe', 9) }, 'ends at 2-0badcafe:9 now, in another log'],
  ] as const
  for (const [wentBack, now] of words) {
    expect(sayWentBack('a/b', wentBack)).toContain(`it had 2-0badcafe:7 before, and ${now}`)
    expect(sayWentBack('a/b', wentBack)).toContain('noticeboard epoch a/b --reason')
  }
})
