import { expect, test } from 'vitest'
import { isRunByNpm, whenParentsAreGone } from '../../../src/cli/npm-parent.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

test.each([
  ["'noticeboard'", true],
  ['noticeboard', true],
  ['"noticeboard"', true],
  ['noticeboard serve --create --board ./board', true],
  // What runs in the background, or among others, may be meant to stay.
  ['noticeboard serve &', false],
  ['noticeboard serve & vite', false],
  ['build; noticeboard serve', false],
  ['pm2 start noticeboard -- serve', false],
  ['noticeboard-proxy', false],
  [undefined, false],
])('%s is a command that npm waits for: %s', (script, expected) => {
  expect(isRunByNpm({ npm_lifecycle_script: script })).toBe(expected)
})

test('the parents are gone once one of them is another, and not before', async () => {
  const clock = virtualClock()
  let parents = '7 of 6'
  let how = 'waiting'
  const { signal } = new AbortController()
  void whenParentsAreGone({ clock, parents: async () => parents }, signal).then(() => (how = 'gone'))
  await clock.advance(60_000)
  expect(how).toBe('waiting')
  parents = '7 of 1'
  await clock.advance(1_000)
  expect(how).toBe('gone')
})

test('nobody is looked at any more once the command ends', async () => {
  const clock = virtualClock()
  const ending = new AbortController()
  let looks = 0
  const parents = async (): Promise<string> => {
    looks += 1
    return 'the same'
  }
  const ended = whenParentsAreGone({ clock, parents }, ending.signal).then(
    () => 'gone',
    () => 'ended',
  )
  await clock.advance(5_000)
  const before = looks
  expect(before).toBeGreaterThan(4)
  ending.abort()
  await clock.advance(5_000)
  expect([await ended, looks]).toEqual(['ended', before])
})
