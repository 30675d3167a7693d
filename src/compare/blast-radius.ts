import { NoticeboardError } from '../contracts/errors.js'
import { STATE_BEAT_MS } from '../core/limits.js'
import { checkOptions } from '../core/options.js'
import { defaultStages, type Stage } from '../rollouts/index.js'
import { sizeOf } from '../rollouts/stage.js'
import { equalSteps, TIMED_EVERY_MS, TIMED_STEPS } from '../rollouts/timed.js'
import type { Row } from './row.js'
import type { Workload } from './workload.js'

/** What a bad document does before it is gone. */
export interface BlastRadius {
  /** How long it runs until it shows, in milliseconds. */
  readonly showsAfterMs: number
  /** How long somebody who is called takes to roll back, in milliseconds. */
  readonly humanMs: number
  /** How long a client has to run it in each stage, or how long a stage lasts, in milliseconds. */
  readonly bakeMs: number
  /** Published to everyone at once, and taken back by somebody who was called. */
  readonly everyone: Blast
  /**
   * Published in stages. By reports: in the default stages, and taken back by the controller once a
   * gate or a guardrail sees what it does. By the clock, where clients cannot report: in the steps
   * of `timed()`, and taken back by somebody who was called.
   */
  readonly staged: Blast & {
    /** What stages go by. */
    readonly by: 'reports' | 'clock'
    /** How many clients each stage exposes, all before it included. */
    readonly stages: readonly number[]
    /**
     * The stage in which it is taken back, from 0 on; undefined where all of them pass before.
     */
    readonly noticedIn: number | undefined
    /** How long a good document takes until everybody has it, in milliseconds. */
    readonly completesMs: number
  }
  /**
   * One that ends the process so late, and again before it is quarantined, in the same stages: how
   * many at most. Left out where stages go by the clock.
   */
  readonly crash?: Blast
}

/** How many, and for how long. */
export interface Blast {
  /** How many clients ran it. */
  readonly reached: number
  /** From `publish()` until none runs it, in milliseconds. */
  readonly goneMs: number
}

/** What a prediction goes by. */
export interface BlastOptions {
  /** How long the document runs until it shows what is wrong, in milliseconds. Default 90,000. */
  readonly showsAfterMs?: number
  /**
   * How long each client has to run it in a stage, in milliseconds; by the clock, how long a stage
   * lasts. Default 300,000; by the clock 600,000.
   */
  readonly bakeMs?: number
  /**
   * How many clients each stage exposes, all before it included. Default: as the default stages do;
   * by the clock, as `timed()` does.
   */
  readonly stages?: readonly number[]
  /** How long somebody who is called takes to roll back, in milliseconds. Default 900,000. */
  readonly humanMs?: number
}

/**
 * How long a report waits for others at its client, and a step of the controller, in milliseconds.
 */
const REPORT_MS = 1_000
const STEP_MS = 5_000

/** How long until a process that ended is there again, in milliseconds. */
const RESTART_MS = 1_000
/** What a client has run for so long, and for its bake, it trusts: twice its default `soakMs`. */
const TRUSTED_MS = 120_000

/** How long somebody who is called takes, and until a fault shows, in milliseconds. */
const HUMAN_MS = 900_000
const SHOWS_AFTER_MS = 90_000

/**
 * What a document does that turns out to be bad some time after it was applied, by arithmetic:
 * every stage bakes, so it is noticed in the first stage that lasts long enough, as soon as a gate,
 * a guardrail or the first client says so. A document that is refused at once is noticed sooner,
 * and one that only shows under load later. Of one that ends the process `predictCrash()` tells.
 * Where clients cannot report, stages go by the clock, and it spreads until somebody who was called
 * stops it. Throws `invalid-option`.
 *
 * ```ts
 * predictBlast({ clients: 60, stalenessMs: row.stalenessMs })
 * ```
 */
