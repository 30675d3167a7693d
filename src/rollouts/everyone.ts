import { NoticeboardError } from '../contracts/errors.js'

/** How a new version spreads through the fleet. Make one with {@link everyone}. */
export interface RolloutPolicy {
  readonly type: 'everyone'
}

/**
 * Every client at once, as soon as it looks.
 *
 * ```ts
 * await publisher.publish(document, { rollout: everyone(), reason: 'the first release' })
 * ```
 */
export function everyone(): RolloutPolicy {
  return EVERYONE
}

const EVERYONE: RolloutPolicy = /* @__PURE__ */ Object.freeze({ type: 'everyone' })

/**
 * Throws `invalid-option` unless a policy was given, so that no document reaches every client by
 * omission.
 *
 * ```ts
 * assertPolicy(options.rollout)
 * ```
 */
export function assertPolicy(policy: unknown): asserts policy is RolloutPolicy {
  if (typeof policy === 'object' && policy !== null && 'type' in policy && policy.type === 'everyone') return
  throw new NoticeboardError(
    'invalid-option',
    'a rollout policy is missing: pass { rollout: everyone(), reason: "why" } to reach every client at once',
  )
}
