import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Clock, Random } from '../../../src/contracts/system.js'
import { retried, withSignal } from '../../../src/publisher/retry.js'
import { systemClock, systemRandom } from '../../../src/system/system.js'

const { signal } = new AbortController()

/** A clock on which no wait takes any time; it keeps how long each would have been. */
function sleepless(): { readonly clock: Clock; readonly slept: number[] } {
  const slept: number[] = []
  return { slept, clock: { ...systemClock, sleep: async ms => void slept.push(ms) } }
}
const drawing = (share: number): Random => ({ ...systemRandom, number: () => share })
const away = (retryAfterMs?: number): NoticeboardError =>
  new NoticeboardError('unavailable', 'busy', { ...(retryAfterMs !== undefined && { retryAfterMs }) })
const failing = (error: Error) => (): Promise<never> => Promise.reject(error)

test('delays double up to 4 s, and keep their jitter there', async () => {
  const delays = async (share: number): Promise<number[]> => {
    const { clock, slept } = sleepless()
    const options = { clock, random: drawing(share), signal, retries: 7 }
    await expect(retried(failing(away()), options)).rejects.toMatchObject({ code: 'unavailable' })
    return slept
  }
  expect(await delays(1)).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000, 4_000])
  expect(await delays(0)).toEqual(Array(7).fill(25))
})

test('no attempt comes before the time that the store asked for', async () => {
  const { clock, slept } = sleepless()
  const options = { clock, random: drawing(0.5), signal, retries: 3 }
  await expect(retried(failing(away(10_000)), options)).rejects.toMatchObject({ retryAfterMs: 10_000 })
  expect(slept).toHaveLength(3)
  expect(Math.min(...slept)).toBeGreaterThan(10_000)
})

test('what is tried again in the end comes through, and a refusal is not tried again', async () => {
  const { clock, slept } = sleepless()
  let attempts = 0
  const operation = async (): Promise<string> => {
    attempts += 1
    if (attempts < 3) throw new NoticeboardError('rate-limited', 'slow down')
    return 'done'
  }
  expect(await retried(operation, { clock, random: systemRandom, signal })).toBe('done')
  expect([attempts, slept.length]).toEqual([3, 2])
  const refusal = new NoticeboardError('forbidden', 'no')
  await expect(retried(failing(refusal), { clock, random: systemRandom, signal })).rejects.toBe(refusal)
  expect(slept).toHaveLength(2)
})

test('an abort during a delay ends the attempts', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const clock: Clock = { ...systemClock, sleep: async () => controller.abort(reason) }
  let attempts = 0
  const operation = async (): Promise<never> => {
    attempts += 1
    throw away()
  }
  const work = retried(operation, { clock, random: systemRandom, signal: controller.signal })
  await expect(work).rejects.toBeInstanceOf(Error)
  expect(attempts).toBe(1)
})

test('a call ends with the reason of its own signal, and as closed once the publisher is closed', async () => {
  const root = new AbortController()
  const own = new AbortController()
  const reason = new Error('enough')
  const untilAborted = (inner: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => inner.addEventListener('abort', () => reject(inner.reason as Error)))
  const aborted = withSignal(root.signal, own.signal, untilAborted)
  const closed = withSignal(root.signal, undefined, untilAborted)
  own.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  root.abort(new Error('any'))
  await expect(closed).rejects.toMatchObject({ code: 'closed' })
  await expect(withSignal(root.signal, undefined, async () => 1)).rejects.toMatchObject({ code: 'closed' })
})

test('a signal that aborts when the call is over reaches nothing any more', async () => {
  const root = new AbortController()
  let inner: AbortSignal | undefined
  await withSignal(root.signal, undefined, async own => void (inner = own))
  root.abort()
  expect(inner?.aborted).toBe(false)
})