export function predictBlast(
  {
    clients,
    stalenessMs,
    reports = true,
  }: {
    readonly clients: Workload['clients']
    readonly stalenessMs: Pick<Row['stalenessMs'], 'half' | 'all'>
    /** Whether clients report; from a static folder they cannot. Default true. */
    readonly reports?: boolean
  },
  options: BlastOptions = {},
): BlastRadius {
  checkBlast('predictBlast()', options)
  const { showsAfterMs = SHOWS_AFTER_MS, humanMs = HUMAN_MS } = options
  const everyone = {
    reached: clients,
    goneMs: stalenessMs.half + showsAfterMs + humanMs + stalenessMs.all,
  }
  const fleet = { clients, stalenessMs }
  const { bakeMs, staged } = reports ? byReports(fleet, options) : byClock(fleet, options)
  const { stages } = staged
  return {
    showsAfterMs,
    humanMs,
    bakeMs,
    everyone,
    staged,
    ...(reports && { crash: predictCrash(fleet, { showsAfterMs, bakeMs, stages, humanMs }) }),
  }
}

/**
 * What a document does in stages that ends the process some time after it was applied, where
 * clients have a folder of their own: its client then runs what ran before for as long, tries it
 * once more, and quarantines it when that ended as well. One death is no proof, so one client more
 * gets it meanwhile. Stages hold while one that was started anew has not run it for as long as they
 * bake. A document that runs for longer than that, and for two minutes, is trusted: nothing takes
 * it back but somebody who was called.
 *
 * ```ts
 * predictCrash(fleet, { showsAfterMs: 90_000, bakeMs: 60_000, stages: [1, 6, 30, 60], humanMs: 900_000 })
 * ```
 */
export function predictCrash(
  fleet: Fleet,
  { showsAfterMs, bakeMs, stages, humanMs }: Required<BlastOptions>,
): Blast {
  const { clients, stalenessMs } = fleet
  const stageMs = stageOf(fleet, bakeMs)
  if (showsAfterMs >= Math.max(bakeMs, TRUSTED_MS)) {
    const { reached, goneMs } = stoppedByHand(fleet, { showsAfterMs, humanMs, stages, lastsMs: stageMs })
    return { reached, goneMs }
  }
  const diesMs = stalenessMs.half + showsAfterMs
  /**
   * From a death until it is tried again: what ran before has to outlive it, as is known to a beat.
   */
  const restMs = RESTART_MS + showsAfterMs + STATE_BEAT_MS
  const quarantinedMs = diesMs + restMs + showsAfterMs + RESTART_MS
  const beginsMs = [0]
  let stage = 0
  for (; stage < stages.length - 1; stage += 1) {
    let passesMs = (beginsMs[stage] ?? 0) + stageMs
    // In the order of the stages: who ran it sooner ends sooner.
    for (const beganMs of beginsMs)
      if (beganMs + diesMs < passesMs) passesMs = Math.max(passesMs, beganMs + diesMs + restMs + stageMs)
    if (passesMs >= quarantinedMs) break
    beginsMs.push(passesMs)
  }
  const exposed = stages[stage] ?? clients
  return {
    // A death after the bake is no failure of the stage, and asks nobody else.
    reached: showsAfterMs < bakeMs ? Math.min(clients, exposed + 1) : exposed,
    goneMs: quarantinedMs + REPORT_MS + STEP_MS + stalenessMs.all,
  }
}

interface Fleet {
  readonly clients: number
  readonly stalenessMs: Pick<Row['stalenessMs'], 'half' | 'all'>
}

/**
 * How long a stage lasts: until its clients have the document, have run it for as long as they have
 * to, and have said so, in milliseconds.
 */
function stageOf({ stalenessMs }: Fleet, bakeMs: number): number {
  return stalenessMs.all + bakeMs + REPORT_MS + STEP_MS
}

/**
 * Nothing is noticed by itself: the stages go on until somebody who was called has stopped them.
 */
