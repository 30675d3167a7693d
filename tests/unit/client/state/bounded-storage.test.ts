import { describe, expect, test } from 'vitest'
import { boundedStorage } from '../../../../src/client/state/bounded-storage.js'
import type { Clock } from '../../../../src/contracts/system.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { memoryFolder } from '../../../support/client-harness.js'

/** A process that gets to run so late each time that it waits for something. */
const heldUp = (clock: VirtualClock, lateMs: number): Clock => ({
  ...clock,
  monotonic: () => clock.monotonic(),
  after: (ms, run) => clock.after(ms + lateMs, run),
})

/** What a start hears of a disk that takes so long, where something else is there after so long. */
async function outcomeOf(
  answersAfterMs: number,
  { lateMs = 0, hurriedMs = 0 }: { readonly lateMs?: number; readonly hurriedMs?: number } = {},
): Promise<string> {
  const clock = virtualClock()
  const disk = {
    ...memoryFolder(),
    async load() {
      await clock.sleep(answersAfterMs, new AbortController().signal)
      return { state: { good: [], refused: [] }, warnings: [] }
    },
  }
  const storage = boundedStorage(disk, heldUp(clock, lateMs))
  let outcome = 'waits'
  storage.load({ namespace: 'checkout/prod' }).then(
    () => (outcome = `answered after ${clock.monotonic()} ms`),
    (error: Error) => (outcome = `${error.message}, said after ${clock.monotonic()} ms`),
  )
  if (Number.isFinite(hurriedMs)) {
    await clock.advance(hurriedMs)
    storage.hurry()
  }
  await clock.advance(60_000)
  return outcome
}

describe('what a start asks of the state folder', () => {
  test('is given up after a second where the disk does not answer', async () => {
    expect(await outcomeOf(900)).toBe('answered after 900 ms')
    expect(await outcomeOf(30_000)).toBe('the state folder did not answer within 1000 ms, said after 1000 ms')
  })

  test('is waited for by ten seconds where nothing else is there', async () => {
    const never = { hurriedMs: Number.POSITIVE_INFINITY }
    expect(await outcomeOf(9_000, never)).toBe('answered after 9000 ms')
    expect(await outcomeOf(30_000, never)).toBe(
      'the state folder did not answer within 10000 ms, said after 10000 ms',
    )
  })

  test('is given up a moment after something else is there, once its second is over', async () => {
    expect(await outcomeOf(30_000, { hurriedMs: 400 })).toBe(
      'the state folder did not answer within 1000 ms, said after 1000 ms',
    )
    expect(await outcomeOf(5_000, { hurriedMs: 4_900 })).toBe('answered after 5000 ms')
    expect(await outcomeOf(30_000, { hurriedMs: 4_900 })).toBe(
      'the state folder did not answer within 5150 ms, said after 5150 ms',
    )
  })

  test('is waited for by as much longer as the process itself is held up', async () => {
    expect(await outcomeOf(2_500, { lateMs: 100 })).toBe('answered after 2500 ms')
    expect(await outcomeOf(30_000, { lateMs: 100 })).toBe(
      'the state folder did not answer within 1000 ms, said after 3000 ms',
    )
  })
})
