import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { abortable, createLinkedAbortController, onAbort, whenAborted } from '../../../src/async/signals.js'
import { collect } from '../../support/heap.js'

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

afterEach(() => void vi.unstubAllGlobals())

describe('onAbort', () => {
  test('puts one listener on a signal for any number of callbacks, and none when the last is taken back', () => {
    const controller = new AbortController()
    const called: number[] = []
    const forget = Array.from({ length: 100 }, (_, index) =>
      onAbort(controller.signal, () => called.push(index)),
    )
    expect(listenersOf(controller.signal)).toBe(1)
    for (const index of [3, 4, 5]) forget[index]?.()
    controller.abort()
    expect(called).toHaveLength(97)
    expect(listenersOf(controller.signal)).toBe(0)
    for (const take of forget) take()
    expect(listenersOf(controller.signal)).toBe(0)
  })

  test('calls a function that was registered twice twice, and taking one of them back twice leaves the other', () => {
    const controller = new AbortController()
    const callback = vi.fn()
    const first = onAbort(controller.signal, callback)
    onAbort(controller.signal, callback)
    first()
    first()
    expect(listenersOf(controller.signal)).toBe(1)
    onAbort(controller.signal, callback)
    controller.abort()
    expect(callback).toHaveBeenCalledTimes(2)
  })

  test('listens anew after all callbacks were taken back', () => {
    const controller = new AbortController()
    onAbort(controller.signal, () => {})()
    expect(listenersOf(controller.signal)).toBe(0)
    const callback = vi.fn()
    onAbort(controller.signal, callback)
    controller.abort()
    expect(callback).toHaveBeenCalledOnce()
  })

  test('calls back at once when the signal has aborted already', () => {
    const callback = vi.fn()
    onAbort(AbortSignal.abort(), callback)()
    expect(callback).toHaveBeenCalledOnce()
  })

  test('does not call a callback that an earlier one takes back', () => {
    const controller = new AbortController()
    const second = vi.fn()
    onAbort(controller.signal, () => forget())
    const forget = onAbort(controller.signal, second)
    controller.abort()
    expect(second).not.toHaveBeenCalled()
  })

  test('calls the others when a callback throws, and leaves the error uncaught', () => {
    const uncaught: unknown[] = []
    vi.stubGlobal('queueMicrotask', (run: () => void) => {
      try {
        run()
      } catch (error) {
        uncaught.push(error)
      }
    })
    const controller = new AbortController()
    const bug = new Error('a bug')
    const second = vi.fn()
    onAbort(controller.signal, () => {
      throw bug
    })
    onAbort(controller.signal, second)
    controller.abort()
    expect(second).toHaveBeenCalledOnce()
    expect(uncaught).toEqual([bug])
  })
})

describe('whenAborted', () => {
  test('resolves when the signal aborts, and at once when it has', async () => {
    const controller = new AbortController()
    let over = false
    const waiting = whenAborted(controller.signal).then(() => (over = true))
    await Promise.resolve()
    expect(over).toBe(false)
    controller.abort()
    await waiting
    await whenAborted(controller.signal)
  })
})

describe('abortable', () => {
  test('brings what the work brings, and leaves nothing on the signal', async () => {
    const { signal } = new AbortController()
    await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1)
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    expect(listenersOf(signal)).toBe(0)
  })

  test('rejects with the reason of the signal, and drops what the work brings later', async () => {
    const controller = new AbortController()
    let fail = (_: Error): void => {}
    const work = new Promise<never>((_, reject) => (fail = reject))
    const waiting = abortable(work, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    // An unhandled rejection would fail the run.
    fail(new Error('later'))
    await expect(abortable(work, controller.signal)).rejects.toBe(reason)
  })

  test('rejects with a reason of the caller when one is given', async () => {
    const waiting = abortable(new Promise(() => {}), AbortSignal.abort(), () => new Error('given up'))
    await expect(waiting).rejects.toThrow('given up')
  })
})

describe('a linked controller', () => {
  test('aborts with any of its parents, with that one’s reason, and lets go of all of them', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const own = createLinkedAbortController(first.signal, undefined, second.signal)
    const reason = new Error('the second')
    second.abort(reason)
    first.abort(new Error('the first'))
    expect(own.signal.reason).toBe(reason)
    expect(listenersOf(first.signal) + listenersOf(second.signal)).toBe(0)
  })

  test('is aborted from the beginning when a parent is', () => {
    const live = new AbortController()
    const reason = new Error('before')
    const own = createLinkedAbortController(live.signal, AbortSignal.abort(reason), live.signal)
    expect(own.signal.reason).toBe(reason)
    expect(listenersOf(live.signal)).toBe(0)
  })

  test('aborts alone without its parent, with an error of code closed unless it is given a reason', () => {
    const parent = new AbortController()
    const own = createLinkedAbortController(parent.signal)
    own.abort()
    own.abort(new Error('again'))
    expect(own.signal.reason).toMatchObject({ code: 'closed' })
    expect(parent.signal.aborted).toBe(false)
    expect(listenersOf(parent.signal)).toBe(0)
    const told = createLinkedAbortController()
    told.abort('done')
    expect(told.signal.reason).toBe('done')
  })

  test('never aborts once it is finished', () => {
    const parent = new AbortController()
    const own = createLinkedAbortController(parent.signal)
    own.finish()
    expect(listenersOf(parent.signal)).toBe(0)
    own.abort()
    parent.abort()
    expect(own.signal.aborted).toBe(false)
  })

  test('gathers no listeners on a parent that lives long, whatever the garbage collector takes', () => {
    const parent = new AbortController()
    for (let round = 0; round < 20; round += 1) {
      const links = Array.from({ length: 12 }, () => createLinkedAbortController(parent.signal))
      collect()
      expect(listenersOf(parent.signal)).toBe(1)
      for (const link of links) link.abort()
    }
    expect(listenersOf(parent.signal)).toBe(0)
  })
})
