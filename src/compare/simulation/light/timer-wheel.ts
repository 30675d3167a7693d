/** Timers by number, a few bytes each: one time for each, set again at will. */
export interface TimerWheel {
  /** When the timer that rings now was due; else where time stands. In milliseconds. */
  readonly nowMs: number
  /** Sets a timer, or sets it anew. What is due in the past rings next. */
  set(timer: number, atMs: number): void
  cancel(timer: number): void
  /** Lets time pass, and rings each timer that is due until then, to the millisecond in order. */
  advance(ms: number, ring: (timer: number) => void): void
}

/**
 * A bucket for each millisecond; who is due later than all of them waits in its bucket for its
 * turn.
 */
const BUCKETS = 2 ** 19
const NONE = -1

/**
 * Makes as many timers, none of which is set.
 *
 * ```ts
 * const wheel = createTimerWheel(5_000_000)
 * wheel.set(7, 1_500)
 * wheel.advance(2_000, timer => {})
 * ```
 */
export function createTimerWheel(timers: number): TimerWheel {
  const first = new Int32Array(BUCKETS).fill(NONE)
  const next = new Int32Array(timers).fill(NONE)
  const before = new Int32Array(timers).fill(NONE)
  const dueMs = new Float64Array(timers)
  /** In which bucket a timer is. */
  const bucketOf = new Int32Array(timers).fill(NONE)
  let tick = 0
  let nowMs = 0

  const cancel = (timer: number): void => {
    const bucket = bucketOf[timer] as number
    if (bucket === NONE) return
    const [one, other] = [before[timer] as number, next[timer] as number]
    if (one === NONE) first[bucket] = other
    else next[one] = other
    if (other !== NONE) before[other] = one
    bucketOf[timer] = NONE
  }

  return {
    get nowMs() {
      return nowMs
    },
    cancel,
    set(timer, atMs) {
      cancel(timer)
      const due = Math.max(atMs, tick)
      const bucket = Math.floor(due) % BUCKETS
      const head = first[bucket] as number
      dueMs[timer] = due
      before[timer] = NONE
      next[timer] = head
      if (head !== NONE) before[head] = timer
      first[bucket] = timer
      bucketOf[timer] = bucket
    },
    advance(ms, ring) {
      const untilMs = nowMs + ms
      for (; tick < untilMs; tick += 1) {
        const bucket = tick % BUCKETS
        for (;;) {
          let timer = first[bucket] as number
          while (timer !== NONE && (dueMs[timer] as number) >= tick + 1) timer = next[timer] as number
          if (timer === NONE) break
          cancel(timer)
          nowMs = dueMs[timer] as number
          ring(timer)
        }
      }
      nowMs = untilMs
    },
  }
}
