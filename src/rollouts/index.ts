export { canaryOf, idOf, inAudience, isWider, audienceOf, type CohortQuery } from './cohort.js'
export {
  clientStateOf,
  type ClientQuery,
  type ClientState,
  type Doubt,
  type LeftOut,
} from './client-state.js'
export {
  controllersIn,
  isRunBySomebody,
  missingFor,
  type Abilities,
  type HeardController,
} from './controllers.js'
export { decideWithinMs } from './deadline.js'
export { eValue, PAUSE_AT, ROLL_BACK_AT, type StageCounts } from './e-process.js'
export { everyone } from './everyone.js'
export type { Awaited, AwaitedClient } from './awaited.js'
export { hearsWithinMs } from './hears-within.js'
export type { RollbackReach } from './rollback-reach.js'
export { evidenceOf, explanationLines, type Explanation } from './explanation.js'
export { sayFailure, type Failure, type FailureKind } from './failures.js'
export { looserThan, type RolloutFloor } from './floor.js'
export { readGates, type GateAnswer, type GateAnswers, type GateResult } from './gate.js'
export { marginOf, momentsOf, type Comparison, type Moments } from './mean-sequence.js'
export {
  isSilent,
  liveMembers,
  membersOf,
  presenceOf,
  wasLive,
  type Member,
  type Presence,
} from './members.js'
export {
  gatesOf,
  policyOf,
  type OnBad,
  type PlannedGate,
  type PlannedGuardrail,
  type StagedPlan,
  type TimedPlan,
} from './plan.js'
export type {
  Decision,
  FirstStep,
  NextStage,
  RolloutEvidence,
  RolloutPolicy,
  RolloutStanding,
  StartInput,
  StartRefusal,
} from './policy.js'
export { canary, linear, type PresetOptions } from './presets.js'
export { excludedShare, healthyToExclude, sayResolvingPower, type StageSample } from './resolving-power.js'
export { defaultStages, sayStage, type Stage, type StageSpec } from './stage.js'
export { staged } from './staged.js'
export type { StagedOptions } from './staged-options.js'
export { timed, type TimedOptions } from './timed.js'
export { sayNotProtected } from './unprotected.js'
export { unknown, UNKNOWNS, type Unknown, type UnknownKind, type UnknownPolicy } from './unknowns.js'
