import type { Json } from '../../contracts/json.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { policyOf } from '../../rollouts/plan.js'
import type { RolloutPolicy } from '../../rollouts/policy.js'
import { staged } from '../../rollouts/staged.js'
import { timed } from '../../rollouts/timed.js'
import type { PublisherContext } from '../context.js'

/** The policies that every controller can run. */
const BUILT_IN: readonly RolloutPolicy[] = [staged(), timed()]

/**
 * How a policy is named in plans and by controllers, with its version.
 *
 * ```ts
 * nameOfPolicy(staged()) // staged@1
 * ```
 */
export function nameOfPolicy({ type, version }: RolloutPolicy): string {
  return `${type}@${version}`
}

/**
 * Throws `invalid-option` unless it was given a rollout policy.
 *
 * ```ts
 * assertPolicy('publish()', options.rollout)
 * ```
 */
export function assertPolicy(whose: string, policy: unknown): asserts policy is RolloutPolicy {
  if (isPolicy(policy)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: rollout must be a policy; pass staged(), or everyone() to reach every client at once`,
  )
}

/**
 * Throws `invalid-option` for what is no list of policies. `whose` says whose they are:
 * `createController()`.
 *
 * ```ts
 * assertPolicies('createController()', [myPolicy])
 * ```
 */
export function assertPolicies(whose: string, policies: readonly RolloutPolicy[]): void {
  if (Array.isArray(policies) && policies.every(isPolicy)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: policies must be a list of policies, each with type, version, start() and decide()`,
  )
}

function isPolicy(value: unknown): value is RolloutPolicy {
  const { type, version, start, decide } = (value ?? {}) as Partial<Record<keyof RolloutPolicy, unknown>>
  return (
    typeof type === 'string' &&
    Number.isInteger(version) &&
    typeof start === 'function' &&
    typeof decide === 'function'
  )
}

/**
 * The policy of a publish: `staged()` where it names none.
 *
 * ```ts
 * const policy = policyOr(options.rollout)
 * ```
 */
export function policyOr(policy: RolloutPolicy | undefined): RolloutPolicy {
  return policy ?? staged()
}

/**
 * The built-in policies, and some of one's own, which hold where both have a name.
 *
 * ```ts
 * const policies = withBuiltIn(options.policies)
 * ```
 */
export function withBuiltIn(own: readonly RolloutPolicy[]): readonly RolloutPolicy[] {
  const names = new Set(own.map(nameOfPolicy))
  return [...own, ...BUILT_IN.filter(policy => !names.has(nameOfPolicy(policy)))]
}

/**
 * The policies that a publisher was given: the one that it publishes by, and those that it judges by
 * besides.
 *
 * ```ts
 * const policies = withBuiltIn(ownPolicies(context))
 * ```
 */
export function ownPolicies({
  rollout,
  policies,
}: Pick<PublisherContext, 'rollout' | 'policies'>): readonly RolloutPolicy[] {
  return rollout === undefined ? policies : [rollout, ...policies]
}

/**
 * The policy that made a plan; undefined when it is none of these.
 *
 * ```ts
 * const policy = policyFor(release.rollout.plan, policies)
 * ```
 */
export function policyFor(plan: Json, policies: readonly RolloutPolicy[]): RolloutPolicy | undefined {
  const name = policyOf(plan)
  return policies.find(policy => nameOfPolicy(policy) === name)
}
