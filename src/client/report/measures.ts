import type { Clock, Logger } from '../../contracts/system.js'
import type { Digest } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { StageMeasures } from '../../contracts/report.js'
import { MAX_MEASURED } from '../../core/limits.js'
import type { Release } from '../../core/release/release.js'
import type { Current } from '../apply/applied.js'

/** Adds up what an application measures, while a rollout asks for it. */
export interface Measures {
  /** Counts a value, if its name is asked for now; costs next to nothing where it is not. */
  add(name: string, value: number): void
  /** Notes what the newest release asks for. A stage that is new begins anew, from now on. */
  follow(release: Release | undefined): void
  /** What a report says of it; undefined where nothing was asked for, or measured. */
  said(): StageMeasures | undefined
}

/** What a stage asks for. */
interface Asked {
  readonly stage: Position
  readonly names: readonly string[]
  readonly bakeMs: number
  readonly seenMs: number
}

/** The sums of one snapshot in one stage. */
interface Window {
  readonly asked: Asked
  readonly digest: Digest
  /** Since when that snapshot runs, which tells two runs of it apart. */
  readonly runsSinceMs: number
  readonly startMs: number
  readonly sums: ReadonlyMap<string, { count: number; sum: number }>
}

/**
 * Makes {@link Measures} that hold nothing. A window of sums begins with the stage, or with the
 * snapshot where that comes later, and takes nothing more after the bake: so what all clients say
 * is of the same time, and does not change once it counts.
 */
export function createMeasures(options: MeasuresOptions): Measures {
  return new Sums(options)
}

export interface MeasuresOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly current: Pick<Current<unknown>, 'applied' | 'sinceMs'>
}

/** A class, since every client has one. */
class Sums implements Measures {
  readonly #options: MeasuresOptions
  #asked: Asked | undefined
  #window: Window | undefined
  #warned = false

  constructor(options: MeasuresOptions) {
    this.#options = options
  }

  add(name: string, value: number): void {
    if (this.#asked === undefined) return
    const open = this.#at()
    const held = open?.sums.get(name)
    if (open === undefined || held === undefined) return
    if (!(value >= 0 && value <= MAX_MEASURED)) return this.#warn()
    if (this.#options.clock.monotonic() - open.startMs >= open.asked.bakeMs) return
    held.count += 1
    held.sum += value
  }

  follow(release: Release | undefined): void {
    const { measures = [], bakeMs = 0 } = release?.evidence ?? {}
    const stage = release?.rollout?.stageStart.position
    if (stage === undefined || measures.length === 0) this.#asked = undefined
    else if (this.#asked === undefined || comparePositions(this.#asked.stage, stage) !== 'same')
      this.#asked = { stage, names: measures, bakeMs, seenMs: this.#options.clock.monotonic() }
  }

  said(): StageMeasures | undefined {
    const held = this.#at()
    if (held === undefined) return undefined
    const { digest, startMs, sums } = held
    const { stage, bakeMs } = held.asked
    const numbers = [...sums].flatMap(([name, { count, sum }]) => (count === 0 ? [] : [{ name, count, sum }]))
    if (numbers.length === 0) return undefined
    const overMs = Math.min(bakeMs, Math.floor(this.#options.clock.monotonic() - startMs))
    return { stage, digest, overMs, numbers }
  }

  /** The window that is open now, or was closed by the bake. */
  #at(): Window | undefined {
    const { applied, sinceMs } = this.#options.current
    const digest = applied?.running.digest
    const asked = this.#asked
    const window = this.#window
    if (asked === undefined || digest === undefined || sinceMs === undefined) return undefined
    if (window?.asked === asked && window.digest === digest && window.runsSinceMs === sinceMs) return window
    return (this.#window = {
      asked,
      digest,
      runsSinceMs: sinceMs,
      startMs: Math.max(asked.seenMs, sinceMs),
      sums: new Map(asked.names.map(name => [name, { count: 0, sum: 0 }])),
    })
  }

  #warn(): void {
    if (this.#warned) return
    this.#warned = true
    this.#options.logger.warn(`measure() takes numbers from 0 to ${MAX_MEASURED}; other values are left out`)
  }
}
