import { halfOpenOf } from './formula/half-open.js'
import { timesOf } from './formula/times.js'
import { adaptivePullModel, hybridModel, pullModel, pushModel, type KnownModel } from './models.js'
import type { Basis } from './row-of.js'
import { deadlineOf, MOST_HALF_OPEN } from './verdict/misses.js'

/** Round intervals that somebody would choose, in seconds, the longest first. */
const INTERVALS_S = [
  3_600, 1_800, 1_200, 900, 600, 480, 300, 240, 180, 120, 90, 60, 50, 30, 20, 15, 10, 8, 5, 4, 3, 2, 1,
]

/** The last of any number of clients waits for no less of an interval in the mean: that of one. */
const LEAST_WAIT = 0.5

// Made once: a search for crossings asks for them hundreds of times.
const PULLS = INTERVALS_S.map(seconds => pullModel({ pollIntervalMs: seconds * 1_000 }))
const [HYBRID, PUSH, PULL, ADAPTIVE] = [hybridModel(), pushModel(), pullModel(), adaptivePullModel()]
/** Round heartbeats beside the default one, in seconds, the longest first. */
const LONGER = [30, 15].map(withHeartbeat)
const SHORTER = [5, 3, 2].map(withHeartbeat)

/**
 * The models that are compared when none are named, fitted to the deadlines on both sides: hybrid
 * and push by their default and with the heartbeat that suits, pull as seldom as the deadlines
 * allow and by its default, and pull that adapts.
 *
 * ```ts
 * defaultModels({ workload, costs }).map(({ name }) => name)
 * ```
 */
export function defaultModels(basis: Basis): readonly KnownModel[] {
  const deadlineMs = deadlineOf(basis.workload)
  const fitting = PULLS.find(
    ({ shape }) => shape.pollIntervalMs * LEAST_WAIT <= deadlineMs && timesOf(shape, basis).all <= deadlineMs,
  )
  const other = heartbeatFor(basis)
  return [
    HYBRID,
    ...(other === undefined ? [] : [other.hybrid]),
    PUSH,
    ...(other === undefined ? [] : [other.push]),
    ...(fitting === undefined || fitting.name === PULL.name ? [] : [fitting]),
    PULL,
    ADAPTIVE,
  ]
}

/**
 * The heartbeat to compare beside the default: the longest that brings a change also to dead
 * connections within the deadline. Undefined where that is the default, or none.
 */
function heartbeatFor({ workload }: Basis): WithHeartbeat | undefined {
  const suits = ({ push }: Pick<WithHeartbeat, 'push'>): boolean => {
    const { share, worstMs } = halfOpenOf(push.shape, workload)
    return share <= MOST_HALF_OPEN && worstMs <= deadlineOf(workload)
  }
  return (suits({ push: PUSH }) ? LONGER : SHORTER).find(suits)
}

/** Hybrid and push with one heartbeat. */
interface WithHeartbeat {
  readonly hybrid: KnownModel
  readonly push: KnownModel
}

function withHeartbeat(seconds: number): WithHeartbeat {
  const heartbeatMs = seconds * 1_000
  return { hybrid: hybridModel({ heartbeatMs }), push: pushModel({ heartbeatMs }) }
}
