import { MAX_LINE_LENGTH, MAX_OVERRIDDEN } from '../../core/limits.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { ReportPhase } from '../../contracts/report.js'
import type { Refusal } from '../../contracts/state.js'
import type { ApplyState } from '../apply/state.js'
import type { ReportState } from './reporter.js'
import type { Running } from '../running.js'

/** What a report is made of. */
export interface ReportFacts {
  readonly namespace: Namespace
  readonly identity: Identity
  /** The strategy's name. */
  readonly strategy: string
  readonly state: ApplyState
  readonly running: Running<unknown> | undefined
  readonly seen: Position | undefined
  readonly applied: Position | undefined
  /** Set when this client refused what the newest release asks of it first of all. */
  readonly refusal: Refusal | undefined
  /** Whether a restart would find what runs. */
  readonly protects: boolean
}

/** A client's report, from the facts as they are; nothing in it is a value of the configuration. */
export function describeClient(facts: ReportFacts): ReportState {
  const { namespace, identity, strategy, state, seen, applied, running, protects } = facts
  return {
    namespace,
    ...identity,
    strategy,
    ...progressOf(facts),
    ...(seen !== undefined && { seen }),
    ...(applied !== undefined && { applied }),
    ...(running?.digest !== undefined && { digest: running.digest }),
    ...(running?.version !== undefined && { version: running.version }),
    ...(running !== undefined &&
      running.overridden.length > 0 && {
        overridden: running.overridden.slice(0, MAX_OVERRIDDEN).map(path => path.slice(0, MAX_LINE_LENGTH)),
      }),
    ...(state.mode.at !== 'following' && { paused: true as const }),
    protection: protects ? 'disk' : 'none',
  }
}

/**
 * Where the client stands with what the newest release asks of it. A refusal outweighs that
 * something else runs.
 */
function progressOf(facts: ReportFacts): Progress {
  const { refusal } = facts
  const { work, trial } = facts.state
  if (work.at === 'closed') return { phase: 'stopped' }
  if (work.at === 'retrying' && work.retry.why.type === 'vetoed')
    return { phase: 'rejected', code: 'vetoed', refused: work.retry.why.digest }
  if (work.at === 'settled' && work.how === 'unsupported') return { phase: 'rejected', code: 'unsupported' }
  if (refusal !== undefined) {
    const { digest: refused, code } = refusal
    return { phase: 'rejected', refused, code, ...named(refusal) }
  }
  if (work.at === 'applying' && work.step === 'staged') return { phase: 'staged' }
  switch (trial.at) {
    case 'none':
      return { phase: 'waiting' }
    case 'probation':
      return { phase: 'applied' }
    case 'earned':
      return { phase: 'healthy' }
  }
}

interface Progress {
  readonly phase: ReportPhase
  readonly refused?: Digest
  readonly code?: string
  readonly validator?: string
  readonly path?: string
}

/** What is empty is left out. */
function named({ validator = '', path = '' }: Partial<Refusal>): Pick<Progress, 'validator' | 'path'> {
  return { ...(validator !== '' && { validator }), ...(path !== '' && { path }) }
}
