import { NoticeboardError } from '../contracts/errors.js'
import {
  MAX_BAKE_MS,
  MAX_MEASURES,
  MAX_REPORT_MS,
  MAX_SHORT_LINE_LENGTH,
  MAX_SPREAD_MS,
  MAX_WORSE_BY,
} from '../core/limits.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { isLine } from '../core/json/text.js'
import {
  isOnBad,
  isShare,
  isWorseBy,
  type PlannedGate,
  type PlannedGuardrail,
  type StagedPlan,
} from './plan.js'
import type { Stage, StageSpec } from './stage.js'

/** How a staged rollout goes. Everything has a default. */
export interface StagedOptions {
  /**
   * What is exposed stage by stage: `[1, '10%', { labels: { cell: 'eu-1' } }, 'all']`. Default: by
   * the number of live clients, one client first and all of them last.
   */
  readonly stages?: readonly StageSpec[]
  /**
   * In place of stages: after one client come as many as it takes to exclude faults that hit more
   * than this share of the fleet, above 0 and up to 1, and then all. Where that takes the whole
   * fleet, all follow the one. Default: none; `stages` says what is exposed.
   */
  readonly excludes?: number
  /**
   * The share of clients that is left out until the watch has ended, to compare with. Default:
   * none.
   */
  readonly holdback?: number
  /**
   * How long each client has to run the candidate, in milliseconds. Default 300,000; 900,000 where
   * the live clients have no health probe.
   */
  readonly bakeMs?: number
  /**
   * How often clients report meanwhile, in milliseconds; a third of the bake at most, whatever is
   * given. Default 60,000.
   */
  readonly reportMs?: number
  /**
   * The time over which reports that only say "seen" are spread, in milliseconds. Default: half of
   * `reportMs`.
   */
  readonly spreadMs?: number
  /**
   * The share of a stage that has to be healthy, above 0 and up to 1. Default 0.9; of fewer than
   * ten clients all.
   */
  readonly quorum?: number
  /**
   * How long the candidate is watched after the last stage, in milliseconds. Default: three bakes,
   * 30 minutes at least.
   */
  readonly watchMs?: number
  /** What is done about damage that shows while it is watched. Default `roll-back`. */
  readonly late?: StagedPlan['late']
  /**
   * Gates by name, which the controller asks; each rolls back unless it says otherwise. Default:
   * none.
   */
  readonly gates?: readonly (Pick<PlannedGate, 'name'> & Partial<Pick<PlannedGate, 'onBad'>>)[]
  /**
   * Numbers that the application measures with `config.measure()`, four at most:
   * `{ measure: 'latencyMs', worseBy: 0.2 }` is bad once its mean in the clients of a stage is more
   * than 20 % higher than in the others, beyond chance. `direction: 'down'` is for those of which
   * less is worse. Each rolls back unless it says otherwise. Default: none.
   */
  readonly guardrails?: readonly (Pick<PlannedGuardrail, 'measure' | 'worseBy'> &
    Partial<Pick<PlannedGuardrail, 'direction' | 'onBad'>>)[]
  /**
   * A label of which all clients of one value may fail together, such as the host. Default: none;
   * each client counts for itself.
   */
  readonly cluster?: string
  /**
   * Whether one client rehearses the way back before the first stage: it runs the candidate, goes
   * back, and runs it again, a bake each. Default false.
   */
  readonly rehearse?: boolean
}

const OPTIONS: OptionNames<StagedOptions> = {
  stages: true,
  excludes: true,
  holdback: true,
  bakeMs: true,
  reportMs: true,
  spreadMs: true,
  quorum: true,
  watchMs: true,
  late: true,
  gates: true,
  guardrails: true,
  cluster: true,
  rehearse: true,
}

/** A stage of a plan, from one as a user writes it; `idsOf` hashes the names of clients. */
export function stageOf(spec: StageSpec, idsOf: (clients: readonly string[]) => readonly string[]): Stage {
  if (spec === 'all') return { by: 'all' }
  if (typeof spec === 'number') return { by: 'count', count: spec }
  if (typeof spec === 'string') return { by: 'share', share: Number(spec.slice(0, -1)) / 100 }
  if ('clients' in spec) return { by: 'ids', ids: idsOf(spec.clients) }
  const labels = Object.entries(spec.labels).map(([name, values]): [string, readonly string[]] => [
    name,
    typeof values === 'string' ? [values] : values,
  ])
  return { by: 'labels', labels: Object.fromEntries(labels) }
}

const PERCENT = /^(?:100|[1-9]?\d(?:\.\d+)?)%$/

