import type { Json } from '../contracts/json.js'
import type { Identity } from '../contracts/identity.js'
import { labelsMatch } from '../core/release/labels.js'
import { FEWEST_STAGED, policyOf, readStagedPlan, type StagedPlan } from './plan.js'
import { percent } from './resolving-power.js'
import { sizeOf } from './stage.js'
import { mostAfter, withinGrowth } from './within-growth.js'

/**
 * How careful the rollouts of a namespace have to be. A publish may be stricter than its floor,
 * never looser; what is left out is not asked for.
 */
export interface RolloutFloor {
  /**
   * Whether `everyone()` is refused, and so is a first stage of all clients where three are live or
   * more. Default true, since a floor is no floor without it.
   */
  readonly staged?: boolean
  /** How many clients the first stage may expose at most. Default: any number. */
  readonly firstStage?: number
  /**
   * How many times as many clients a stage may expose as the one before it, but for the first. Where
   * a plan of `staged()` names no stages, it has as many as that takes. Default: any number.
   */
  readonly growth?: number
  /** The shortest time that a stage may bake, in milliseconds. Default 0. */
  readonly minBakeMs?: number
  /**
   * The shortest time that the fleet may be watched after the last stage, in milliseconds. Default 0.
   */
  readonly minWatchMs?: number
  /** The smallest quorum that a plan may have, a share from 0 to 1. Default 0. */
  readonly minQuorum?: number
  /**
   * Gates that every plan has to name; one whose answers are only recorded does not count. Default:
   * none.
   */
  readonly gates?: readonly string[]
}

/** How the refusal of what is looser than a floor ends: a token is not what is missing. */
export const OR_SAY_WHY = 'or say why in { belowFloor }'

/**
 * Where a plan is looser than the floor of its namespace, for people; empty where it is not. `plan`
 * is undefined for a release that goes to everyone at once, `clients` are those that are live: a
 * stage by labels exposes those that carry them. Throws `invalid-data` for a plan of `staged@1` that
 * is not well-formed.
 *
 * ```ts
 * const problems = looserThan(floor, plan, clients)
 * if (problems.length > 0) throw new NoticeboardError('forbidden', problems.join('; '))
 * ```
 */
export function looserThan(
  floor: RolloutFloor,
  plan: Json | undefined,
  clients: readonly Pick<Identity, 'labels'>[],
): readonly string[] {
  const {
    staged = true,
    firstStage,
    growth,
    minBakeMs = 0,
    minWatchMs = 0,
    minQuorum = 0,
    gates = [],
  } = floor
  if (plan === undefined)
    return staged ? ['this namespace is rolled out in stages, and not to everyone at once'] : []
  const policy = policyOf(plan)
  // What a policy of another type promises is not known here.
  if (policy !== 'staged@1')
    return [`the floor of this namespace needs staged@1, and the plan is ${policy ?? 'unknown'}`]
  const read = readStagedPlan(plan)
  const { bakeMs, watchMs, quorum } = read
  const live = clients.length
  const sizes = sizesOf(read, clients)
  const problems: string[] = []
  const [first = 0] = sizes
  if (staged && live >= FEWEST_STAGED && first >= live)
    problems.push(
      `the first stage exposes all ${live} clients: this namespace is rolled out in stages, and not to everyone at once`,
    )
  else if (firstStage !== undefined && first > firstStage && live > firstStage)
    problems.push(`the first stage exposes ${first} clients; ${firstStage} are allowed`)
  if (growth !== undefined) problems.push(...tooFast(read, { sizes, live, growth }))
  if (bakeMs < minBakeMs) problems.push(`a bake of ${bakeMs} ms; ${minBakeMs} are wanted`)
  if (watchMs < minWatchMs) problems.push(`a watch of ${watchMs} ms; ${minWatchMs} are wanted`)
  if (quorum < minQuorum) problems.push(`a quorum of ${percent(quorum)}; ${percent(minQuorum)} are wanted`)
  for (const name of gates)
    if (!read.gates.some(gate => gate.name === name && gate.onBad !== 'record'))
      problems.push(`gate ${name} is missing, or only recorded`)
  return problems
}

/** Where stages grow faster than a floor allows, and with the last of them which would not. */
function tooFast(
  { stages }: StagedPlan,
  {
    sizes,
    live,
    growth,
  }: { readonly sizes: readonly number[]; readonly live: number; readonly growth: number },
): readonly string[] {
  const fast = sizes.flatMap((size, index) => {
    const before = sizes[index - 1]
    return before !== undefined && size > mostAfter(before, growth)
      ? [`stage ${index + 1} exposes ${size} clients after ${before}; ${growth} times as many are allowed`]
      : []
  })
  const last = fast.at(-1)
  const slower = last === undefined ? undefined : withinGrowth(stages, { live, growth })
  if (last === undefined || slower === undefined) return fast
  const numbers = slower.map(stage => (stage.by === 'all' ? 'all' : sizeOf(stage, live)))
  return [...fast.slice(0, -1), `${last}, as by the stages ${numbers.join(',')}`]
}

/**
 * How many clients each stage exposes together with those before it; at most, where a stage by
 * labels follows one by number, which may have exposed others.
 */
function sizesOf({ stages }: StagedPlan, clients: readonly Pick<Identity, 'labels'>[]): readonly number[] {
  const live = clients.length
  const labelled = new Set<Pick<Identity, 'labels'>>()
  let exposed = 0
  return stages.map(stage => {
    if (stage.by === 'labels') {
      const before = labelled.size
      for (const client of clients) if (labelsMatch(stage.labels, client)) labelled.add(client)
      exposed += labelled.size - before
    } else exposed = Math.max(exposed, sizeOf(stage, live))
    return (exposed = Math.min(live, exposed))
  })
}
