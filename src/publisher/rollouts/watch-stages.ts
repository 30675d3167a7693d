import { keepAlive } from '../../async/keep-alive.js'
import { asNoticeboardError, isNoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import { nextPosition } from '../../contracts/position.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import { isExposed, type Audience } from '../../core/release/audience.js'
import { goesOn, type RolloutPhase } from '../../core/release/rollout.js'
import { summarizeFleet, type Fleet, type FleetMember } from '../../fleet/summary.js'
import { runnerNames } from '../../rollouts/controllers.js'
import { runs } from '../../rollouts/client-state.js'
import type { Explanation } from '../../rollouts/explanation.js'
import type { PublisherContext } from '../context.js'
import { countClients, NO_CLIENTS, type ClientCounts } from './client-counts.js'
import type { Driver, Driving } from './driving.js'
import { explainEnded, hasEnded } from './ended.js'
import { syncMirrors } from '../mirrors.js'
import { readNewest } from '../read-head.js'
import { readReports } from '../read-reports.js'
import { outlineOf } from './outline.js'
import { reachOf, UNSEEN, type RolloutReach } from './reach.js'
import type { RolloutEnd, RolloutStep } from './rollout-step.js'
import { standingOf, type Standing } from './standing.js'
import type { RolloutRelease } from './steps.js'
import { judge, nothingHeard, tend, type Judged, type Tending } from './tend.js'
import { passes } from './watch-everyone.js'

/** How often a rollout is looked at, in milliseconds. */
const LOOK_MS = 2_000

/** Which rollout is watched. */
export interface Watched {
  readonly id: string
  readonly tending: Tending
  /** Whether each look also moves it on. */
  readonly drives: boolean
  /** What this publisher drives. */
  readonly driving: Driving
}

/**
 * Where a rollout stands, whenever that changed. Ends when it does, when somebody paused it or took
 * it back, when its `decideBy` has passed, and when another release took its place.
 *
 * ```ts
 * for await (const { stage, of, verdict } of watchStages(context, watched, signal)) show(stage, of, verdict)
 * ```
 */
export async function* watchStages(
  context: PublisherContext,
  watched: Watched,
  root: AbortSignal,
): AsyncGenerator<RolloutStep> {
  let told = ''
  for await (const { step, end, isLate } of looks(context, watched, root)) {
    if (step !== undefined) {
      const { fleet: _, explanation: __, ...rest } = step
      const shown = JSON.stringify(rest)
      if (shown !== told) yield step
      told = shown
    }
    if (end !== undefined || isLate) return
  }
}

/**
 * How a rollout ends. Resolves at the latest a look after its `decideBy`, and never rejects.
 *
 * ```ts
 * if ((await endOf(context, watched, signal)) === 'rolled-back') alert()
 * ```
 */
export async function endOf(
  context: PublisherContext,
  watched: Watched,
  root: AbortSignal,
): Promise<RolloutEnd> {
  try {
    for await (const { step, end, isLate } of looks(context, watched, root)) {
      if (end !== undefined) return end
      if (isLate) return step?.isPaused === true ? 'paused' : 'running'
    }
  } catch (error) {
    const { code } = asNoticeboardError(error, 'internal', 'the rollout could not be followed')
    context.logger.warn('this publisher cannot follow a rollout any longer; the rollout itself goes on', {
      namespace: context.namespace,
      code,
    })
  }
  return 'running'
}

interface Look {
  readonly step: RolloutStep | undefined
  readonly end: RolloutEnd | undefined
  /** Whether `decideBy` has passed. */
  readonly isLate: boolean
}

async function* looks(
  context: PublisherContext,
  { id, tending, drives, driving }: Watched,
  root: AbortSignal,
): AsyncGenerator<Look> {
  const { namespace, clock, logger } = context
  let mayDrive = drives
  let driver: Driver | undefined
  /**
   * Takes the next step, if any; a token that may begin rollouts need not be one that moves them
   * on.
   */
  const drive = async (): Promise<boolean> => {
    try {
      const before = await readNewest(context, root)
      const rollout = before?.release.rollout
      // Of one that has ended there is nothing to drive, however often it is looked at.
      if (rollout?.id === id && goesOn(rollout)) (driver ??= driving.begin({ id, tending })).say()
      const { found, newest } = await tend(context, tending, { newest: before, signal: root })
      if (found.type !== 'took') return false
      if (newest !== undefined) await syncMirrors(context, newest, root)
      return true
    } catch (error) {
      if (!isNoticeboardError(error, 'forbidden', 'unauthorized')) throw error
      mayDrive = false
      void driver?.end()
      logger.info('this token may not move the rollout on, so that is left to its controllers', { namespace })
      return false
    }
  }
  try {
    while (!root.aborted) {
      try {
        // What it decided is seen by the look that follows; a step that it took, too.
        const took = mayDrive && (await drive())
        const standing = await standingOf(context, id, root)
        yield await lookAt(context, { standing, tending, driving }, root)
        if (took) continue
      } catch (error) {
        if (root.aborted) return
        if (!passes(error)) throw error
        logger.debug('the store cannot be asked for a rollout now', { namespace })
      }
      await keepAlive(clock.sleep(LOOK_MS, root))
    }
  } finally {
    await driver?.end()
  }
}

async function lookAt(
  context: PublisherContext,
  { standing, tending, driving }: Pick<Watched, 'tending' | 'driving'> & { readonly standing: Standing },
  root: AbortSignal,
): Promise<Look> {
  const end = endIn(standing)
  if (standing.type === 'gone') return { step: undefined, end, isLate: false }
  const { release } = standing
  const seen = hasEnded(standing)
    ? await lookBack(context, release, root)
    : seenIn(await judge(context, tending, { release, signal: root }))
  return {
    step: stepOf(context, release, { ...seen, heard: driving.others(seen.heard) }),
    end,
    isLate: goesOn(release.rollout) && context.clock.now() > Date.parse(release.rollout.decideBy),
  }
}

/** What one look found out about a rollout, besides its release. */
interface Seen extends Pick<Judged, 'heard' | 'waitingFor'> {
  readonly explanation: Explanation | undefined
  /** Whether its policy holds it up. */
  readonly isHeld: boolean
}

function seenIn({ decision, heard, waitingFor }: Judged): Seen {
  return { heard, waitingFor, explanation: decision?.explanation, isHeld: decision?.type === 'pause' }
}

/** A rollout that has ended, with the evidence that was kept. */
async function lookBack(
  context: PublisherContext,
  release: RolloutRelease,
  signal: AbortSignal,
): Promise<Seen> {
  const heard = (await readReports(context, signal)) ?? nothingHeard(context.clock)
  return {
    heard,
    waitingFor: [],
    explanation: await explainEnded(context, release, signal),
    isHeld: false,
  }
}

/** How the rollout ended; undefined while it goes on. */
function endIn(standing: Standing): RolloutEnd | undefined {
  if (standing.type === 'gone') return 'superseded'
  const isNewest = standing.type === 'newest'
  switch (standing.release.rollout.state) {
    case 'completed':
      return 'completed'
    case 'rolled-back':
      return 'rolled-back'
    case 'paused':
    case 'retreated':
      return isNewest ? 'paused' : 'superseded'
    case 'running':
    case 'watching':
    case 'other':
      return isNewest ? undefined : 'superseded'
  }
}

function stepOf(context: PublisherContext, release: RolloutRelease, seen: Seen): RolloutStep {
  const { heard, explanation, isHeld, waitingFor } = seen
  const { rollout } = release
  const { rehearsal, awaitsGates } = rollout.stageStart
  const fleet = summarizeFleet(heard, release)
  return {
    state: rollout.state,
    stage: rollout.stage,
    of: Math.max(outlineOf(rollout.plan).stages, rollout.stage + 1),
    ...(rehearsal !== undefined && { rehearsal: rehearsal.phase }),
    ...(awaitsGates !== undefined && { awaitsGates }),
    ...(explanation !== undefined && { verdict: explanation.verdict, explanation }),
    why: whyOf(rollout.why, explanation),
    waitingFor,
    isPaused: isHeldUp(rollout.state) || isHeld,
    controllers: runnerNames(rollout, heard),
    ...countsOf(context, release, fleet),
    reach: reachIn(context, release, { heard, fleet }),
    fleet,
  }
}

/** How far it has come with those whom the newest release exposes. */
function reachIn(
  { store, hasher }: PublisherContext,
  release: RolloutRelease,
  { heard, fleet }: { readonly heard: HeardReports; readonly fleet: Fleet },
): RolloutReach {
  if (store.reports === undefined) return UNSEEN
  const { audience, rollout } = release
  const exposed =
    fleet.type === 'unknown' || audience === undefined
      ? fleet
      : { ...fleet, members: exposedIn(fleet, audience, hasher) }
  return reachOf({
    heard,
    fleet: exposed,
    digests: digestsFor(release),
    first: nextPosition(rollout.from),
    start: rollout.stageStart,
  })
}

function isHeldUp(state: RolloutPhase): boolean {
  return state === 'paused' || state === 'retreated'
}

function whyOf(said: string | undefined, explanation: Explanation | undefined): readonly string[] {
  if (explanation !== undefined)
    return [...new Set([...explanation.why, ...explanation.unknowns.map(({ text }) => text)])]
  return said === undefined ? [] : [said]
}

/**
 * Clients of the audience by what they report of the candidate; once it is stable for all, all of
 * them. A pure function.
 *
 * ```ts
 * const { applied, exposed } = countsOf({ hasher }, release, fleet)
 * ```
 */
export function countsOf(
  { hasher }: Pick<PublisherContext, 'hasher'>,
  release: RolloutRelease,
  fleet: Fleet,
): ClientCounts {
  if (fleet.type === 'unknown') return NO_CLIENTS
  const { audience } = release
  const digests = digestsFor(release)
  const exposed = audience === undefined ? fleet.members : exposedIn(fleet, audience, hasher)
  return countClients(exposed, ({ state, report }) => {
    const { refused, phase, previous } = report
    if (refused !== undefined && digests.has(refused)) return phase === 'rejected' ? 'rejected' : 'failed'
    if (state === 'crashed' && previous?.digest !== undefined && digests.has(previous.digest)) return 'failed'
    if (!runs(report, digests)) return 'behind'
    return phase === 'healthy' ? 'healthy' : 'applied'
  })
}

/** What the exposed are to run: also what is stable as well, after a kill or for some clients. */
function digestsFor({ candidate, stable }: RolloutRelease): ReadonlySet<Digest> {
  return new Set((candidate ?? stable).variants.map(({ digest }) => digest))
}

function exposedIn(
  { members }: Extract<Fleet, { readonly type: 'known' }>,
  audience: Audience,
  hasher: Hasher,
): readonly FleetMember[] {
  return members.filter(({ report }) => isExposed(audience, report, hasher))
}
