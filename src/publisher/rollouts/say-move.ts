import { MAX_LINE_LENGTH } from '../../core/limits.js'
import { oneLine } from '../../core/json/text.js'
import type { MovedRollout, RolloutEvent, RolloutMove } from './rollout-move.js'

/**
 * A move in one line: what happened, where, and why.
 *
 * ```ts
 * sayMove(move) // checkout/prod: the rollout of version 8 was rolled back, stage 1 of 4: 1 client rejected it
 * ```
 */
export function sayMove({
  namespace,
  rollout,
  event,
  cause,
  reason,
  evidence,
}: Pick<RolloutMove, 'namespace' | 'rollout' | 'event' | 'cause' | 'reason' | 'evidence'>): string {
  const { version } = rollout
  const of = version === undefined ? '' : ` of version ${version}`
  // Of what a person asked for the reason says more than that they did.
  const why = evidence?.verdict === undefined ? reason : evidence.why
  const happened = event === 'stage' && cause === 'promote' ? 'was promoted' : HAPPENED[event]
  const said = `${namespace}: the rollout${of} ${happened}, ${where(rollout)}`
  return oneLine(why === undefined ? said : `${said}: ${why}`, 4 * MAX_LINE_LENGTH)
}

const HAPPENED: Readonly<Record<RolloutEvent, string>> = {
  begun: 'has begun',
  stage: 'goes on',
  paused: 'was paused',
  retreated: 'was taken back for now',
  resumed: 'was resumed',
  watching: 'has reached everybody and is watched',
  completed: 'has completed',
  'rolled-back': 'was rolled back',
  killed: 'was patched by a kill',
  superseded: 'was replaced by another release',
  'stands-still': 'stands still',
  other: 'is in a state that this version does not know',
}

function where({ stage, of, rehearsal, awaitsGates }: MovedRollout): string {
  if (awaitsGates === true) return `before stage 1 of ${of}, while gates are asked`
  if (rehearsal !== undefined) return `stage 0 of ${of}, the way back is rehearsed: ${rehearsal}`
  return `stage ${stage + 1} of ${of}`
}
