import type { PlantedBug } from './bugs.js'

/**
 * The third list of planted bugs: what an engine for rollouts gets wrong. Each is hunted in the
 * scene `rollouts` alone, of seeds that nothing was written with.
 */
export const ROLLOUT_BUGS: readonly PlantedBug[] = [
  {
    name: 'evidence-counted-twice',
    file: 'src/rollouts/view.ts',
    replace: [
      [
        "exposed.flatMap(({ state }) => (state.is === 'failed' ? [state.failure] : []))",
        "exposed.flatMap(({ state, member }) => state.is === 'failed' ? [...member.words, 1].map(() => state.failure) : [])",
      ],
    ],
    oracles: ['evidence-is-true', 'no-false-rollback'],
  },
  {
    name: 'bake-counted-from-the-stage-and-not-from-each-client',
    file: 'src/rollouts/view.ts',
    replace: [
      [
        'const query = { candidate, bakeMs: plan.bakeMs, nowMs, fromMs: atMs }',
        'const query = { candidate, bakeMs: nowMs - atMs >= plan.bakeMs ? 0 : plan.bakeMs, nowMs, fromMs: atMs }',
      ],
    ],
    oracles: ['stages-are-earned', 'bad-goes-no-further'],
  },
  {
    name: 'bake-from-the-publishers-clock',
    file: 'src/publisher/rollouts/tend.ts',
    replace: [
      [
        '{ heard, gates: answers })',
        '{ heard: { ...heard, asOf: new Date(context.clock.now()).toISOString() }, gates: answers })',
      ],
    ],
    oracles: ['stages-are-earned', 'no-false-rollback', 'evidence-is-true', 'rollouts-end-or-alarm'],
  },
  {
    name: 'exposure-redrawn-on-resume',
    file: 'src/publisher/rollouts/take-step.ts',
    replace: [
      ['audience: trial.audience,', "audience: { ...trial.audience, salt: trial.audience.salt + '!' },"],
    ],
    oracles: ['exposure-only-grows'],
  },
  {
    name: 'a-kill-waits-for-the-end-of-the-rollout',
    file: 'src/publisher/rollouts/kill.ts',
    replace: [
      [
        'release.candidate === undefined ? undefined : await patchCandidate(trial, isKilled)',
        'release.candidate === undefined ? undefined : (await patchCandidate(trial, isKilled), trial?.candidate)',
      ],
    ],
    oracles: ['a-kill-reaches-all'],
  },
  {
    name: 'a-kill-waits-for-a-stage',
    file: 'src/publisher/rollouts/kill.ts',
    replace: [
      [
        'const stable = await patchArm(release.stable.variants, isKilled)',
        "if (inRollout(release) && release.rollout.state === 'running') await context.clock.sleep(release.evidence?.bakeMs ?? 0, signal); const stable = await patchArm(release.stable.variants, isKilled)",
      ],
    ],
    oracles: ['a-kill-reaches-all'],
  },
  {
    name: 'quarantine-never-ends',
    file: 'src/node/state/judge-attempts.ts',
    replace: [
      ['return begun > pardonedAt && nowMs < untilMs', 'return begun !== pardonedAt && nowMs < untilMs'],
    ],
    oracles: ['everybody-gets-there'],
  },
  {
    name: 'unknown-taken-for-good',
    file: 'src/rollouts/unknowns.ts',
    replace: [
      [
        "unknowns.some(({ kind }) => UNKNOWNS[kind].policy !== 'goes on')",
        "unknowns.some(({ kind }) => kind === 'baking')",
      ],
    ],
    oracles: ['stages-are-earned', 'bad-goes-no-further'],
  },
  {
    name: 'stopped-counted-as-failure',
    file: 'src/rollouts/client-state.ts',
    replace: [
      [
        "=== 'gone') return leftOut('stopped')",
        "=== 'gone') return { is: 'failed', failure: { kind: 'silent', clientId: member.clientId, instanceId: identity.instanceId } }",
      ],
    ],
    oracles: ['evidence-is-true', 'no-false-rollback'],
  },
  {
    name: 'promoted-without-a-quorum',
    file: 'src/rollouts/quorum.ts',
    replace: [['return asked < SMALL ? asked', 'return asked < SMALL ? Math.min(1, asked)']],
    oracles: ['stages-are-earned'],
  },
  {
    name: 'a-rollback-leaves-the-candidate',
    file: 'src/publisher/rollouts/steps.ts',
    replace: [
      [
        'stable: back, withdrawn,',
        'stable: back, ...(release.candidate !== undefined && release.audience !== undefined ? { candidate: release.candidate.variants, audience: release.audience } : { withdrawn }),',
      ],
    ],
    oracles: ['bad-is-left', 'everybody-gets-there', 'each-step-once'],
  },
  {
    name: 'a-lost-race-is-not-decided-anew',
    file: 'src/publisher/rollouts/tend.ts',
    replace: [
      [
        'const seen: { outcome: Tended } =',
        "const first: { release?: NonNullable<Parameters<Decide>[0]>['release'] } = {}; const seen: { outcome: Tended } =",
      ],
      [
        'const { release } = head if (!inRollout(release) || !goesOn(release.rollout)) return',
        'const release = (first.release ??= head.release); if (!inRollout(release) || !goesOn(release.rollout)) return',
      ],
    ],
    oracles: [
      'each-step-once',
      'a-pause-holds',
      'exposure-only-grows',
      'stages-are-earned',
      'a-kill-reaches-all',
    ],
  },
  {
    name: 'decide-by-ignored',
    file: 'src/rollouts/decide.ts',
    replace: [['const late = view.nowMs > Date.parse(view.rollout.decideBy)', 'const late = false']],
    oracles: ['rollouts-end-or-alarm'],
  },
  {
    name: 'the-floor-is-not-asked-of-everyone',
    file: 'src/publisher/rollouts/begin.ts',
    replace: [
      [
        'floor === undefined || belowFloor !== undefined) return []',
        "floor === undefined || belowFloor !== undefined || first.type === 'everyone') return []",
      ],
    ],
    oracles: ['the-floor-holds'],
  },
  {
    name: 'control-counted-with-the-exposed',
    file: 'src/rollouts/view.ts',
    replace: [
      [
        'if (isExposed(member)) exposed.push',
        'if (audience !== undefined || isExposed(member)) exposed.push',
      ],
    ],
    oracles: ['evidence-is-true', 'no-false-rollback'],
  },
  {
    name: 'a-pause-is-not-honoured-by-a-controller',
    file: 'src/rollouts/decide.ts',
    replace: [
      ["if (view.rollout.state === 'paused') {", "if (view.rollout.state === 'paused' && late0) {"],
      [
        'function decideStage(place: Place): Decision {',
        'const late0 = false as boolean; function decideStage(place: Place): Decision {',
      ],
    ],
    oracles: ['a-pause-holds'],
  },
  {
    name: 'a-stage-is-left-before-the-fleet-has-seen-it',
    file: 'src/rollouts/view.ts',
    replace: [
      ['there.length === 0 ? 0 : (there.length - unseen.length) / there.length', 'there.length < 0 ? 0 : 1'],
    ],
    oracles: ['stages-are-earned'],
  },
  {
    name: 'a-suspect-is-not-tried-again',
    file: 'src/node/state/protection.ts',
    replace: [['outlived.add(digest)', 'void outlived']],
    oracles: ['everybody-gets-there'],
  },
  {
    name: 'a-refusal-is-not-heard',
    file: 'src/rollouts/client-state.ts',
    replace: [['if (refusal !== undefined) return', 'if (refusal !== undefined && nowMs < 0) return']],
    oracles: ['bad-goes-no-further', 'stages-are-earned', 'rollouts-end-or-alarm'],
  },
  {
    name: 'a-timed-rollout-that-was-promoted-never-ends',
    file: 'src/rollouts/timed.ts',
    replace: [["if (state === 'watching')", "if (state === 'watching' && nowMs < 0)"]],
    oracles: ['rollouts-end-or-alarm'],
  },
  {
    name: 'a-gate-that-fails-is-taken-for-green',
    file: 'src/publisher/rollouts/gates.ts',
    replace: [["{ stage, verdict: 'unknown', why }", "{ stage, verdict: 'good', why }"]],
    oracles: ['a-gate-is-never-skipped'],
  },
  {
    name: 'a-stage-goes-on-without-the-gates-that-are-missing',
    file: 'src/rollouts/gate.ts',
    replace: [
      ['else if (answer === undefined) {', 'else if (answer === undefined && stage < 0) {'],
      ["else if (answer.verdict === 'unknown')", "else if (answer?.verdict === 'unknown')"],
      ["else if (answer.verdict === 'bad')", "else if (answer?.verdict === 'bad')"],
    ],
    also: [
      {
        file: 'src/publisher/rollouts/tend.ts',
        replace: [['&& waitingFor.length > 0)', '&& waitingFor.length < 0)']],
      },
    ],
    oracles: ['a-gate-is-never-skipped'],
  },
  {
    name: 'a-promotion-goes-back',
    file: 'src/publisher/rollouts/promotion.ts',
    replace: [['if (stage < begun) {', 'if (stage < begun && stages < 0) {']],
    oracles: ['each-step-once'],
  },
  {
    name: 'what-a-promotion-skips-is-forgotten',
    file: 'src/publisher/rollouts/steps.ts',
    replace: [['skipped.length > 0 &&', 'skipped.length < 0 &&']],
    oracles: ['each-step-once'],
  },
]
