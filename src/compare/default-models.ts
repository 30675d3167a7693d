import { defaultPeriods } from '../core/defaults.js'
import { isInline, isShorterEncoded } from './formula/counts.js'
import { halfOpenOf, type HalfOpen } from './formula/half-open.js'
import { timesOf } from './formula/times.js'
import { adaptivePullModel, hybridModel, pullModel, pushModel, type KnownModel } from './models.js'
import type { Basis } from './row-of.js'
import type { Row } from './row.js'
import { deadlineOf, MOST_HALF_OPEN } from './verdict/misses.js'

/** Round intervals that somebody would choose, in seconds, the longest first. */
const INTERVALS_S = [
  3_600, 1_800, 1_200, 900, 600, 480, 300, 240, 180, 120, 90, 60, 50, 40, 30, 20, 15, 10, 8, 5, 4, 3, 2, 1,
]

/** The last of any number of clients waits for no less of an interval in the mean: that of one. */
const LEAST_WAIT = 0.5

// Made once: a search for crossings asks for them hundreds of times.
const PULLS = INTERVALS_S.map(seconds => pullModel({ pollIntervalMs: seconds * 1_000 }))
const [PULL, ADAPTIVE] = [pullModel(), adaptivePullModel()]
const USUAL = withHeartbeat(defaultPeriods.heartbeatMs / 1_000)
/** Round heartbeats beside the default one, in seconds, the longest first. */
const LONGER = [30, 25, 20, 15, 12].map(withHeartbeat)
const SHORTER = [6, 5, 4, 3, 2].map(withHeartbeat)

/**
 * The models that are compared when none are named, fitted to the deadlines on both sides: hybrid
 * and push by their default and with the heartbeat that suits, pull as seldom as the deadlines
 * allow and by its default, and pull that adapts. Push is compressed, as `http()` asks for it by
 * itself, where the document is known to be shorter so, and is not run, which shows it as it is.
 *
 * ```ts
 * defaultModels({ workload, costs }).map(({ name }) => name)
 * ```
 */
export function defaultModels(basis: Basis, depth: Row['depth'] = 'formula'): readonly KnownModel[] {
  const { workload } = basis
  const deadlineMs = deadlineOf(workload)
  const fitting = PULLS.find(
    ({ shape }) => shape.pollIntervalMs * LEAST_WAIT <= deadlineMs && timesOf(shape, basis).all <= deadlineMs,
  )
  const others = heartbeatsFor(basis)
  const isCompressed =
    depth !== 'run' && isShorterEncoded(workload) && isInline(USUAL.push.shape, workload.documentBytes)
  const pushed = ({ push, gzip }: WithHeartbeat): KnownModel => (isCompressed ? gzip : push)
  return [
    USUAL.hybrid,
    ...others.map(({ hybrid }) => hybrid),
    pushed(USUAL),
    ...others.map(pushed),
    ...(fitting === undefined || fitting.name === PULL.name ? [] : [fitting]),
    PULL,
    ADAPTIVE,
  ]
}

/**
 * The heartbeats to compare beside the default: the longest that brings a change also to dead
 * connections within the deadline; and where the default does not fit, since too many connections
 * are dead with it, the longest that leaves but a few.
 */
function heartbeatsFor({ workload }: Basis): readonly WithHeartbeat[] {
  const deadlineMs = deadlineOf(workload)
  const deadWith = ({ push }: WithHeartbeat): HalfOpen => halfOpenOf(push.shape, workload)
  const leavesFew = (one: WithHeartbeat): boolean => deadWith(one).share <= MOST_HALF_OPEN
  const isInTime = (one: WithHeartbeat): boolean =>
    one.heartbeatMs <= workload.idleTimeoutMs && deadWith(one).worstMs <= deadlineMs
  const inTime = (isInTime(USUAL) ? LONGER : SHORTER).find(isInTime)
  const fitting = isInTime(USUAL) || leavesFew(USUAL) ? undefined : SHORTER.find(leavesFew)
  return [...new Set([fitting, inTime])].filter(one => one !== undefined)
}

/** Hybrid and push, plain and compressed, with one heartbeat. */
interface WithHeartbeat {
  readonly heartbeatMs: number
  readonly hybrid: KnownModel
  readonly push: KnownModel
  readonly gzip: KnownModel
}

function withHeartbeat(seconds: number): WithHeartbeat {
  const heartbeatMs = seconds * 1_000
  return {
    heartbeatMs,
    hybrid: hybridModel({ heartbeatMs }),
    push: pushModel({ heartbeatMs }),
    gzip: pushModel({ heartbeatMs, compressed: true }),
  }
}
