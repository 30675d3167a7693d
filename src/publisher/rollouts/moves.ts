import { formatPosition } from '../../contracts/position.js'
import { canonicalize } from '../../core/json/canonical.js'
import type { Arm, Release } from '../../core/release/release.js'
import { goesOn } from '../../core/release/rollout.js'
import { evidenceOf } from '../../rollouts/explanation.js'
import type { PublisherContext } from '../context.js'
import { describe, severalIn, type HistoryEntry } from '../history.js'
import { triedBy } from './ended.js'
import { outlineOf } from './outline.js'
import type { MovedRollout, RolloutEvent, RolloutMove } from './rollout-move.js'
import { sayMove } from './say-move.js'
import { inRollout, type RolloutRelease } from './steps.js'
import type { Tended } from './tend.js'

/**
 * What one release of the log did to rollouts: to the one that was there, and to its own. `before`
 * is the release before it; undefined for the first of a log.
 *
 * ```ts
 * for (const { says } of await movesOf(context, { entry, before }, signal)) console.log(says)
 * ```
 */
export async function movesOf(
  context: PublisherContext,
  { entry, before }: { readonly entry: HistoryEntry; readonly before: Release | undefined },
  signal: AbortSignal,
): Promise<readonly RolloutMove[]> {
  const { release } = entry
  const moves: RolloutMove[] = []
  const id = release.rollout?.id
  if (before !== undefined && inRollout(before) && before.rollout.id !== id && goesOn(before.rollout))
    moves.push(await moveOf(context, { event: 'superseded', release: before, entry }, signal))
  if (!inRollout(release)) return moves
  const event = eventOf(release, before)
  if (event !== undefined) moves.push(await moveOf(context, { event, release, entry }, signal))
  return moves
}

/**
 * The move of a rollout that its policy holds up, or that nobody decided in time.
 *
 * ```ts
 * if (found.type === 'stands') console.log((await standstillOf(context, found, signal)).says)
 * ```
 */
export async function standstillOf(
  context: PublisherContext,
  { release, explanation, waitingFor }: Extract<Tended, { readonly type: 'stands' }>,
  signal: AbortSignal,
): Promise<RolloutMove> {
  const evidence = explanation && evidenceOf(explanation, 'pause')
  const late = `not decided by ${release.rollout.decideBy}, for want of ${waitingFor.join(', ')}`
  const audit = { reason: evidence?.why ?? late, ...(evidence && { evidence }) }
  const entry = { ...describe(release), audit }
  const { reason: _, ...move } = await moveOf(context, { event: 'stands-still', release, entry }, signal)
  return move
}

/** What a release did to its own rollout; undefined where it says that again as it was. */
function eventOf({ rollout, cause }: RolloutRelease, before: Release | undefined): RolloutEvent | undefined {
  const earlier = before?.rollout
  if (earlier?.id !== rollout.id) return 'begun'
  if (cause === 'kill') return 'killed'
  if (canonicalize(earlier) === canonicalize(rollout)) return undefined
  if (rollout.state !== 'running') return rollout.state
  return earlier.state === 'running' || cause === 'promote' ? 'stage' : 'resumed'
}

interface Moving {
  readonly event: RolloutEvent
  /** The newest release of the rollout. */
  readonly release: RolloutRelease
  readonly entry: HistoryEntry
}

async function moveOf(
  context: PublisherContext,
  { event, release, entry: { position, issuedAt, cause, audit } }: Moving,
  signal: AbortSignal,
): Promise<RolloutMove> {
  const { namespace } = context
  const { author, reason, evidence } = audit ?? {}
  const rollout = movedOf(release, await triedBy(context, release, signal))
  const id = [namespace, rollout.id, formatPosition(position), event].join('/')
  const move = {
    event,
    namespace,
    rollout,
    position,
    issuedAt,
    cause,
    ...(author !== undefined && { author }),
    ...(reason !== undefined && { reason }),
    // What took the place of a rollout has an evidence of its own.
    ...(evidence?.rollout === rollout.id && { evidence }),
  }
  return { v: 1, id, says: sayMove(move), ...move }
}

function movedOf({ rollout }: RolloutRelease, tried: Arm | undefined): MovedRollout {
  const { id, state, stage, plan, stageStart } = rollout
  const variant = tried?.variants.at(-1)
  return {
    id,
    state,
    stage,
    of: Math.max(1, outlineOf(plan).stages),
    ...(stageStart.rehearsal !== undefined && { rehearsal: stageStart.rehearsal.phase }),
    ...(stageStart.awaitsGates !== undefined && { awaitsGates: stageStart.awaitsGates }),
    ...(tried !== undefined &&
      variant !== undefined && {
        digest: variant.digest,
        ...severalIn(tried),
        version: tried.version,
      }),
  }
}
