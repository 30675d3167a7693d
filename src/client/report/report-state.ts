import type { Identity } from '../../contracts/identity.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { ReportPhase } from '../../contracts/report.js'
import type { ReportState } from './reporter.js'
import type { Running } from '../running.js'

/** What a client says of the snapshot it was last told to run. */
export interface Standing {
  readonly phase: ReportPhase
  readonly refused?: Digest
  readonly code?: string
  readonly validator?: string | undefined
  readonly path?: string | undefined
}

export interface StandingFacts {
  readonly namespace: Namespace
  readonly identity: Identity
  readonly strategy: string
  readonly standing: Standing
  readonly seen: Position | undefined
  readonly applied: Position | undefined
  readonly view: Running<unknown> | undefined
  readonly paused: boolean
  readonly protects: boolean
}

/** What a report may hold, as its readers bound it (docs/formats.md). */
const MOST_PATHS = 256
const MOST_TEXT = 256

/** A client's report, from the facts as they are; nothing in it is a value of the configuration. */
export function describeStanding(facts: StandingFacts): ReportState {
  const { namespace, identity, strategy, standing, seen, applied, view, paused, protects } = facts
  const { phase, refused, code, validator, path } = standing
  return {
    namespace,
    ...identity,
    strategy,
    phase,
    ...(seen !== undefined && { seen }),
    ...(applied !== undefined && { applied }),
    ...(view?.digest !== undefined && { digest: view.digest }),
    ...(view?.version !== undefined && { version: view.version }),
    ...(refused !== undefined && { refused }),
    ...(code !== undefined && { code }),
    ...(validator !== undefined && validator !== '' && { validator }),
    ...(path !== undefined && path !== '' && { path }),
    ...(view !== undefined &&
      view.overridden.length > 0 && {
        overridden: view.overridden.slice(0, MOST_PATHS).map(path => path.slice(0, MOST_TEXT)),
      }),
    ...(paused && { paused: true as const }),
    protection: protects ? 'disk' : 'none',
  }
}
