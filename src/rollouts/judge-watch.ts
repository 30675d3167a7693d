import type { GateResult } from './gate.js'
import { unhealthyIn, type Verdict } from './judge.js'
import { hasLostItsClients, neededOf, quorumOf, type Quorum } from './quorum.js'
import { standInTheWay } from './unknowns.js'
import type { StageView } from './view.js'

/** What the end of a watch is judged by. */
export interface WatchEnd {
  /** The clients with which the watch began. */
  readonly view: StageView
  /** The same as if it began now: the clients that are there, and what they do now. */
  readonly now: StageView
  readonly gates: GateResult
}

/**
 * Judges a watch that is over: good once enough of the clients with which it began are healthy now,
 * whatever became of them on the way, and every gate has answered. Where most of them have stopped
 * in order, a deploy or a scale-down, those that are there now stand in for them.
 *
 * ```ts
 * if (judgeWatch({ view, now, gates }).verdict === 'good') return complete(place)
 * ```
 */
export function judgeWatch({
  view,
  now,
  gates,
}: WatchEnd): Extract<Verdict, { readonly verdict: 'good' | 'unknown' }> {
  const quorum = hasLostItsClients(view) ? quorumOf(now) : quorumOfThose(view, now)
  const unknowns = [...unhealthyIn(now, quorum), ...gates.unknowns]
  if (standInTheWay(unknowns)) return { verdict: 'unknown', unknowns }
  const { healthy, asked } = quorum
  return { verdict: 'good', why: `${healthy} of ${asked} clients are healthy` }
}

/** Of the clients with which it began, how many are healthy now. */
function quorumOfThose(view: StageView, now: StageView): Quorum {
  const known = new Set(view.exposed.map(({ member }) => member.clientId))
  const healthy = now.exposed.filter(
    ({ member, state }) => state.is === 'healthy' && known.has(member.clientId),
  ).length
  const { asked } = quorumOf(view)
  return { healthy, asked, needed: neededOf(asked, view.plan) }
}