/** Throws `invalid-option` for a plan that makes no sense. */
export function checkStaged(settings: StagedOptions): void {
  checkOptions('staged()', settings, OPTIONS)
  const {
    stages,
    excludes,
    holdback,
    quorum,
    gates = [],
    guardrails = [],
    late,
    rehearse = false,
    ...times
  } = settings
  const refuse = (problem: string): never => {
    throw new NoticeboardError('invalid-option', `staged(): ${problem}`)
  }
  const { bakeMs, reportMs, spreadMs, watchMs } = times
  const most = {
    bakeMs: MAX_BAKE_MS,
    reportMs: MAX_REPORT_MS,
    spreadMs: MAX_SPREAD_MS,
    watchMs: MAX_BAKE_MS,
  }
  for (const [name, value] of Object.entries({ bakeMs, reportMs, spreadMs, watchMs })) {
    const limit = most[name as keyof typeof most]
    if (
      value !== undefined &&
      !(Number.isInteger(value) && value >= (name === 'reportMs' ? 1 : 0) && value <= limit)
    )
      refuse(`${name} must be a whole number of milliseconds, ${limit} at most`)
  }
  for (const [name, share] of Object.entries({ excludes, holdback, quorum }))
    if (share !== undefined && !isShare(share)) refuse(`${name} must be a share above 0, 1 at most`)
  if (holdback === 1) refuse('holdback must be below 1, which would leave nobody to expose')
  if (late !== undefined && late !== 'roll-back' && late !== 'alarm')
    refuse('late must be "roll-back" or "alarm"')
  if (typeof rehearse !== 'boolean') refuse('rehearse must be true or false')
  if (excludes !== undefined && stages !== undefined)
    refuse('stages and excludes exclude each other; drop one')
  if (new Set(gates.map(({ name }) => name)).size < gates.length)
    refuse('two gates have the same name; rename one of them')
  for (const guardrail of guardrails) checkGuardrail(guardrail, refuse)
  if (new Set(guardrails.map(({ measure }) => measure)).size < guardrails.length)
    refuse('two guardrails watch the same measure; keep one')
  if (guardrails.length > MAX_MEASURES) refuse(`at most ${MAX_MEASURES} guardrails are allowed`)
  if (stages === undefined) return
  if (!Array.isArray(stages) || stages.length === 0)
    refuse('stages must hold at least one, such as [1, "10%", "all"]')
  for (const spec of stages) {
    const isFine =
      spec === 'all' ||
      (typeof spec === 'number' && Number.isInteger(spec) && spec > 0) ||
      (typeof spec === 'string' && PERCENT.test(spec) && spec !== '0%') ||
      (typeof spec === 'object' &&
        spec !== null &&
        ('clients' in spec ? spec.clients.length > 0 : Object.keys(spec.labels ?? {}).length > 0))
    if (!isFine)
      refuse('a stage must be a number of clients, a share such as "10%", { labels }, { clients }, or "all"')
  }
  if (stages.at(-1) !== 'all') refuse('the last stage must be "all", so that the rollout comes to an end')
  checkGrowth(stages, refuse)
}

/** Refuses what would expose nobody: a share or a number that is no larger than one before it. */
function checkGrowth(stages: readonly StageSpec[], refuse: (problem: string) => never): void {
  const largest = { clients: 0, share: 0 }
  for (const [index, spec] of stages.entries()) {
    if (typeof spec === 'object') continue
    const [kind, size] =
      typeof spec === 'number'
        ? (['clients', spec] as const)
        : (['share', spec === 'all' ? Number.POSITIVE_INFINITY : Number(spec.slice(0, -1))] as const)
    if (size <= largest[kind])
      refuse(
        `a stage must expose more than those before it, and stage ${index + 1} does not; put the smaller ones first, and "all" only at the end`,
      )
    largest[kind] = size
  }
}

function checkGuardrail(
  {
    measure,
    worseBy,
    direction = 'up',
    onBad = 'roll-back',
  }: NonNullable<StagedOptions['guardrails']>[number],
  refuse: (problem: string) => never,
): void {
  if (!isLine(measure, MAX_SHORT_LINE_LENGTH))
    refuse(`the measure of a guardrail must be a string of 1 to ${MAX_SHORT_LINE_LENGTH} characters`)
  if (direction !== 'up' && direction !== 'down')
    refuse('the direction of a guardrail must be "up" or "down"')
  if (!isWorseBy(worseBy, direction))
    refuse(
      `worseBy of a guardrail must be a share from 0 to ${MAX_WORSE_BY}, and below 1 with the direction "down"`,
    )
  if (!isOnBad(onBad)) refuse('onBad of a guardrail must be "roll-back", "pause" or "record"')
}
