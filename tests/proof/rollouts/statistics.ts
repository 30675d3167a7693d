import { seededRandom } from '../../../src/sim/seeded-random.js'
import {
  eProcess,
  repeatedExactTest,
  runStage,
  threshold,
  type StageKind,
  type Watcher,
} from './stage-trial.js'

/** What became of many stages of one kind under one watcher. */
export interface Row {
  readonly stage: string
  readonly watcher: string
  readonly alarms: number
  readonly trials: number
  /** How many exposed clients had failed at the alarm, on average; undefined without any. */
  readonly failedAtAlarm: number | undefined
}

/** Chances of a client to fail within a stage although nothing is wrong with what it runs. */
const BACKGROUNDS = [0.001, 0.005, 0.01, 0.02, 0.05] as const

/** Stages of fleets of 60, 1,000 and 10,000. */
const SIZES = [
  [6, 54],
  [30, 30],
  [100, 900],
  [100, 9_900],
  [1_000, 9_000],
  [5_000, 5_000],
] as const

/** What a candidate does to the exposed clients, beside each background. */
const FAULTS = [1, 0.5, 0.2, 0.1, 0.05] as const

const WATCHERS: readonly Watcher[] = [
  eProcess(100),
  eProcess(20),
  threshold(0.01),
  threshold(0.05),
  repeatedExactTest,
]
/** Hosts of 20 clients: counted by the client, and by the host. */
const HOST_SIZE = 20
const HOST_WATCHERS: readonly Watcher[] = [eProcess(100), eProcess(100, true)]

/** Every kind of stage that is tried, with what watches it. */
export const KINDS: readonly {
  readonly name: string
  readonly kind: StageKind
  readonly watchers: readonly Watcher[]
}[] = [
  ...BACKGROUNDS.flatMap(background =>
    SIZES.map(([exposed, control]) => ({
      name: `${exposed} of ${exposed + control}, ${background * 100} % fail anyway`,
      kind: { exposed, control, background },
      watchers: WATCHERS,
    })),
  ),
  ...BACKGROUNDS.flatMap(background =>
    FAULTS.flatMap(fault =>
      SIZES.slice(0, 4).map(([exposed, control]) => ({
        name: `${exposed} of ${exposed + control}, the candidate hits ${fault * 100} %, ${background * 100} % fail anyway`,
        kind: { exposed, control, background, fault },
        watchers: WATCHERS,
      })),
    ),
  ),
  ...BACKGROUNDS.map(background => ({
    name: `1,000 of 10,000 by label, hosts of ${HOST_SIZE} die whole, ${background * 100} % of them`,
    kind: { exposed: 1_000, control: 9_000, background, hostSize: HOST_SIZE },
    watchers: HOST_WATCHERS,
  })),
]

/** Runs so many stages of each kind; the same seed gives the same rows. */
export function simulateStages(
  trials: number,
  seed: number,
  progress: (done: number, of: number) => void = () => {},
): readonly Row[] {
  return KINDS.flatMap(({ name, kind, watchers }, index) => {
    const random = seededRandom(seed * 1_000 + index)
    const alarms = watchers.map(() => 0)
    const failed = watchers.map(() => 0)
    for (let trial = 0; trial < trials; trial += 1) {
      for (const [at, alarmedAt] of runStage(kind, watchers, random).entries()) {
        if (alarmedAt === undefined) continue
        alarms[at] = (alarms[at] ?? 0) + 1
        failed[at] = (failed[at] ?? 0) + alarmedAt
      }
    }
    progress(index + 1, KINDS.length)
    return watchers.map((watcher, at): Row => {
      const raised = alarms[at] ?? 0
      return {
        stage: name,
        watcher: watcher.name,
        alarms: raised,
        trials,
        failedAtAlarm: raised === 0 ? undefined : (failed[at] ?? 0) / raised,
      }
    })
  })
}

/** Whether a row is one of a healthy candidate, where each alarm is a false one. */
export function isHealthy({ stage }: Row): boolean {
  return !stage.includes('the candidate hits')
}

/**
 * The largest share of alarms that a watcher raised in stages of a kind; in those of a healthy
 * candidate unless told.
 */
export function worstOf(
  rows: readonly Row[],
  watcher: string,
  of: (row: Row) => boolean = isHealthy,
): number {
  return Math.max(0, ...rows.filter(row => row.watcher === watcher && of(row)).map(shareOf))
}

/** The share of stages in which there was an alarm. */
export function shareOf({ alarms, trials }: Row): number {
  return alarms / trials
}

/**
 * What the rows break of the promises: at most one false rollback in a hundred stages and one false
 * pause in twenty, whatever the background, also where hosts die whole if hosts are counted. Chance
 * is allowed for by four standard deviations.
 */
export function brokenPromises(rows: readonly Row[]): readonly string[] {
  const bounds: readonly (readonly [string, number])[] = [
    ['e >= 100', 0.01],
    ['e >= 100, hosts counted', 0.01],
    ['e >= 20', 0.05],
  ]
  const problems: string[] = []
  for (const row of rows.filter(isHealthy)) {
    const bound = bounds.find(([name]) => name === row.watcher)?.[1]
    if (bound === undefined || (row.watcher === 'e >= 100' && row.stage.includes('die whole'))) continue
    const allowed = bound + 4 * Math.sqrt((bound * (1 - bound)) / row.trials)
    if (shareOf(row) > allowed)
      problems.push(`${row.watcher}: ${row.alarms} false alarms in ${row.trials} stages of ${row.stage}`)
  }
  return problems
}

/** A row for people. */
export function sayRow({ stage, watcher, alarms, trials, failedAtAlarm }: Row): string {
  const share = ((100 * alarms) / trials).toFixed(2).padStart(6)
  const after = failedAtAlarm === undefined ? '' : `, after ${failedAtAlarm.toFixed(1)} failed clients`
  return `${stage.padEnd(68)} ${watcher.padEnd(28)} ${share} %${after}`
}
