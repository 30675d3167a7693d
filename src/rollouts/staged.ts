import { NoticeboardError } from '../contracts/errors.js'
import { canonicalize } from '../core/json/canonical.js'
import type { Json } from '../contracts/json.js'
import { exceedsBytes } from '../core/json/text.js'
import { MAX_BAKE_MS, MAX_PLAN_BYTES } from '../core/limits.js'
import { idOf } from './cohort.js'
import { decideStaged } from './decide.js'
import { exposingNobody, firstStep, whenFew, whoIsThere, type Fleet } from './first-step.js'
import { readGates } from './gate.js'
import { jumpStaged } from './jump-staged.js'
import { FEWEST_STAGED, readStagedPlan, type StagedPlan } from './plan.js'
import type { FirstStep, RolloutPolicy, StartInput } from './policy.js'
import { healthyToExclude } from './resolving-power.js'
import { defaultStages, type Stage, type StageSpec } from './stage.js'
import { checkStaged, stageOf, type StagedOptions } from './staged-options.js'
import { withinGrowth } from './within-growth.js'

const BAKE_MS = 300_000
/** Without a probe nobody says that something is wrong, so damage has more time to show. */
const BAKE_WITHOUT_PROBE_MS = 900_000
const REPORT_MS = 60_000
const WATCH_MS = 1_800_000
const QUORUM = 0.9

/**
 * Stage by stage, each on the evidence of the one before: the default. A number is clients, `'10%'`
 * a share, `{ labels }` a ring or a cell, `{ clients }` some by name. Throws `invalid-option` for a
 * plan that makes no sense.
 *
 * ```ts
 * await publisher.publish(document, { rollout: staged([1, '10%', '50%', 'all']), reason: 'more load' })
 * ```
 */
export function staged(options: readonly StageSpec[] | StagedOptions = {}): RolloutPolicy {
  const settings: StagedOptions = Array.isArray(options)
    ? { stages: options as readonly StageSpec[] }
    : (options as StagedOptions)
  checkStaged(settings)
  const start = (input: StartInput): FirstStep => startStaged(settings, input)
  return {
    type: 'staged',
    version: 1,
    startsBy: labelsIn(settings),
    start,
    decide: decideStaged,
    jump: jumpStaged,
    vary(changes) {
      // One that wraps this policy keeps what is its own; how another start varies is not known
      // here.
      return this.start === start ? { ...this, ...startOf(withChanges(settings, changes)) } : undefined
    },
  }
}

/** What of a policy follows from its settings. */
function startOf(settings: StagedOptions): Pick<RolloutPolicy, 'startsBy' | 'start' | 'vary'> {
  const { startsBy = [], start, vary } = staged(settings)
  return { startsBy, start, ...(vary && { vary }) }
}

/** Stages that are named take the place of those that `excludes` makes. */
function withChanges(
  { excludes, ...settings }: StagedOptions,
  changes: Pick<StagedOptions, 'stages' | 'rehearse'>,
): StagedOptions {
  return {
    ...settings,
    ...(excludes !== undefined && changes.stages === undefined && { excludes }),
    ...changes,
  }
}

/** The labels that stages and clusters are made of. */
function labelsIn({ stages = [], cluster }: StagedOptions): readonly string[] {
  const named = stages.flatMap(spec =>
    typeof spec === 'object' && 'labels' in spec ? Object.keys(spec.labels) : [],
  )
  return [...new Set([...named, ...(cluster === undefined ? [] : [cluster])])]
}

function startStaged(settings: StagedOptions, input: StartInput): FirstStep {
  const { heard, nowMs, gates, salt, floor, hasher } = input
  if (heard === undefined)
    return {
      type: 'refused',
      why: 'no-reports',
      says: ['this store keeps no reports, so no stage can be judged: use timed(), which goes by the clock'],
    }
  const began = whoIsThere(heard, { nowMs, reportMs: reportMsOf(settings) })
  const few = whenFew(began)
  if (few !== undefined) return few

  const unasked = (settings.gates ?? []).filter(
    ({ name, onBad }) => onBad !== 'record' && !Object.hasOwn(gates, name),
  )
  const { live, present } = began
  const { growth } = floor ?? {}
  const plan = planFor(settings, { live, present, isLater: unasked.length > 0, growth, salt, hasher })
  const { rollBack, pause, recorded } = readGates(plan.gates, gates, 0)
  if (rollBack.length + pause.length > 0)
    return { type: 'refused', why: 'gate-red', says: [...rollBack, ...pause] }
  const first = firstStep(plan, { ...began, input })
  if (first.type !== 'stage') return first
  const { says } = first
  if (unasked.length === 0) return { ...first, says: [...says, ...recorded] }
  const names = unasked.map(({ name }) => name).join(', ')
  return {
    ...first,
    next: exposingNobody(plan, { ...began, input }),
    says: [
      ...says,
      ...recorded,
      `nobody is exposed until a controller has asked ${unasked.length === 1 ? 'gate' : 'gates'} ${names}`,
    ],
  }
}

