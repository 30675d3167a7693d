import type { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { LogDetails, Logger } from '../contracts/system.js'
import { isError } from '../core/built-ins.js'
import { causeOf } from '../core/cause-of.js'
import { oneLine } from '../core/json/text.js'
import { stageNumberOf } from '../core/release/rollout.js'
import { withoutNumbers } from '../core/without-numbers.js'
import { canSeeFrom } from '../publisher/rollouts/can-see.js'
import { silentGates, type ControllerFinding, type Standing } from './finding.js'

type Explanation = NonNullable<Standing['explanation']>

/** What is told of. */
export interface Told {
  readonly namespace: Namespace
  readonly found: ControllerFinding
  readonly before: ControllerFinding | undefined
}

/**
 * Logs what changed since the look before: steps, and whenever something else holds a rollout up. A
 * number that changed says nothing new.
 *
 * ```ts
 * tell(logger, { namespace, found, before: standings.get(namespace) })
 * ```
 */
export function tell(logger: Logger, { namespace, found, before }: Told): void {
  switch (found.type) {
    case 'idle':
      return
    case 'took': {
      const { step: decided, explanation, release } = found
      const { id: rollout, state } = release.rollout
      const stage = stageNumberOf(release.rollout)
      const begins = canSeeFrom(release.rollout)
      // The name that the history has for it.
      const step = release.cause
      const details = {
        namespace,
        rollout,
        step,
        state,
        stage,
        ...saidOf(explanation),
        // What the stage before saw is in the history.
        ...(begins !== undefined && { canSee: begins }),
      }
      if (decided === 'roll-back' || decided === 'retreat') logger.warn('a rollout was taken back', details)
      else logger.info('a rollout has taken a step', details)
      return
    }
    case 'stands':
      tellOfGates(logger, { namespace, found, before })
      tellOfStanding(logger, { namespace, found, before })
      return
    case 'failed':
      if (before?.type !== 'failed' || before.error.message !== found.error.message)
        logger.error('a controller cannot move a rollout on; it tries again', {
          namespace,
          code: found.error.code,
          message: found.error.message,
          cause: found.error.code === 'unavailable' ? causeOf(found.error) : whereFrom(found.error),
        })
      return
  }
}

/** Logs gates that do not answer, when they begin to, or do so for another reason. */
function tellOfGates(
  logger: Logger,
  { namespace, found, before }: Told & { readonly found: Standing },
): void {
  const told = before?.type === 'stands' ? silentGates(before) : []
  for (const why of silentGates(found))
    if (!told.includes(why))
      logger.warn('a rollout waits for a gate that does not know', {
        namespace,
        rollout: found.release.rollout.id,
        stage: stageNumberOf(found.release.rollout),
        why,
      })
}

/** Logs why a rollout stands where it is, when it begins to, or does so for another reason. */
function tellOfStanding(
  logger: Logger,
  { namespace, found, before }: Told & { readonly found: Standing },
): void {
  const waitingFor = found.waitingFor.join(', ')
  const { rollout } = found.release
  const details = {
    namespace,
    rollout: rollout.id,
    stage: stageNumberOf(rollout),
    ...(found.explanation && saidOf(found.explanation)),
    ...(waitingFor !== '' && { waitingFor }),
  }
  const isAsBefore =
    before?.type === 'stands' &&
    before.action === found.action &&
    goesOnByItself(before) === goesOnByItself(found) &&
    before.waitingFor.join(', ') === waitingFor
  if (!isAsBefore && found.action === 'pause')
    logger.warn(
      goesOnByItself(found)
        ? 'a rollout stands still; it goes on by itself once the reason is gone'
        : 'a rollout stands still and needs an operator',
      details,
    )
  else if (!isAsBefore && waitingFor !== '')
    logger.warn('a rollout waits for a policy or gate that this controller does not have', details)
  else if (!isAsBefore || holdsUp(before) !== holdsUp(found))
    logger.info(
      found.action === 'pause' ? 'a rollout stands still for another reason now' : 'a rollout waits',
      details,
    )
}

/**
 * What holds a stage up, to be compared: the names of what is unknown, and the first reason where
 * that is none of those.
 */
function holdsUp({ release: { rollout }, explanation }: Standing): string {
  const { why = [], unknowns = [] } = explanation ?? {}
  const [first = ''] = why
  const reason = unknowns.some(({ text }) => text === first) ? '' : withoutNumbers(first)
  return [rollout.id, rollout.stage, ...kindsIn(unknowns).toSorted(), reason].join()
}

/**
 * Whether what holds a rollout up may end without a person: a red gate turns green. Who paused it
 * by hand resumes it, and what was not decided in time wants a look.
 */
function goesOnByItself({ release, explanation, waitingFor }: Standing): boolean {
  const { state, decideBy } = release.rollout
  if (explanation === undefined || waitingFor.length > 0 || state === 'paused') return false
  return Date.parse(explanation.asOf) <= Date.parse(decideBy)
}

/** The first line of the stack of what caused an error: where its author finds it. */
function whereFrom({ cause }: NoticeboardError): string | undefined {
  if (!isError(cause)) return undefined
  const frame = cause.stack?.split('\n').find(line => /^\s*at /.test(line))
  return frame === undefined ? undefined : oneLine(`${cause.name} ${frame.trim()}`)
}

/** What a log line has of an explanation. */
function saidOf({ why, unknowns, canSee, wouldChange }: Explanation): LogDetails {
  return {
    ...(unknowns.length > 0 && { unknowns: kindsIn(unknowns).join(', ') }),
    why: why.join('; '),
    canSee,
    ...(wouldChange.length > 0 && { wouldChange: wouldChange.join('; ') }),
  }
}

function kindsIn(unknowns: Explanation['unknowns']): readonly string[] {
  return [...new Set(unknowns.map(({ kind }) => kind))]
}
