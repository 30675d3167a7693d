import type { Clock } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'
import { systemClock } from '../system/system.js'
import { createSleep } from '../async/sleep.js'
import { createHeap, type Timer } from './timer-heap.js'

/** Time that stands still until it is told to pass. The same calls give the same order, always. */
export interface VirtualClock extends Clock {
  /**
   * Lets that much time pass. Timers fire in order of their time, then of their making, each at
   * its own instant; after each instant everything that became ready has its turn, so timers made
   * on the way fire too.
   */
  advance(ms: number): Promise<void>
  /**
   * Lets time pass from timer to timer until the condition holds, and stops there. Throws after
   * `maxMs`.
   */
  runUntil(condition: () => boolean, maxMs: number): Promise<void>
  /**
   * How many timers and sleeps have neither fired nor been cancelled. Zero means that nothing was
   * left behind.
   */
  readonly pending: number
}

/** Where a virtual clock begins, and how patient it is. */
export interface VirtualClockOptions {
  /**
   * The wall-clock time at the start, in milliseconds since 1970. Default: 2026-01-01T00:00:00Z.
   */
  readonly startMs?: number
  /**
   * How often other work has its turn after each instant. Default 2, which is plenty for work in
   * memory; real disks and sockets want more.
   */
  readonly turns?: number
}

/**
 * Makes a clock for tests and simulations. `monotonic()` starts at 0. Throws `invalid-option`.
 *
 * ```ts
 * const clock = virtualClock()
 * const client = createClient({ ...options, system: { clock } })
 * await clock.advance(60_000)
 * ```
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  checkOptions('virtualClock()', options, { startMs: true, turns: true })
  const { startMs = Date.UTC(2026, 0, 1), turns = 2 } = options
  const timers = createHeap()
  let nowMs = 0
  let made = 0
  let pending = 0
  let turning = 0

  /** Gives everything that is ready its turn, also what asks for further turns itself. */
  const settle = async (): Promise<void> => {
    for (let left = turns; left > 0 || turning > 0; left -= 1) await systemClock.turn()
  }

  /** Fires all timers of the next instant, if it lies before the limit. */
  const fireNext = (limitMs: number): boolean => {
    let next = timers.peek()
    while (next?.cancelled) {
      timers.pop()
      next = timers.peek()
    }
    if (next === undefined || next.atMs > limitMs) return false
    nowMs = Math.max(nowMs, next.atMs)
    // What is made from here on waits for the others' turn, so a loop without delay cannot hang the
    // clock.
    const madeBefore = made
    while (next !== undefined && next.atMs <= nowMs && next.order < madeBefore) {
      timers.pop()
      if (!next.cancelled) {
        next.cancelled = true
        pending -= 1
        next.callback()
      }
      next = timers.peek()
    }
    return true
  }

  const clock: VirtualClock = {
    now: () => startMs + nowMs,
    monotonic: () => nowMs,
    after(delayMs, callback) {
      // NaN is what a system's timer makes of it: no delay.
      const atMs = nowMs + (delayMs > 0 ? delayMs : 0)
      const timer: Timer = { atMs, order: made, callback, cancelled: false }
      made += 1
      pending += 1
      timers.push(timer)
      return () => {
        if (timer.cancelled) return
        timer.cancelled = true
        pending -= 1
      }
    },
    sleep: (delayMs, signal) => createSleep(clock.after)(delayMs, signal),
    async turn() {
      turning += 1
      await systemClock.turn()
      turning -= 1
    },
    async advance(ms) {
      const limitMs = nowMs + ms
      await settle()
      while (fireNext(limitMs)) await settle()
      // Another call may have brought it further.
      nowMs = Math.max(nowMs, limitMs)
    },
    async runUntil(condition, maxMs) {
      const limitMs = nowMs + maxMs
      await settle()
      while (!condition()) {
        if (!fireNext(limitMs)) throw new Error(`the condition did not come to hold within ${maxMs} ms`)
        await settle()
      }
    },
    get pending() {
      return pending
    },
  }
  return clock
}
