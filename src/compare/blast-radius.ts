import { defaultStages, type Stage } from '../rollouts/index.js'
import type { Row } from './row.js'
import type { Workload } from './workload.js'

/** What a bad document does before it is gone. */
export interface BlastRadius {
  /** How long it runs until it shows, in milliseconds. */
  readonly showsAfterMs: number
  /** How long a client has to run it in each stage, in milliseconds. */
  readonly bakeMs: number
  /** Published to everyone at once, and taken back by somebody who was called. */
  readonly everyone: Blast
  /** Published in the default stages, and taken back by the controller. */
  readonly staged: Blast & {
    /** How many clients each stage exposes, all before it included. */
    readonly stages: readonly number[]
    /**
     * The stage in which it is noticed, from 0 on; undefined where all of them pass before it shows.
     */
    readonly noticedIn: number | undefined
    /** How long a good document takes until everybody has it, in milliseconds. */
    readonly completesMs: number
  }
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
  /** How long each client has to run it in a stage, in milliseconds. Default 300,000. */
  readonly bakeMs?: number
  /**
   * How many clients each stage exposes, all before it included. Default: as the default stages do.
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

/**
 * What a document does that turns out to be bad some time after it was applied, by arithmetic:
 * every stage bakes, so it is noticed in the first stage that lasts long enough, by the first
 * client that says so. A document that is refused at once is noticed sooner, and one that only
 * shows under load later.
 *
 * ```ts
 * predictBlast({ clients: 60, stalenessMs: row.stalenessMs })
 * ```
 */
export function predictBlast(
  {
    clients,
    stalenessMs,
  }: {
    readonly clients: Workload['clients']
    readonly stalenessMs: Pick<Row['stalenessMs'], 'half' | 'all'>
  },
  {
    showsAfterMs = 90_000,
    bakeMs = 300_000,
    humanMs = 900_000,
    stages = exposedBy(defaultStages(clients), clients),
  }: BlastOptions = {},
): BlastRadius {
  // A stage lasts until its clients have the document, have run it for as long as they have to, and
  // have said so.
  const stageMs = stalenessMs.all + bakeMs + REPORT_MS + STEP_MS
  const noticed = stages.findIndex(
    (_, index) => index === stages.length - 1 || showsAfterMs < (index + 1) * stageMs,
  )
  const inLast = noticed === stages.length - 1
  const noticedIn = inLast && showsAfterMs >= stages.length * stageMs ? undefined : noticed
  const shownMs = Math.max(stalenessMs.half + showsAfterMs, noticed * stageMs) + REPORT_MS + STEP_MS
  const backMs = stalenessMs.all
  return {
    showsAfterMs,
    bakeMs,
    everyone: {
      reached: clients,
      goneMs: stalenessMs.half + showsAfterMs + humanMs + backMs,
    },
    staged: {
      reached: stages[noticed] ?? clients,
      goneMs: shownMs + backMs + (noticedIn === undefined ? humanMs : 0),
      stages,
      noticedIn,
      completesMs: (stages.length - 1) * stageMs + stalenessMs.all,
    },
  }
}

function exposedBy(stages: readonly Stage[], clients: number): readonly number[] {
  return stages.map(stage => {
    switch (stage.by) {
      case 'count':
        return Math.min(clients, stage.count)
      case 'share':
        return Math.min(clients, Math.max(stage.atLeast ?? 1, Math.ceil(stage.share * clients)))
      case 'labels':
      case 'ids':
      case 'all':
        return clients
    }
  })
}
