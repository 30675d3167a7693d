import { beginAnew } from './begin-anew.js'
import { readGates } from './gate.js'
import { isControlHeard, unseenIn } from './judge.js'
import { rehearsalAnew, rehearsalFrom } from './next-rehearsal.js'
import type { Decision } from './policy.js'
import { diedSince, lossOf, wasRestarted } from './rehearsal.js'
import { hold, say, stayPaused, type Place } from './say-decision.js'
import { unknown, type Unknown } from './unknowns.js'
import type { StageView } from './view.js'

/**
 * What the way back of one client comes to. `failed`: it cannot go back, so nobody shall need to.
 * `lost`: it went away in order, and tells nothing.
 */
export type WayBack =
  | { readonly is: 'back' }
  | { readonly is: 'failed'; readonly why: string }
  | { readonly is: 'lost'; readonly why: string; readonly rehearses: 'also-the-same' | 'another' }
  | { readonly is: 'waiting'; readonly unknowns: readonly Unknown[] }

/**
 * What follows while a client rehearses its way back. Whoever cannot go back ends the rollout, with
 * the code `way-back-failed`: a refusal, a death, and what is not back by `decideBy` while the
 * others are heard.
 *
 * ```ts
 * const decision = decideWayBack(place)
 * ```
 */
export function decideWayBack(place: Place): Decision {
  const { view, gates } = place
  const { rollout } = view
  const found = judgeWayBack(view)
  if (found.is === 'failed')
    return say(place, 'roll-back', { verdict: 'bad', why: [found.why], code: 'way-back-failed' })
  // No gate is asked of a candidate that nobody runs, but one that is red says that something is
  // wrong.
  const red = readGates(view.plan.gates, gates, rollout.stage)
  if (red.rollBack.length > 0) return say(place, 'roll-back', { verdict: 'bad', why: red.rollBack })
  if (rollout.state === 'paused') return stayPaused(place)
  if (red.pause.length > 0)
    return say(place, 'pause', { verdict: 'bad', why: red.pause, wouldChange: ['a green gate'] })
  switch (found.is) {
    case 'back': {
      const id = rollout.stageStart.rehearsal?.id ?? ''
      const why = ['the client has gone back and is well, and goes forward again']
      return say(place, 'advance', { verdict: 'good', why }, rehearsalFrom(place, { phase: 'again', id }))
    }
    case 'lost':
      return beginAnew(place, rehearsalAnew(place, found.why, found.rehearses))
    case 'waiting': {
      const { unknowns } = found
      const wouldChange = unknowns.map(({ text }) => `the end of this: ${text}`)
      if (!isLate(view)) return hold(place, { verdict: 'unknown', why: [], unknowns, wouldChange })
      const why = [`not decided by ${rollout.decideBy}`]
      return say(place, 'pause', { verdict: 'unknown', why, unknowns, wouldChange })
    }
  }
}

/** Judges the one client that goes back. */
function judgeWayBack(view: StageView): WayBack {
  const atMs = Date.parse(view.rollout.stageStart.at)
  const [client] = view.exposed
  const waiting = (unknowns: readonly Unknown[]): WayBack => ({ is: 'waiting', unknowns })
  // A store forgets the dead, so who is not there has neither gone back nor gone in order.
  if (client === undefined)
    return waiting([unknown('not-yet-heard', { text: 'the client that goes back is not heard' })])
  const { state } = client
  if (state.is === 'failed' && state.failure.kind !== 'silent')
    return { is: 'failed', why: `a client cannot go back: ${state.failure.kind}` }
  const loss = lossOf(client)
  if (loss !== undefined) return { is: 'lost', why: loss, rehearses: 'another' }
  const isOpen = state.is === 'doubtful' && state.why === 'crash-open'
  if (!isOpen && diedSince(client, atMs)) return { is: 'failed', why: 'a client died on its way back' }
  if (!isOpen && wasRestarted(client, atMs)) {
    const why = 'the client that rehearses the way back was started anew meanwhile'
    return { is: 'lost', why, rehearses: 'also-the-same' }
  }
  if (state.is === 'healthy') {
    const unseen = unseenIn(view)
    return unseen === undefined ? { is: 'back' } : waiting([unseen])
  }
  const missing = whatIsMissing(state)
  if (!isLate(view)) return waiting([missing])
  // Where nobody else is heard either, the silence of one says nothing.
  if (view.control.length > 0 && !isControlHeard(view)) return waiting([missing, unknown('control-silent')])
  return { is: 'failed', why: `a client is not back by ${view.rollout.decideBy}: ${missing.text}` }
}

function whatIsMissing(state: StageView['exposed'][number]['state']): Unknown {
  const clients = 1
  switch (state.is) {
    case 'baking':
      return unknown('baking', { text: 'it has gone back, and not for long enough yet', clients })
    case 'failed':
      return unknown('client-silent', { text: 'it is silent on its way back', clients })
    case 'doubtful':
      return state.why === 'silent'
        ? unknown('client-silent', { text: 'one of its processes is silent on the way back', clients })
        : unknown(state.why, { clients })
    case 'waiting':
    case 'healthy':
    case 'left-out':
      return unknown('not-applied', { text: 'it has not gone back yet', clients })
  }
}

/**
 * Whether the time of the stage is over; a pause stops the clock, since resuming grants it anew.
 */
function isLate({ rollout, nowMs }: StageView): boolean {
  return rollout.state === 'running' && nowMs > Date.parse(rollout.decideBy)
}
