import type { Decision, RolloutPolicy, RolloutStanding } from './policy.js'

/**
 * Every client at once, as soon as it looks: said on purpose, with the reason that the release is
 * published with.
 *
 * ```ts
 * await publisher.publish(document, { rollout: everyone(), reason: 'the database is down' })
 * ```
 */
export function everyone(): RolloutPolicy {
  return EVERYONE
}

const EVERYONE: RolloutPolicy = /* @__PURE__ */ Object.freeze({
  type: 'everyone',
  version: 1,
  startsBy: [],
  start: () => ({ type: 'everyone', says: ['it goes to everyone at once'] }),
  decide: over,
} satisfies RolloutPolicy)

/** Nothing is under way after a release for everyone. */
function over({ release }: RolloutStanding, _evidence: unknown, nowMs: number): Decision {
  return {
    type: 'hold',
    explanation: {
      rollout: release.rollout?.id ?? 'everyone',
      stage: 0,
      where: 'everyone',
      verdict: 'unknown',
      why: ['it went to everyone at once, so nothing is left to decide'],
      unknowns: [],
      counts: {},
      canSee: 'nothing is judged',
      exceptions: [],
      omitted: 0,
      wouldChange: [],
      asOf: new Date(nowMs).toISOString(),
    },
  }
}
