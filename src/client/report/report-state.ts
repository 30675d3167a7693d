import { MAX_LINE_LENGTH, MAX_OVERRIDDEN } from '../../core/limits.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type {
  ClientReport,
  PreviousLife,
  ReportPhase,
  SnapshotVerdict,
  StageMeasures,
} from '../../contracts/report.js'
import type { Refusal } from '../../contracts/state.js'
import type { Strategy } from '../../contracts/strategy.js'
import type { ApplyState } from '../apply/state.js'
import type { ReportState } from './reporter.js'
import type { Running } from '../running.js'
import { placeOf } from './verdicts.js'

/** What a report is made of. */
export interface ReportFacts {
  readonly namespace: Namespace
  readonly identity: Identity
  readonly strategy: Pick<Strategy, 'name' | 'lookMs'>
  readonly state: ApplyState
  readonly running: Running<unknown> | undefined
  readonly seen: Position | undefined
  readonly applied: Position | undefined
  /** Set when this client refused what the newest release asks of it first of all. */
  readonly refusal: Refusal | undefined
  /** Set when that is under quarantine here. */
  readonly quarantined: Digest | undefined
  readonly verdicts: readonly SnapshotVerdict[]
  /** Which of the processes of its state folder this is, and how the one before it ended. */
  readonly slot: number | undefined
  readonly previous: PreviousLife | undefined
  /** What a probe says; undefined without one. */
  readonly health: ClientReport['health'] | undefined
  /** What the application measured of what the newest release asks for. */
  readonly measures: StageMeasures | undefined
  /** Whether a restart would find what runs. */
  readonly protects: boolean
}

/** A client's report, from the facts as they are; nothing in it is a value of the configuration. */
export function describeClient(facts: ReportFacts): ReportState {
  const {
    namespace,
    identity,
    strategy,
    seen,
    applied,
    running,
    protects,
    verdicts,
    slot,
    previous,
    health,
    measures,
  } = facts
  const { overridden = [] } = running ?? {}
  return {
    namespace,
    ...identity,
    strategy: strategy.name,
    lookMs: Math.round(Math.min(strategy.lookMs, Number.MAX_SAFE_INTEGER)),
    ...(slot !== undefined && { slot }),
    ...(seen !== undefined && { seen }),
    ...(applied !== undefined && { applied }),
    ...(running?.digest !== undefined && { digest: running.digest }),
    ...(running?.version !== undefined && { version: running.version }),
    ...progressOf(facts),
    ...(verdicts.length > 0 && { verdicts }),
    ...(previous !== undefined && { previous }),
    ...(health !== undefined && { health }),
    ...(measures !== undefined && { measures }),
    ...(overridden.length > 0 && {
      overridden: overridden.slice(0, MAX_OVERRIDDEN).map(path => path.slice(0, MAX_LINE_LENGTH)),
    }),
    ...(overridden.length > MAX_OVERRIDDEN && { overriddenOmitted: overridden.length - MAX_OVERRIDDEN }),
    protection: protects ? 'disk' : 'none',
  }
}

/**
 * Where the client stands with what the newest release asks of it. A refusal outweighs that
 * something else runs.
 */
function progressOf(facts: ReportFacts): Progress {
  const { refusal, quarantined } = facts
  const { work, mode, trial } = facts.state
  if (work.at === 'closed') return { phase: 'stopped' }
  const tried = (work.at === 'applying' || work.at === 'restoring') && work.step
  if (tried && tried.type === 'trying') {
    const { digest, version } = tried.saved
    return { phase: 'trying', digest, version }
  }
  if (mode.at === 'pinned') return { phase: 'paused', code: 'pinned' }
  if (mode.at === 'paused') return { phase: 'paused' }
  if (work.at === 'retrying' && work.retry.why.type === 'vetoed') {
    const { digest, participant, reason } = work.retry.why
    return {
      phase: 'rejected',
      code: 'vetoed',
      refused: digest,
      ...(participant !== undefined && { validator: participant }),
      ...(reason !== undefined && { reason }),
    }
  }
  if (work.at === 'settled' && work.how === 'unsupported') return { phase: 'rejected', code: 'unsupported' }
  if (refusal !== undefined) {
    const { digest: refused, code, reverted } = refusal
    return { phase: reverted === true ? 'reverted' : 'rejected', refused, code, ...placeOf(refusal) }
  }
  if (quarantined !== undefined) return { phase: 'quarantined', refused: quarantined }
  if (tried && tried.type === 'staged') return { phase: 'staged' }
  switch (trial.at) {
    case 'none':
      return { phase: 'waiting' }
    case 'unconfirmed':
    case 'probation':
      return { phase: 'applied' }
    case 'earned':
      return { phase: 'healthy' }
  }
}

interface Progress {
  readonly phase: ReportPhase
  readonly digest?: Digest
  readonly version?: number
  readonly refused?: Digest
  readonly code?: string
  readonly validator?: string
  readonly path?: string
  readonly reason?: string
}
