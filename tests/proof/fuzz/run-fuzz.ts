import { chanceOf } from '../../support/chance.js'
import { checkPrototypes } from './oracle.js'
import type { Target } from './target.js'
import { bodies, closeBodies } from './targets/bodies.js'
import { canonicalTargets } from './targets/canonical.js'
import { eventStream } from './targets/event-stream.js'
import { jsonText } from './targets/json-text.js'
import { names } from './targets/names.js'
import { report } from './targets/reports.js'
import { stateFolderTarget } from './targets/state-folder.js'

export type { Target }

/** Every parser of what comes from outside. Their order is part of what a seed means. */
export const targets: readonly Target[] = [
  ...canonicalTargets,
  jsonText,
  eventStream,
  names,
  report,
  stateFolderTarget,
  bodies,
]

export interface FuzzOptions {
  /** How many inputs in all; the targets share them by their weight. */
  readonly inputs: number
  readonly seed: number
  /** The targets to run, by name; all of them unless given. */
  readonly only?: readonly string[]
  /** Other targets than those of this project: to try the fuzzer itself. */
  readonly targets?: readonly Target[]
  /**
   * The first index of each target's inputs; 0 unless given. With `inputs: 1` and one target it
   * repeats one input.
   */
  readonly from?: number
  /**
   * Only each `of`th input, from the `index`th on: the share of one of several processes. All of
   * them unless given.
   */
  readonly slice?: { readonly index: number; readonly of: number }
  /** Called about once in 20,000 inputs. */
  readonly onProgress?: (progress: FuzzProgress) => void
}

export interface FuzzProgress {
  readonly target: string
  /** Inputs that were tried so far, of all targets. */
  readonly done: number
  readonly inputs: number
}

/** An input that broke a promise. `repeat` are the options that run it again. */
export interface FuzzFailure {
  readonly target: string
  readonly reason: string
  /** The input, cut after 2,000 characters. */
  readonly input: string
  readonly repeat: FuzzOptions
}

export interface FuzzResult {
  readonly inputs: number
  /** By target. */
  readonly tried: Readonly<Record<string, number>>
  /** The first ones, five of each target at most. */
  readonly failures: readonly FuzzFailure[]
  /** The longest that one input took, in milliseconds: a figure for people. */
  readonly slowestMs: number
}

/**
 * An input that keeps the processor busy for longer, three times out of three, has found something
 * that does not end soon enough.
 */
const MAX_BUSY_MS = 1_000
/** What is looked at again: a machine that is busy with others makes any input look slow. */
const SUSPECT_MS = 200
const MAX_FAILURES = 5

/** Tries damaged inputs on every parser. The same seed tries the same inputs. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { inputs, seed, only, from = 0, targets: all = targets, onProgress } = options
  const { slice = { index: 0, of: 1 } } = options
  const chosen = all.filter(({ name }) => only?.includes(name) ?? true)
  const weights = chosen.reduce((sum, { weight }) => sum + weight, 0)
  const tried: Record<string, number> = {}
  const failures: FuzzFailure[] = []
  let slowestMs = 0
  let done = 0
  // Nine inputs of ten end in an error; where it was made is not asked for.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0

  for (const target of chosen) {
    const stream = all.indexOf(target)
    const share = Math.ceil((inputs * target.weight) / weights)
    let failed = 0
    for (let index = from + slice.index; index < from + share && failed < MAX_FAILURES; index += slice.of) {
      const chance = chanceOf(seed, stream, index)
      const input = target.draw(chance)
      const began = performance.now()
      try {
        const checked = target.check(input, chance)
        if (checked !== undefined) await checked
        if (done % 64 === 0 || index + slice.of >= from + share) checkPrototypes()
        const tookMs = performance.now() - began
        slowestMs = Math.max(slowestMs, tookMs)
        if (tookMs > SUSPECT_MS) await checkPace(target, seed, stream, index)
      } catch (error) {
        failed += 1
        failures.push({
          target: target.name,
          reason: error instanceof Error ? error.message : String(error),
          input: JSON.stringify(Buffer.from(input).toString('latin1').slice(0, 2_000)),
          repeat: { inputs: 1, seed, only: [target.name], from: index },
        })
      }
      tried[target.name] = (tried[target.name] ?? 0) + 1
      done += 1
      if (done % 20_000 === 0) onProgress?.({ target: target.name, done, inputs })
    }
  }
  Error.stackTraceLimit = stackTraceLimit
  await closeBodies()
  return { inputs: done, tried, failures, slowestMs }
}

/** Measures the processor's time and not the clock's, and believes only what comes three times. */
async function checkPace(target: Target, seed: number, stream: number, index: number): Promise<void> {
  let leastMs = Number.POSITIVE_INFINITY
  for (let round = 0; round < 3; round += 1) {
    const chance = chanceOf(seed, stream, index)
    const input = target.draw(chance)
    const began = process.cpuUsage()
    await target.check(input, chance)
    const { user, system } = process.cpuUsage(began)
    leastMs = Math.min(leastMs, (user + system) / 1_000)
  }
  if (leastMs > MAX_BUSY_MS)
    throw new Error(`an input keeps the processor busy for ${Math.round(leastMs)} ms`)
}
