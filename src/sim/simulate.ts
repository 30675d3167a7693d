import { checkOptions } from '../core/options.js'
import type { ChaosStep } from './chaos.js'
import { drive } from './drive.js'
import { shrink } from './shrink.js'
import { createWorld, type Violation, type World } from './world.js'
import { errorMessage } from '../core/built-ins.js'

/**
 * A test that is run for many seeds. What it throws is a violation, so that assertions of any
 * library fit.
 */
export type Simulation = (world: World) => Promise<void>

/** Which histories to run. */
export interface SimulateOptions {
  /** The first seed, a whole number; the others follow it. Default 1. */
  readonly from?: number
  /** How many seeds, one after another. Default 100. */
  readonly count?: number
  /** How many attempts to make to shrink a failure; 0 leaves it as it is. Default 200. */
  readonly maxShrinkAttempts?: number
}

/** What became of many histories. */
export interface SimulationResult {
  /** How many were run, without those of shrinking. */
  readonly histories: number
  /** In how many of them each thing happened that the test added to `world.sometimes`. */
  readonly sometimes: ReadonlyMap<string, number>
  /**
   * The first one that failed, shrunk; the seeds after it were not run. Undefined when all is well.
   */
  readonly failure: Failure | undefined
}

/** One history. */
export interface History {
  /** What everything in it was drawn from: a whole number. */
  readonly seed: number
  /** The numbers of the steps that were left out. */
  readonly without: readonly number[]
  /** What happened in the chaos. */
  readonly steps: readonly ChaosStep[]
  readonly violations: readonly Violation[]
  readonly sometimes: ReadonlySet<string>
  /** Everything that happened, a line an event. */
  readonly trace: readonly string[]
  /** Equal for equal histories, in every process and on every version of Node. */
  readonly hash: string
}

/** A history that failed, with as few steps as were needed. */
export interface Failure extends History {
  /**
   * Whether the seed gave the same history when it was run again; if not, something asks the real
   * clock, chance, or a real disk or network.
   */
  readonly repeats: boolean
  /** All of it to read: seed, violations, steps, how to replay it, and the end of the trace. */
  readonly report: string
}

/** Which history to run again. A {@link Failure} fits. */
export type ReplayOptions = Pick<History, 'seed'> & Partial<Pick<History, 'without'>>

/**
 * How long a run may wait in one history while it lets no time pass itself, in virtual
 * milliseconds.
 */
const MOST_WAITING_MS = 3_600_000

/** How many lines of a trace a report holds. */
const REPORTED_LINES = 60

/**
 * Runs a test for many seeds, each in a world of its own, and stops at the first that fails: it is
 * run again, and shrunk to the steps of its chaos that are needed. Within the test, time passes
 * while it waits, or as far as it says with `world.clock.advance()`. Throws `invalid-option`.
 *
 * ```ts
 * const { failure } = await simulate(async world => {
 *   const client = world.machine('client', openClient)
 *   await world.chaos({ faults: ['lossy-links', 'kill'] })
 *   await world.clock.advance(60_000)
 *   expect(client.app).toMatchObject({ status: 'ready' })
 * })
 * expect(failure?.report).toBeUndefined()
 * ```
 */
export async function simulate(
  simulation: Simulation,
  options: SimulateOptions = {},
): Promise<SimulationResult> {
  checkOptions('simulate()', options, { from: true, count: true, maxShrinkAttempts: true })
  const { from = 1, count = 100, maxShrinkAttempts = 200 } = options
  const sometimes = new Map<string, number>()
  // What is loaded on first use arrives in real time: one history goes before, so that each finds
  // the same process.
  await replay(simulation, { seed: from })
  for (let done = 0; done < count; done += 1) {
    const history = await replay(simulation, { seed: from + done })
    for (const thing of history.sometimes) sometimes.set(thing, (sometimes.get(thing) ?? 0) + 1)
    if (history.violations.length === 0) continue
    const failure = await smallest(simulation, history, maxShrinkAttempts)
    return { histories: done + 1, sometimes, failure }
  }
  return { histories: count, sometimes, failure: undefined }
}

/**
 * Runs the test for one seed, without the steps that shrinking took away. Rejects with
 * `invalid-option`.
 *
 * ```ts
 * const { trace } = await replay(simulation, { seed: 17, without: [0, 2] })
 * ```
 */
export async function replay(
  simulation: Simulation,
  { seed, without = [] }: ReplayOptions,
): Promise<History> {
  const world = createWorld({ seed, without })
  const { trace, violations, steps, sometimes } = world
  try {
    await drive(world.clock, () => simulation(world), MOST_WAITING_MS)
  } catch (error) {
    world.violate('the test passes', errorMessage(error))
  }
  const history = {
    seed,
    without,
    violations: [...violations],
    steps: [...steps],
    sometimes,
    trace: trace.lines,
    hash: trace.hash(),
  }
  // What the machines still wait for must not go on beside the next history.
  for (const { kill } of world.machines) kill()
  return history
}

/** A failure with as few steps as still break the same invariant. */
async function smallest(simulation: Simulation, first: History, maxAttempts: number): Promise<Failure> {
  const { seed, hash } = first
  const again = await replay(simulation, { seed })
  const repeats = again.hash === hash
  if (!repeats || maxAttempts === 0) return failureOf(first, repeats)
  const broken = first.violations[0]?.invariant
  const all = first.steps.map((_, index) => index)
  const withoutAllBut = (left: readonly number[]): number[] => all.filter(index => !left.includes(index))
  let best = first
  await shrink(
    all,
    async left => {
      const smaller = await replay(simulation, { seed, without: withoutAllBut(left) })
      const fails = smaller.violations.some(({ invariant }) => invariant === broken)
      if (fails) best = smaller
      return fails
    },
    { maxAttempts },
  )
  return failureOf(best, repeats)
}

function failureOf(history: History, repeats: boolean): Failure {
  const { seed, without, steps, violations, trace } = history
  const hidden = Math.max(0, trace.length - REPORTED_LINES)
  const lines = [
    ...violations.map(
      ({ invariant, atMs, text }) => `seed ${seed} at ${seconds(atMs)}: ${invariant}: ${text}`,
    ),
    'steps of the chaos:',
    ...steps.map(step =>
      step.type === 'fault'
        ? `  ${seconds(step.atMs)} ${step.fault} for ${seconds(step.lastsMs)}`
        : `  ${seconds(step.atMs)} ${step.action}`,
    ),
    `replay with: ${JSON.stringify({ seed, without })}`,
    ...(repeats ? [] : ['the seed gave another history when it was run again, so it was not shrunk']),
    `trace${hidden > 0 ? ` (${hidden} lines before)` : ''}:`,
    ...trace.slice(hidden).map(line => `  ${line}`),
  ]
  return { ...history, repeats, report: lines.join('\n') }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
