import type { Clock } from '../../../src/contracts/system.js'
import type { ProcessTag } from '../../../src/node/disk/process-tag.js'
import { createSleep } from '../../../src/async/sleep.js'

/** A process of the simulated fleet: what it waits for stops with it, and waits while it is paused. */
export interface SimProcess {
  readonly name: string
  readonly alive: boolean
  /** Alive and not paused. */
  readonly running: boolean
  /** When it started or was last resumed, on the world's monotonic clock. */
  readonly runsSinceMs: number
  readonly clock: Clock
  /** How many of its timers and sleeps have neither fired nor been cancelled; none once it is dead. */
  readonly pending: number
  /** A promise of the outside as this process sees it: nothing comes back once it is dead. */
  gate<T>(promise: Promise<T>): Promise<T>
  /** Calls back now, when it runs again, or never. */
  when(callback: () => void): void
  /** Ends it between two instructions, as SIGKILL does. */
  kill(): void
  /** SIGSTOP and SIGCONT. */
  pause(): void
  resume(): void
  /** Moves its wall clock. */
  skew(ms: number): void
  /** Calls back when it is killed; the result takes that back. */
  onDeath(callback: () => void): () => void
}

/** How a process named `<machine>.<life>` signs what it writes: its machine's earlier lives are gone, of other machines it knows nothing. */
export function ownerOf({ name }: SimProcess): ProcessTag {
  const tag = name.replace('.', '-')
  const machineOf = (other: string): string => other.slice(0, other.lastIndexOf('-'))
  return { tag, isGone: other => other !== tag && machineOf(other) === machineOf(tag) }
}

/** Starts a process on the world's clock. */
export function startProcess(name: string, world: Clock): SimProcess {
  const timers = new Set<() => void>()
  const waiting: (() => void)[] = []
  const mourners = new Set<() => void>()
  let alive = true
  let paused = false
  let skewMs = 0
  let runsSinceMs = world.monotonic()

  const when = (callback: () => void): void => {
    if (!alive) return
    if (paused) waiting.push(callback)
    else callback()
  }
  const gate = <T>(promise: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      promise.then(
        value => when(() => resolve(value)),
        (error: unknown) => when(() => reject(error)),
      )
    })

  const clock: Clock = {
    now: () => world.now() + skewMs,
    monotonic: () => world.monotonic(),
    after(delayMs, callback) {
      if (!alive) return () => {}
      let cancelled = false
      const cancel = world.after(delayMs, () => {
        timers.delete(cancel)
        // A process that was paused meanwhile may cancel what fell due before it comes to it.
        when(() => {
          if (!cancelled) callback()
        })
      })
      timers.add(cancel)
      return () => {
        cancelled = true
        timers.delete(cancel)
        cancel()
      }
    },
    sleep: (delayMs, signal) => createSleep(clock.after)(delayMs, signal),
    turn: () => gate(world.turn()),
  }

  return {
    name,
    clock,
    gate,
    when,
    get pending() {
      return timers.size
    },
    get alive() {
      return alive
    },
    get running() {
      return alive && !paused
    },
    get runsSinceMs() {
      return runsSinceMs
    },
    kill() {
      if (!alive) return
      alive = false
      for (const cancel of timers) cancel()
      timers.clear()
      waiting.length = 0
      for (const mourn of mourners) mourn()
    },
    pause() {
      paused = true
    },
    resume() {
      if (paused) runsSinceMs = world.monotonic()
      paused = false
      for (const callback of waiting.splice(0)) when(callback)
    },
    skew(ms) {
      skewMs += ms
    },
    onDeath(callback) {
      mourners.add(callback)
      return () => void mourners.delete(callback)
    },
  }
}
