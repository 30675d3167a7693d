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
export function createMeasures({
  clock,
  logger,
  current,
}: {
  readonly clock: Clock
  readonly logger: Logger
  readonly current: Pick<Current<unknown>, 'applied' | 'sinceMs'>
}): Measures {
  let asked: Asked | undefined
  let window: Window | undefined
  let warned = false

  /** The window that is open now, or was closed by the bake. */
  const at = (): Window | undefined => {
    const { applied, sinceMs } = current
    const digest = applied?.running.digest
    if (asked === undefined || digest === undefined || sinceMs === undefined) return undefined
    if (window?.asked === asked && window.digest === digest && window.runsSinceMs === sinceMs) return window
    return (window = {
      asked,
      digest,
      runsSinceMs: sinceMs,
      startMs: Math.max(asked.seenMs, sinceMs),
      sums: new Map(asked.names.map(name => [name, { count: 0, sum: 0 }])),
    })
  }

  const warn = (): void => {
    if (warned) return
    warned = true
    logger.warn(`measure() takes numbers from 0 to ${MAX_MEASURED}; other values are left out`)
  }

  return {
    add(name, value) {
      if (asked === undefined) return
      const open = at()
      const held = open?.sums.get(name)
      if (open === undefined || held === undefined) return
      if (!(value >= 0 && value <= MAX_MEASURED)) return warn()
      if (clock.monotonic() - open.startMs >= open.asked.bakeMs) return
      held.count += 1
      held.sum += value
    },
    follow(release) {
      const { measures = [], bakeMs = 0 } = release?.evidence ?? {}
      const stage = release?.rollout?.stageStart.position
      if (stage === undefined || measures.length === 0) asked = undefined
      else if (asked === undefined || comparePositions(asked.stage, stage) !== 'same')
        asked = { stage, names: measures, bakeMs, seenMs: clock.monotonic() }
    },
    said() {
      const held = at()
      if (held === undefined) return undefined
      const { digest, startMs, sums } = held
      const { stage, bakeMs } = held.asked
      const numbers = [...sums].flatMap(([name, { count, sum }]) =>
        count === 0 ? [] : [{ name, count, sum }],
      )
      if (numbers.length === 0) return undefined
      const overMs = Math.min(bakeMs, Math.floor(clock.monotonic() - startMs))
      return { stage, digest, overMs, numbers }
    },
  }
}
