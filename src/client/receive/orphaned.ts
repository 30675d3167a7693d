import type { Namespace } from '../../contracts/names.js'
import type { Logger } from '../../contracts/system.js'
import type { Strategy } from '../../contracts/strategy.js'
import { stageNumberOf } from '../../core/release/rollout.js'
import type { ReleaseOrder } from './release-order.js'
import type { FleetClock } from './fleet-clock.js'

/** A rollout about which nothing was heard here although its time was up. */
export interface OrphanedRollout {
  readonly rolloutId: string
  /** From 1 on; 0 before the first one: the way back is rehearsed, or gates are asked. */
  readonly stage: number
  /** When somebody was to have decided about the stage: a time of docs/formats.md. */
  readonly decideBy: string
}

/**
 * How long after its time a decision may take to get here, in milliseconds, beside one look: the
 * controller decides at that time, and its step has to be written and told.
 */
const ON_ITS_WAY_MS = 60_000

interface OrphanContext {
  readonly order: Pick<ReleaseOrder, 'seen'>
  readonly fleetClock: Pick<FleetClock, 'now'>
  readonly strategy: Pick<Strategy, 'lookMs'>
}

/**
 * The rollout of the newest release that a client knows, where its time is up and neither a decision
 * nor a pause was heard: its controllers may all be gone, or nothing gets through to this client.
 *
 * ```ts
 * const orphaned = orphanedIn({ order, fleetClock, strategy })
 * ```
 */
export function orphanedIn({ order, fleetClock, strategy }: OrphanContext): OrphanedRollout | undefined {
  const rollout = order.seen?.release.rollout
  // Who paused it has decided, and it waits for a person.
  if (rollout === undefined || (rollout.state !== 'running' && rollout.state !== 'watching')) return undefined
  const { id, decideBy } = rollout
  const lookMs = Number.isFinite(strategy.lookMs) ? strategy.lookMs : 0
  if (fleetClock.now() <= Date.parse(decideBy) + lookMs + ON_ITS_WAY_MS) return undefined
  return { rolloutId: id, stage: stageNumberOf(rollout), decideBy }
}

/**
 * Makes what logs an orphaned rollout, once for each stage.
 *
 * ```ts
 * const tellOrphaned = createOrphanTeller({ order, fleetClock, strategy, namespace, logger })
 * ```
 */
export function createOrphanTeller(
  context: OrphanContext & { readonly namespace: Namespace; readonly logger: Logger },
): () => void {
  const { namespace, logger } = context
  let told: string | undefined
  return () => {
    const orphaned = orphanedIn(context)
    if (orphaned === undefined || told === orphaned.decideBy) return
    told = orphaned.decideBy
    logger.warn(
      'nobody has decided about a rollout in its time: perhaps no controller of it lives; what runs here goes on running',
      { namespace, ...orphaned },
    )
  }
}
