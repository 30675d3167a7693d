import { NoticeboardError } from '../contracts/errors.js'

/** How a new version spreads through the fleet. Make one with {@link everyone}. */
export interface RolloutPolicy {
  readonly type: 'everyone'
}

/** Every client at once, as soon as it looks. Nothing delays it: say so on purpose, and say why in `reason`. */
export function everyone(): RolloutPolicy {
  return EVERYONE
}

const EVERYONE: RolloutPolicy = Object.freeze({ type: 'everyone' })

/** Throws `invalid-option` unless a policy was given on purpose. */
export function assertPolicy(policy: unknown): asserts policy is RolloutPolicy {
  if (typeof policy === 'object' && policy !== null && 'type' in policy && policy.type === 'everyone') return
  throw new NoticeboardError(
    'invalid-option',
    'this would reach every client at once, and nothing says that you want that: pass { rollout: everyone(), reason: "why" }',
  )
}
