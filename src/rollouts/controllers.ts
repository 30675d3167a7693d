import type { Json } from '../contracts/json.js'
import type { ClientReport, HeardReports, RolloutStandstill } from '../contracts/report.js'
import { isSilent } from './members.js'
import { gatesOf, policyOf } from './plan.js'

/** What somebody that runs rollouts can do. */
export interface Abilities {
  /** Each with its version: `staged@1`. */
  readonly policies: readonly string[]
  readonly gates: readonly string[]
}

/**
 * What is missing to advance a plan: `policy staged@1`, `gate prometheus`. Empty where nothing is.
 * Who lacks something may still pause, abort and roll back.
 *
 * ```ts
 * const missing = missingFor(rollout.plan, { policies: ['staged@1'], gates: [] })
 * if (missing.length > 0) show(`waiting for: ${missing.join(', ')}`)
 * ```
 */
export function missingFor(plan: Json, { policies, gates }: Abilities): readonly string[] {
  const policy = policyOf(plan)
  const isKnown = policy !== undefined && policies.includes(policy)
  return [
    ...(isKnown ? [] : [`policy ${policy ?? 'of an unknown type'}`]),
    ...gatesOf(plan)
      .filter(name => !gates.includes(name))
      .map(name => `gate ${name}`),
  ]
}

/** A controller that is heard. */
export interface HeardController extends Abilities {
  readonly name: string
  /** Why the rollout of its namespace stands, by its own word. */
  readonly stands?: RolloutStandstill
}

/**
 * The controllers that are heard, with what each can do, and with an id whoever drives the rollout
 * that it names.
 *
 * ```ts
 * for (const { name, gates } of controllersIn(heard, rollout.id)) console.log(name, gates)
 * ```
 */
export function controllersIn({ asOf, reports }: HeardReports, id?: string): readonly HeardController[] {
  const nowMs = Date.parse(asOf)
  return reports.flatMap((report: ClientReport) => {
    const { role, clientId, phase } = report
    if (role?.type !== 'controller' || phase === 'stopped' || isSilent(report, nowMs)) return []
    const { policies, gates, stands, rollout } = role
    if (rollout !== undefined && rollout !== id) return []
    return [{ name: clientId, policies, gates, ...(stands !== undefined && { stands }) }]
  })
}

/**
 * Those that are heard and can advance a rollout by themselves; of one that has not begun, and so
 * has no id, nobody drives it yet.
 *
 * ```ts
 * const names = runnersOf(rollout, heard).map(({ name }) => name)
 * ```
 */
export function runnersOf(
  { id, plan }: { readonly id?: string; readonly plan: Json },
  heard: HeardReports,
): readonly HeardController[] {
  return controllersIn(heard, id).filter(abilities => missingFor(plan, abilities).length === 0)
}

/**
 * The names of those that are heard and can advance a rollout by themselves, each once.
 *
 * ```ts
 * const names = runnerNames(rollout, heard) // ['controller of web-1']
 * ```
 */
export function runnerNames(
  rollout: { readonly id?: string; readonly plan: Json },
  heard: HeardReports,
): readonly string[] {
  return [...new Set(runnersOf(rollout, heard).map(({ name }) => name))]
}

/**
 * Whether a controller that is heard can advance a plan by itself. Whoever drives another rollout
 * counts for nothing.
 *
 * ```ts
 * if (!isRunBySomebody(plan, heard)) throw refusal
 * ```
 */
export function isRunBySomebody(plan: Json, heard: HeardReports): boolean {
  return runnersOf({ plan }, heard).length > 0
}
