import type { Json } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import type { HeardReports } from '../contracts/report.js'
import type { Hasher } from '../contracts/system.js'
import type { Audience } from '../core/release/audience.js'
import type { Release } from '../core/release/release.js'
import type { EvidenceRequest, RolloutPhase, StageStart } from '../core/release/rollout.js'
import type { Explanation } from './explanation.js'
import type { RolloutFloor } from './floor.js'
import type { GateAnswers } from './gate.js'
import type { StagedOptions } from './staged-options.js'

/**
 * How a new version spreads: pure functions over what was heard, so that a controller that starts
 * anew decides the same, and several at once do no harm. `staged()`, `timed()` and `everyone()`
 * make one; your own has its own `type`, and runs where a controller is given it.
 */
export interface RolloutPolicy {
  /** Names the policy in the plans that it makes. */
  readonly type: string
  /** Which plans of that type it reads. A plan of another version is left to another controller. */
  readonly version: number
  /**
   * The labels of clients that `start` goes by, where it needs no more of reports than a brief
   * answer holds (see `ReportsQuery`): a publish does not wait for the rest then. Default: `start`
   * is given reports in full.
   */
  readonly startsBy?: readonly string[]
  /** What a rollout begins with, or why it may not. */
  start(input: StartInput): FirstStep
  /**
   * What follows from the evidence for a rollout under way, whose plan is of this type and version.
   */
  decide(state: RolloutStanding, evidence: RolloutEvidence, nowMs: number): Decision
  /**
   * The stage `to`, from 0 on, as it begins when a person takes a rollout under way there: who is
   * exposed is who would be if each stage before had begun. Undefined where nobody is heard, so that
   * this cannot be told. `state` names candidate and audience also of a rollout that has retreated,
   * `heard.asOf` is now. Default: a rollout can be promoted to everybody alone.
   */
  jump?(state: RolloutStanding, evidence: Pick<RolloutEvidence, 'heard'>, to: number): NextStage | undefined
  /**
   * The same policy with other stages or with a rehearsal, which `--stages` and `--rehearse` of
   * `noticeboard publish` ask for; undefined where it cannot have them. Default: those two are
   * refused.
   */
  vary?(changes: Pick<StagedOptions, 'stages' | 'rehearse'>): RolloutPolicy | undefined
}

/** What a rollout that is about to begin is planned with. */
export interface StartInput {
  /** What the store heard; undefined where it keeps no reports. */
  readonly heard: HeardReports | undefined
  /** Now, by the clock that stamps the reports; where there are none, by one's own. */
  readonly nowMs: number
  /** Drawn anew for each rollout; the same again where one is started again. */
  readonly salt: string
  /** The snapshots that everybody runs now, and goes back to. */
  readonly stable: readonly Digest[]
  /** Clients spread the fetching of snapshots over this many milliseconds. */
  readonly spreadMs: number
  readonly gates: GateAnswers
  /**
   * How careful the rollout has to be, which is asked of its plan afterwards; undefined for no
   * floor.
   */
  readonly floor?: RolloutFloor | undefined
  readonly hasher: Hasher
}

/**
 * What a rollout begins with. A first stage without an audience, in the state `watching`, makes the
 * document stable at once and looks at what it does.
 */
export type FirstStep =
  | {
      readonly type: 'stage'
      readonly plan: Json
      readonly evidence: EvidenceRequest | undefined
      readonly next: NextStage
      /** For people: what the stages are, and what the first one can see. */
      readonly says: readonly string[]
    }
  /** The document becomes stable at once, and nothing watches it; `says` tells why. */
  | { readonly type: 'everyone'; readonly says: readonly string[] }
  | { readonly type: 'refused'; readonly why: StartRefusal; readonly says: readonly string[] }

/**
 * Why a rollout may not begin. `fleet-unknown`: clients may be there that were not heard yet.
 * `no-reports`: nothing reports to this store. `gate-red`: a gate that is red already would end it.
 * `no-rehearsal`: the way back is to be rehearsed, and no live client can. `policy`: a reason of the
 * policy's own, which it says; the publish is `forbidden` for now.
 */
export type StartRefusal = 'fleet-unknown' | 'no-reports' | 'gate-red' | 'no-rehearsal' | 'policy'

/** Where a rollout stands: its newest release, whose `rollout` is the whole of it. */
export interface RolloutStanding {
  readonly release: Release
  readonly hasher: Hasher
}

/** What is known of a rollout besides its release. */
export interface RolloutEvidence {
  readonly heard: HeardReports
  readonly gates: GateAnswers
}

/** What the next release of a rollout says. What is not named here stays as it is. */
export interface NextStage {
  readonly state: Extract<RolloutPhase, 'running' | 'watching' | 'completed'>
  /** The stage that it is in then, from 0 on. */
  readonly stage: number
  /** Who runs the candidate; undefined once it is stable for all. */
  readonly audience: Audience | undefined
  /** How the stage begins; `position` only where it is not the new release's own. */
  readonly start: Omit<StageStart, 'position'> & Partial<Pick<StageStart, 'position'>>
  readonly decideBy: string
}

/**
 * What follows from the evidence. `hold` and `pause` append nothing: the stage stays as it is, and
 * after a pause an alarm tells that somebody has to look; both end by themselves when the evidence
 * changes. `retreat` takes the exposed back without withdrawing the candidate, and may be resumed.
 */
export type Decision = {
  /** Why, which clients it rests on, and what would change it. */
  readonly explanation: Explanation
} & (
  | { readonly type: 'advance' | 'widen'; readonly next: NextStage }
  | { readonly type: 'hold' | 'pause' | 'roll-back' | 'retreat' }
)
