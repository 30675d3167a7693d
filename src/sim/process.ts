import { createSleep } from '../async/sleep.js'
import type { Clock, Platform, System } from '../contracts/system.js'
import { systemHasher } from '../system/system.js'
import { seededDice, type Dice } from './dice.js'

/** A process of a simulation: what it waits for stops with it, and waits while it is paused. */
export interface SimProcess {
  readonly name: string
  readonly alive: boolean
  /** Alive and not paused. */
  readonly running: boolean
  /** When it started or was last resumed, in milliseconds of the world's monotonic clock. */
  readonly runsSinceMs: number
  /** Its own clock: stops when it is killed or paused, and its wall clock may be skewed. */
  readonly clock: Clock
  /** What to give as the `system` option to everything that runs in this process. */
  readonly system: SimSystem
  /** What to give as the `owner` option to stores and state folders of this process. */
  readonly owner: SimOwner
  /**
   * How many of its timers and sleeps have neither fired nor been cancelled; none once it is dead.
   */
  readonly pending: number
  /** A promise of the outside as this process sees it: nothing comes back once it is dead. */
  gate<T>(promise: Promise<T>): Promise<T>
  /** Calls back now, when it runs again, or never. */
  when(callback: () => void): void
  /** Ends it between two instructions, as SIGKILL does. */
  kill(): void
  /** Stops it until {@link SimProcess.resume}, as SIGSTOP does. */
  pause(): void
  /** Lets it go on, as SIGCONT does. */
  resume(): void
  /** Moves its wall clock by that many milliseconds. */
  skew(ms: number): void
  /** Calls back when it is killed; the result takes that back. */
  onDeath(callback: () => void): () => void
}

/**
 * The machine as a simulated process sees it: its own clock and dice, no environment, no name, no
 * files.
 */
export interface SimSystem extends System {
  readonly random: Dice
}

/**
 * How a process signs the files that it writes. It fits the `owner` option of `noticeboard/node`.
 */
export interface SimOwner {
  readonly tag: string
  /** Whether the process of that tag is dead: true of the earlier lives of the same machine. */
  isGone(tag: string): boolean
}

/** What a process needs of the world that it runs in; a {@link World} fits. */
export interface ProcessWorld {
  readonly clock: Clock
  /** What its dice are drawn from: any whole number. */
  readonly seed: number
}

/**
 * Starts a process. Its name is `<machine>.<life>`, with a machine of lower-case letters, digits
 * and hyphens; its dice are drawn from the seed and the name.
 *
 * ```ts
 * const process = startProcess('client.1', world)
 * const client = createClient({ ...options, system: process.system })
 * process.kill()
 * ```
 */
export function startProcess(name: string, { clock: world, seed }: ProcessWorld): SimProcess {
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
    system: { clock, random: seededDice(seed, name), hasher: systemHasher, platform: NO_PLATFORM },
    owner: ownerOf(name),
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

const NO_PLATFORM: Platform = {
  environment: () => undefined,
  environmentNames: () => [],
  hostName: () => undefined,
  readFile: () => undefined,
}

/** The earlier lives of its machine are gone; of other machines it knows nothing. */
function ownerOf(name: string): SimOwner {
  const tag = name.replace('.', '-')
  const machineOf = (other: string): string => other.slice(0, other.lastIndexOf('-'))
  return { tag, isGone: other => other !== tag && machineOf(other) === machineOf(tag) }
}