/** The plan with everything settled, so that it is decided by what it says and by nothing else. */
function planFor(
  settings: StagedOptions,
  {
    live,
    present,
    isLater,
    growth,
    salt,
    hasher,
  }: Pick<Fleet, 'live' | 'present'> & {
    /** Whether the first stage begins later, when more clients may be there. */
    readonly isLater: boolean
    readonly growth: number | undefined
    readonly salt: string
    readonly hasher: StartInput['hasher']
  },
): StagedPlan {
  const probed = live.some(({ current }) =>
    current.some(({ health }) => health !== undefined && health.now !== 'none'),
  )
  const { bakeMs = probed ? BAKE_MS : BAKE_WITHOUT_PROBE_MS, quorum = QUORUM, late = 'roll-back' } = settings
  const reportMs = Math.min(reportMsOf(settings), Math.max(1, Math.ceil(bakeMs / 3)))
  const { spreadMs = Math.floor(reportMs / 2), watchMs = Math.max(WATCH_MS, 3 * bakeMs) } = settings
  const { gates = [], guardrails = [], cluster, holdback, rehearse = false } = settings
  const idsOf = (clients: readonly string[]): readonly string[] =>
    clients.map(clientId => idOf(clientId, { salt, hasher }))
  const counted = {
    live: isLater ? Math.max(live.length, FEWEST_STAGED) : live.length,
    present: present.length,
  }
  const plan: StagedPlan = {
    type: 'staged',
    version: 1,
    stages: settings.stages?.map(spec => stageOf(spec, idsOf)) ?? stagesFor(settings, { ...counted, growth }),
    bakeMs,
    reportMs,
    spreadMs,
    quorum,
    watchMs: Math.min(watchMs, MAX_BAKE_MS),
    late,
    gates: gates.map(({ name, onBad = 'roll-back' }) => ({ name, onBad })),
    ...(guardrails.length > 0 && {
      guardrails: guardrails.map(({ measure, worseBy, direction = 'up', onBad = 'roll-back' }) => ({
        measure,
        worseBy,
        direction,
        onBad,
      })),
    }),
    ...(cluster !== undefined && { cluster }),
    ...(holdback !== undefined && { holdback }),
    ...(rehearse && { rehearse }),
  }
  if (exceedsBytes(canonicalize(plan as unknown as Json), MAX_PLAN_BYTES))
    throw new NoticeboardError(
      'invalid-option',
      `staged(): the plan takes more than ${MAX_PLAN_BYTES} bytes; name fewer clients, or give them a label`,
    )
  return readStagedPlan(plan as unknown as Json)
}

function reportMsOf({ reportMs = REPORT_MS }: StagedOptions): number {
  return reportMs
}

/**
 * The stages of a plan that names none: by the size of the fleet, within the growth of its floor.
 */
function stagesFor(
  { excludes }: StagedOptions,
  {
    live,
    present,
    growth,
  }: { readonly live: number; readonly present: number; readonly growth: number | undefined },
): readonly Stage[] {
  const stages = excludes === undefined ? defaultStages(live) : stagesToExclude(excludes, live)
  if (growth === undefined) return stages
  // A floor counts all that are there.
  return withinGrowth(stages, { live: present, growth }) ?? stages
}

/** One client, so many that the stage excludes a fault of that share, and all. */
function stagesToExclude(share: number, live: number): readonly Stage[] {
  const count = healthyToExclude({ live, share })
  const middle: readonly Stage[] = count > 1 && count < live ? [{ by: 'count', count }] : []
  return [{ by: 'count', count: 1 }, ...middle, { by: 'all' }]
}
