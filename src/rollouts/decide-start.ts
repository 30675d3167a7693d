import { firstStep, whenFew, whoIsThere } from './first-step.js'
import { readGates } from './gate.js'
import { FEWEST_STAGED } from './plan.js'
import type { Decision, NextStage } from './policy.js'
import { say, stayPaused, type Place } from './say-decision.js'
import { unknown, type Unknown } from './unknowns.js'
import { wayOutOf } from './way-out.js'

/** What a fleet lacks that is too few to begin with. */
const ENOUGH = 'enough clients that are live and heard for long enough'

/**
 * What follows while nobody is exposed yet, since whoever published could not ask a gate of the
 * plan. A red gate blocks the start; one that does not know does not, since before the first client
 * runs the candidate there may be nothing to know.
 */
export function decideStart(place: Place): Decision {
  const { view, gates } = place
  const { rollout, plan, nowMs } = view
  if (rollout.state === 'paused') return stayPaused(place)
  const isLate = nowMs > Date.parse(rollout.decideBy)
  const waits = (unknowns: readonly Unknown[]): Decision => {
    const why = isLate ? [`not begun by ${rollout.decideBy}`] : []
    const wouldChange = [
      ...new Set(unknowns.map(({ kind }) => (kind === 'too-few' ? ENOUGH : wayOutOf(kind)))),
    ]
    return say(place, isLate ? 'pause' : 'hold', { verdict: 'unknown', why, unknowns, wouldChange })
  }
  const { rollBack, pause, unknowns } = readGates(plan.gates, gates, rollout.stage)
  const red = [...rollBack, ...pause]
  if (red.length > 0)
    return say(place, 'pause', {
      verdict: 'bad',
      why: [...red, 'nobody is exposed'],
      wouldChange: ['a green gate'],
    })
  const unasked = unknowns.filter(({ kind }) => kind === 'gate-waiting')
  const first = firstStepOf(place)
  if ('lacks' in first) return waits([...unasked, unknown('too-few', { text: first.lacks })])
  if (unasked.length > 0) return waits(unasked)
  const why = ['each gate was asked before the start, and none is red']
  return say(place, 'advance', { verdict: 'good', why, unknowns }, first)
}

/** The same from now on, by another clock. */
export function startFrom({ view, release }: Place): NextStage {
  const { stageStart, decideBy } = view.rollout
  const { position: _, ...start } = stageStart
  const hadMs = Date.parse(decideBy) - Date.parse(stageStart.at)
  return {
    state: 'running',
    stage: 0,
    audience: release.audience,
    start: { ...start, at: new Date(view.nowMs).toISOString() },
    decideBy: new Date(view.nowMs + hadMs).toISOString(),
  }
}

/** What it begins with now, or what its fleet lacks for that. */
function firstStepOf({ view, heard, release, hasher }: Place): NextStage | { readonly lacks: string } {
  const { plan, nowMs, rollout } = view
  const { audience, stable, spreadMs = 0 } = release
  if (audience === undefined) throw new TypeError('a rollout that awaits its gates has an audience')
  const fleet = whoIsThere(heard, { nowMs, reportMs: plan.reportMs })
  const input = {
    nowMs,
    salt: audience.salt,
    stable: stable.variants.map(({ digest }) => digest),
    spreadMs,
    hasher,
  }
  const { live } = rollout.stageStart
  const present = fleet.present.length
  // Who is not heard, or was forgotten by the store, may be there all the same.
  if (present < FEWEST_STAGED && live >= FEWEST_STAGED)
    return {
      lacks: `${present} of ${live} clients are live: too few to begin a stage with, and fewer than there were`,
    }
  const first = whenFew(fleet) ?? firstStep(plan, { ...fleet, input })
  switch (first.type) {
    case 'stage':
      return first.next
    case 'everyone':
      return { lacks: 'no client is there to begin with' }
    case 'refused':
      return { lacks: first.says.join('; ') }
  }
}
