import { keepAlive } from '../../async/keep-alive.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import { comparePositions } from '../../contracts/position.js'
import { digestsOf, positionOf, type Release } from '../../core/release/release.js'
import {
  hasHeard,
  isLive,
  LISTENED_MS,
  summarizeFleet,
  type Fleet,
  type FleetMember,
} from '../../fleet/summary.js'
import type { PublisherContext } from '../context.js'
import { readNewest } from '../read-head.js'
import { countClients, NO_CLIENTS, type Where } from './client-counts.js'
import { reachOf, UNSEEN, type RolloutReach } from './reach.js'
import type { RolloutStep } from './rollout-step.js'

/** How often the reports are read while a rollout is watched, in milliseconds. */
const LOOK_MS = 1_000

/**
 * Where the fleet stands with a release for everyone, whenever a count changed. Ends when every
 * live instance has run or refused it, when a newer release took its place, or when the store keeps
 * no reports.
 *
 * ```ts
 * for await (const { applied, exposed } of watchEveryone(context, release, signal)) show(applied, exposed)
 * ```
 */
export async function* watchEveryone(
  context: PublisherContext,
  release: Release,
  root: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const { store, namespace, clock, logger } = context
  let told = ''
  while (!root.aborted) {
    try {
      const heard = await store.reports?.({ namespace }, root)
      if (heard === undefined)
        return yield stepOf({ type: 'unknown', why: 'no-reports' }, { reach: UNSEEN, listens: false })
      const fleet = summarizeFleet(heard, release)
      const digests = new Set(digestsOf(release))
      const reach = reachOf({ heard, fleet, digests, first: positionOf(release) })
      const step = stepOf(fleet, { reach, listens: hasHeard(heard) })
      const { fleet: _, ...counts } = step
      const shown = JSON.stringify(counts)
      if (shown !== told) yield step
      told = shown
      if (isSettled(fleet) || (await isSuperseded(context, release, root))) return
    } catch (error) {
      if (root.aborted) return
      if (!passes(error)) throw error
      logger.debug('the store cannot be asked for reports now', { namespace })
    }
    await keepAlive(clock.sleep(LOOK_MS, root))
  }
}

/**
 * Whether a failure of the store passes, so that whoever watches asks again.
 *
 * ```ts
 * if (!passes(error)) throw error
 * ```
 */
export function passes(error: unknown): boolean {
  return isNoticeboardError(error, 'unavailable', 'rate-limited', 'timeout')
}

/** What one look found out besides the fleet. */
interface Seen {
  readonly reach: RolloutReach
  /** Whether the store has begun to listen, as one does that ever heard anything. */
  readonly listens: boolean
}

function stepOf(fleet: Fleet, { reach, listens }: Seen): RolloutStep {
  const still = {
    state: 'everyone' as const,
    stage: 0,
    of: 1,
    why: whyUnknown(fleet, listens),
    waitingFor: [],
    isPaused: false,
    controllers: [],
    reach,
    fleet,
  }
  return { ...still, ...(fleet.type === 'unknown' ? NO_CLIENTS : countClients(fleet.members, whereIs)) }
}

/** Why nothing is said of the clients; empty where something is. */
function whyUnknown(fleet: Fleet, listens: boolean): readonly string[] {
  if (fleet.type === 'known') return []
  const listenedMin = LISTENED_MS / 60_000
  switch (fleet.why) {
    case 'no-reports':
      return ['the store keeps no reports, so who runs it cannot be seen here']
    case 'never-heard':
      return [`no client is there: none was heard for ${listenedMin} min or longer`]
    case 'not-yet-heard':
      return [
        `no client is heard yet; that there is none is known once the store has listened for ${listenedMin} min${listens ? '' : ', which a board in a folder does from the first report on: start noticeboard serve or noticeboard controller'}`,
      ]
  }
}

function whereIs({ state, report }: FleetMember): Where {
  switch (state) {
    case 'current':
      return report.phase === 'healthy' ? 'healthy' : 'applied'
    case 'behind':
    case 'paused':
      return 'behind'
    case 'rejected':
      return 'rejected'
    case 'failed':
    case 'crashed':
      return 'failed'
    default:
      return 'other'
  }
}

/**
 * Whether no live instance is still on the way. An unknown fleet is not settled: its first reports
 * may be on their way.
 */
function isSettled(fleet: Fleet): boolean {
  return fleet.type === 'known' && fleet.counts.behind === 0 && fleet.members.some(isLive)
}

async function isSuperseded(
  context: PublisherContext,
  release: Release,
  root: AbortSignal,
): Promise<boolean> {
  const newest = await readNewest(context, root)
  return newest !== undefined && comparePositions(newest.release, release) === 'newer'
}
