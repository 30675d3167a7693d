import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { LogDetails } from '../../../src/contracts/system.js'
import { createOutlet, type Outlet } from '../../../src/controller/outlet.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import type { RolloutMove } from '../../../src/publisher/index.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'

const MINUTE = 60_000

interface World {
  readonly clock: VirtualClock
  readonly outlet: Outlet
  /** When each attempt began, and which move it was of. */
  readonly attempts: readonly { readonly atMs: number; readonly id: string }[]
  readonly errors: readonly (LogDetails | undefined)[]
}

/** An outlet whose listener throws what `fails` says; every draw of chance is `number`. */
function world(fails: (attempt: number) => Error | undefined, number = 0.5): World {
  const clock = virtualClock()
  const attempts: { readonly atMs: number; readonly id: string }[] = []
  const errors: (LogDetails | undefined)[] = []
  const listener = {
    name: 'ear',
    async hear({ id }: RolloutMove) {
      attempts.push({ atMs: clock.monotonic(), id })
      const error = fails(attempts.length)
      if (error !== undefined) throw error
    },
  }
  const outlet = createOutlet(listener, {
    clock,
    random: { number: () => number, bytes: length => new Uint8Array(length) },
    logger: { ...silentLogger, error: (_message, details) => void errors.push(details) },
    signal: new AbortController().signal,
  })
  return { clock, outlet, attempts, errors }
}

const move = (id: string) => ({ id, namespace: 'checkout/prod' }) as RolloutMove
const away = () => new NoticeboardError('unavailable', 'away')

test.each([0, 0.5, 0.999])(
  'gives a move up after 20 attempts or ten minutes, whichever is first (chance %s)',
  async number => {
    const { clock, outlet, attempts, errors } = world(away, number)
    outlet.put(move('one'))
    await clock.advance(20 * MINUTE)
    expect(attempts.length).toBeGreaterThan(10)
    expect(attempts.length).toBeLessThanOrEqual(20)
    expect((attempts.at(-1)?.atMs ?? 0) - (attempts[0]?.atMs ?? 0)).toBeLessThanOrEqual(10 * MINUTE)
    expect(outlet.counts).toEqual({ name: 'ear', heard: 0, waiting: 0, lost: 1 })
    expect(errors).toMatchObject([{ listener: 'ear', move: 'one', code: 'unavailable', lost: 1 }])
  },
)

test.each([
  [30_000, 30_000],
  [86_400_000, 60_000],
])('waits for as long as it was asked to, %i ms, and a minute at most', async (retryAfterMs, leastMs) => {
  const { clock, outlet, attempts } = world(
    attempt => (attempt === 1 ? new NoticeboardError('rate-limited', 'later', { retryAfterMs }) : undefined),
    0,
  )
  outlet.put(move('one'))
  await clock.advance(2 * MINUTE)
  const [first, second] = attempts.map(({ atMs }) => atMs)
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(leastMs)
  expect((second ?? 0) - (first ?? 0)).toBeLessThan(leastMs + 1_000)
  expect(outlet.counts).toMatchObject({ heard: 1, lost: 0 })
})

test('keeps a thousand moves, the newest of them, and tells those in their order once the listener is back', async () => {
  let isAway = true
  const { clock, outlet, attempts, errors } = world(() => (isAway ? away() : undefined))
  for (let number = 1; number <= 1_005; number += 1) outlet.put(move(`${number}`))
  expect(outlet.counts).toMatchObject({ waiting: 1_000, lost: 5 })
  expect(errors.map(details => details?.['move'])).toEqual(['2', '3', '4', '5', '6'])
  isAway = false
  await clock.advance(MINUTE)
  expect(outlet.counts).toEqual({ name: 'ear', heard: 1_000, waiting: 0, lost: 5 })
  const ids = [...new Set(attempts.map(({ id }) => id))]
  expect(ids).toEqual(['1', ...Array.from({ length: 999 }, (_, index) => `${index + 7}`)])
})
