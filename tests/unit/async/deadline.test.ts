import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { createDeadline, settlesWithin, withDeadline } from '../../../src/async/deadline.js'
import { whenAborted } from '../../../src/async/signals.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length
const never = new Promise<never>(() => {})

function setUp() {
  const clock = virtualClock()
  const caller = new AbortController()
  const options = { clock, signal: caller.signal, timeoutMs: 100, what: 'the release' }
  const leavesNothing = (): void => {
    expect(clock.pending).toBe(0)
    expect(listenersOf(caller.signal)).toBe(0)
  }
  return { clock, caller, options, leavesNothing }
}

describe('a deadline', () => {
  test('aborts when time is up, and names what was waited for', async () => {
    const { clock, options, leavesNothing } = setUp()
    const { signal } = createDeadline(options)
    await clock.advance(99)
    expect(signal.aborted).toBe(false)
    await clock.advance(1)
    expect(signal.reason).toMatchObject({
      code: 'timeout',
      message: 'the release did not answer within 100 ms',
    })
    leavesNothing()
  })

  test('aborts with an error of its maker when there is one', async () => {
    const { clock, options } = setUp()
    const late = (ms: number) => new NoticeboardError('unavailable', `nothing in ${ms} ms`)
    const deadline = createDeadline({ ...options, late })
    deadline.extend(150)
    await clock.advance(150)
    expect(deadline.signal.reason).toMatchObject({ code: 'unavailable', message: 'nothing in 150 ms' })
  })

  test('counts anew when it is extended', async () => {
    const { clock, options } = setUp()
    const deadline = createDeadline(options)
    await clock.advance(90)
    deadline.extend(100)
    await clock.advance(99)
    expect(deadline.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(deadline.signal.aborted).toBe(true)
    deadline.extend(100)
    expect(clock.pending).toBe(0)
  })

  test('has no timer when its length is infinite', () => {
    const { clock, options } = setUp()
    createDeadline({ ...options, timeoutMs: Number.POSITIVE_INFINITY })
    expect(clock.pending).toBe(0)
  })

  test('aborts as closed with its caller, whose own reason becomes the cause', () => {
    const { caller, options, leavesNothing } = setUp()
    const { signal } = createDeadline(options)
    const reason = new Error('the user went away')
    caller.abort(reason)
    expect(signal.reason).toMatchObject({ code: 'closed', cause: reason })
    expect(createDeadline(options).signal.reason).toMatchObject({ code: 'closed' })
    leavesNothing()
  })

  test('passes on the reason of its caller when that is a NoticeboardError', () => {
    const { caller, options } = setUp()
    const { signal } = createDeadline(options)
    const reason = new NoticeboardError('closed', 'the server was closed')
    caller.abort(reason)
    expect(signal.reason).toBe(reason)
  })

  test.each(['abort', 'finish'] as const)('holds neither timer nor listener after %s', end => {
    const { caller, options, leavesNothing } = setUp()
    const deadline = createDeadline(options)
    deadline[end]()
    leavesNothing()
    deadline.extend(100)
    leavesNothing()
    caller.abort()
    deadline.abort(new Error('later'))
    expect(deadline.signal.aborted).toBe(end === 'abort')
    if (end === 'abort') expect(deadline.signal.reason).toMatchObject({ code: 'closed' })
  })
})

describe('withDeadline', () => {
  test('brings what the work brings, and tells the work that it is over', async () => {
    const { options, leavesNothing } = setUp()
    let given: AbortSignal | undefined
    const work = async (signal: AbortSignal): Promise<number> => {
      given = signal
      return 1
    }
    await expect(withDeadline(options, work)).resolves.toBe(1)
    expect(given?.aborted).toBe(true)
    leavesNothing()
  })

  test('rejects as the work does, also when the work throws at once', async () => {
    const { options, leavesNothing } = setUp()
    await expect(withDeadline(options, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    const throws = (): Promise<never> => {
      throw new Error('at once')
    }
    await expect(withDeadline(options, throws)).rejects.toThrow('at once')
    leavesNothing()
  })

  test('gives work that is late a moment to end, and rejects with the deadline rather than the work’s error', async () => {
    const { clock, options, leavesNothing } = setUp()
    const cleanedUp = vi.fn()
    const work = async (signal: AbortSignal): Promise<never> => {
      await whenAborted(signal)
      await clock.sleep(500, new AbortController().signal)
      cleanedUp()
      throw new Error('aborted')
    }
    const failed = expect(withDeadline(options, work)).rejects.toMatchObject({ code: 'timeout' })
    await clock.advance(600)
    await failed
    expect(cleanedUp).toHaveBeenCalledOnce()
    leavesNothing()
  })

  test('takes a result that comes within the moment of grace', async () => {
    const { clock, options } = setUp()
    const work = async (): Promise<number> => {
      await clock.sleep(500, new AbortController().signal)
      return 1
    }
    const worked = expect(withDeadline(options, work)).resolves.toBe(1)
    await clock.advance(500)
    await worked
  })

  test('leaves work behind that does not end, after the grace', async () => {
    const { clock, options, leavesNothing } = setUp()
    let settled = false
    const failed = expect(
      withDeadline(options, () => never).finally(() => (settled = true)),
    ).rejects.toMatchObject({ code: 'timeout' })
    await clock.advance(1_099)
    expect(settled).toBe(false)
    await clock.advance(1)
    await failed
    leavesNothing()
  })

  test('does not wait at all without a grace', async () => {
    const { caller, options, leavesNothing } = setUp()
    const failed = expect(withDeadline({ ...options, graceMs: 0 }, () => never)).rejects.toMatchObject({
      code: 'closed',
    })
    caller.abort()
    await failed
    leavesNothing()
  })

  test('does not begin work whose caller has aborted', async () => {
    const { caller, options, leavesNothing } = setUp()
    caller.abort()
    const work = vi.fn(() => Promise.resolve(1))
    await expect(withDeadline(options, work)).rejects.toMatchObject({ code: 'closed' })
    expect(work).not.toHaveBeenCalled()
    leavesNothing()
  })
})

describe('settlesWithin', () => {
  test('says whether work settles in time, however it ends', async () => {
    const clock = virtualClock()
    const options = { clock, timeoutMs: 100 }
    await expect(settlesWithin(Promise.resolve(), options)).resolves.toBe(true)
    await expect(settlesWithin(Promise.reject(new Error('no')), options)).resolves.toBe(true)
    expect(clock.pending).toBe(0)
    const late = expect(settlesWithin(never, options)).resolves.toBe(false)
    await clock.advance(100)
    await late
  })
})