function stoppedByHand(
  { clients, stalenessMs }: Fleet,
  {
    showsAfterMs,
    humanMs,
    stages,
    lastsMs,
  }: Pick<Required<BlastOptions>, 'showsAfterMs' | 'humanMs' | 'stages'> & {
    /** How long each stage lasts. */
    readonly lastsMs: number
  },
): Blast & { readonly stage: number } {
  const stoppedMs = stalenessMs.half + showsAfterMs + humanMs
  const stage = Math.floor(stoppedMs / lastsMs)
  return {
    stage,
    reached: stages[stage] ?? stages.at(-1) ?? clients,
    goneMs: stoppedMs + stalenessMs.all,
  }
}

function byReports(
  { clients, stalenessMs }: Fleet,
  {
    showsAfterMs = SHOWS_AFTER_MS,
    bakeMs = 300_000,
    humanMs = HUMAN_MS,
    stages = exposedBy(defaultStages(clients), clients),
  }: BlastOptions,
): Pick<BlastRadius, 'bakeMs' | 'staged'> {
  const stageMs = stageOf({ clients, stalenessMs }, bakeMs)
  const noticed = stages.findIndex(
    (_, index) => index === stages.length - 1 || showsAfterMs < (index + 1) * stageMs,
  )
  const inLast = noticed === stages.length - 1
  const noticedIn = inLast && showsAfterMs >= stages.length * stageMs ? undefined : noticed
  const shownMs = Math.max(stalenessMs.half + showsAfterMs, noticed * stageMs) + REPORT_MS + STEP_MS
  return {
    bakeMs,
    staged: {
      by: 'reports',
      reached: stages[noticed] ?? clients,
      goneMs: shownMs + stalenessMs.all + (noticedIn === undefined ? humanMs : 0),
      stages,
      noticedIn,
      completesMs: (stages.length - 1) * stageMs + stalenessMs.all,
    },
  }
}

function byClock(
  fleet: Fleet,
  {
    showsAfterMs = SHOWS_AFTER_MS,
    bakeMs = TIMED_EVERY_MS,
    humanMs = HUMAN_MS,
    stages = exposedBy(equalSteps(TIMED_STEPS), fleet.clients),
  }: BlastOptions,
): Pick<BlastRadius, 'bakeMs' | 'staged'> {
  const { stage, ...blast } = stoppedByHand(fleet, { showsAfterMs, humanMs, stages, lastsMs: bakeMs })
  return {
    bakeMs,
    staged: {
      by: 'clock',
      ...blast,
      stages,
      noticedIn: stage < stages.length ? stage : undefined,
      completesMs: (stages.length - 1) * bakeMs + fleet.stalenessMs.all,
    },
  }
}

/**
 * Throws `invalid-option` for what a prediction cannot go by, naming the field; `who` says whose
 * options they are.
 *
 * ```ts
 * checkBlast('compare(): blast', options.blast)
 * ```
 */
export function checkBlast(who: string, options: BlastOptions | undefined): void {
  checkOptions(who, options, { showsAfterMs: true, bakeMs: true, stages: true, humanMs: true })
  const { showsAfterMs, bakeMs, stages, humanMs } = options ?? {}
  const refuse = (problem: string): never => {
    throw new NoticeboardError('invalid-option', `${who}: ${problem}`)
  }
  for (const [name, value] of Object.entries({ showsAfterMs, humanMs }))
    if (value !== undefined && !(Number.isFinite(value) && value >= 0))
      refuse(`${name} must be a number of milliseconds, 0 or more`)
  if (bakeMs !== undefined && !(Number.isFinite(bakeMs) && bakeMs > 0))
    refuse('bakeMs must be a number of milliseconds above 0')
  if (stages === undefined) return
  const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0
  if (!Array.isArray(stages) || stages.length === 0 || !stages.every(isCount))
    refuse('stages must be a list of whole numbers of clients')
}

function exposedBy(stages: readonly Stage[], clients: number): readonly number[] {
  return stages.map(stage => Math.min(clients, sizeOf(stage, clients)))
}
