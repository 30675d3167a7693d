import { checkOptions } from '../core/options.js'
import { drawSteps, playSteps, readChaos, type ChaosOptions, type ChaosStep } from './chaos.js'
import { seededDice, type Dice } from './dice.js'
import { guardLoops } from './loop-guard.js'
import { createMachine, type Boot, type Machine } from './machine.js'
import { createTrace, type Trace } from './trace.js'
import { virtualClock, type VirtualClock } from './virtual-clock.js'

/** What one history happens in. */
export interface World {
  /** What everything in this world is drawn from. */
  readonly seed: number
  /** The world's clock. Let time pass with `await world.clock.advance(ms)`. */
  readonly clock: VirtualClock
  /** What happened until now. */
  readonly trace: Trace
  /** What did not hold until now. */
  readonly violations: readonly Violation[]
  /**
   * What a run has to meet now and then: add to it what happened, and look at it over many seeds.
   */
  readonly sometimes: Set<string>
  /** The machines of this world. */
  readonly machines: readonly Machine[]
  /** What {@link World.chaos} drew until now, less what was left out. */
  readonly steps: readonly ChaosStep[]
  /**
   * Makes a machine and starts it: `boot` runs the program of each of its lives, and returns what
   * the test looks at.
   */
  machine<App>(name: string, boot: (boot: Boot) => App): Machine<App>
  /** Dice of the seed for one part of the test. */
  dice(name: string): Dice
  /** Says that something that always holds did not. */
  violate(invariant: string, text: string): void
  /** Lets things go wrong for a while, as the seed draws them; resolves when all is well again. */
  chaos(options?: ChaosOptions): Promise<void>
}

/** Something that always holds, and did not. */
export interface Violation {
  readonly invariant: string
  /** When, in milliseconds since the world began. */
  readonly atMs: number
  readonly text: string
}

/** Which world to make. */
export interface WorldOptions {
  /** What everything in this world is drawn from. */
  readonly seed: number
  /**
   * Steps of the chaos that do not happen, by their number in the order in which they were drawn.
   * Default: none.
   */
  readonly without?: readonly number[]
}

/** The violations that are kept: the first ones tell what is wrong. */
const MOST_VIOLATIONS = 20

/**
 * Makes a world in which nothing happened yet. `simulate()` and `replay()` make one for each
 * history; make one yourself for a test that needs a single history. Throws `invalid-option`.
 *
 * ```ts
 * const world = createWorld({ seed: 7 })
 * const server = world.machine('server', ({ system }) => createHandler(store, { system }))
 * await world.clock.advance(60_000)
 * ```
 */
export function createWorld(options: WorldOptions): World {
  checkOptions('createWorld()', options, { seed: true, without: true })
  const { seed, without = [] } = options
  const violations: Violation[] = []
  const steps: ChaosStep[] = []
  const machines: Machine[] = []
  let drawn = 0
  const clock = guardLoops(virtualClock(), timers =>
    violate('livelock', `${timers} timers were set within one instant`),
  )
  const trace = createTrace(() => clock.monotonic())
  const violate = (invariant: string, text: string): void => {
    trace.add('world', 'violation', invariant)
    if (violations.length < MOST_VIOLATIONS) violations.push({ invariant, atMs: clock.monotonic(), text })
  }

  return {
    seed,
    clock,
    trace,
    violations,
    machines,
    steps,
    violate,
    sometimes: new Set(),
    dice: name => seededDice(seed, name),
    machine(name, boot) {
      const machine = createMachine(name, boot, { seed, clock, trace })
      machines.push(machine)
      return machine
    },
    async chaos(given = {}) {
      checkOptions('chaos()', given, { faults: true, actions: true, forMs: true })
      const chaos = readChaos(given)
      const first = drawn
      // A second chaos of one history is another one.
      const all = drawSteps(seed + first, chaos)
      drawn += all.length
      const left = all.filter((_, index) => !without.includes(first + index))
      steps.push(...left)
      await playSteps({ seed, clock, trace, machines }, left, chaos)
    },
  }
}
