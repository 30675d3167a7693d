import { act, GREEN_AGAIN, waysOut } from './act.js'
import type { Observed } from './client-state.js'
import { badByComparison, badFleet, canCompare } from './judge.js'
import { judgeWatch } from './judge-watch.js'
import { presenceOf } from './members.js'
import type { Decision } from './policy.js'
import { beganWith } from './quorum.js'
import { runsFromMs } from './runs-from.js'
import { hold, say, type Place } from './say-decision.js'
import { sayLeft } from './say-time.js'
import { needLooking, unknown, type Unknown } from './unknowns.js'
import { viewOf, type StageView } from './view.js'

/**
 * What share of a fleet may fall silent, or be unwell by its probes, while the candidate is watched,
 * before somebody has to look.
 */
const TROUBLED_SHARE = 0.1

/** In fleets of so many clients each one counts. */
const FEW = 2

/**
 * What follows for a candidate that is watched: what clients say counts, or what they do beside
 * those who are held back; silence and probes alarm. The watch ends well once enough clients are
 * healthy and every gate has answered, and waits for somebody to look where that is late.
 *
 * ```ts
 * if (rollout.state === 'watching') return decideWatch(place)
 * ```
 */
export function decideWatch(place: Place): Decision {
  const { view, release, result } = place
  const { rollout, plan, nowMs } = view
  // Who was held back is still there to compare with.
  const bad = canCompare(view) ? badByComparison(view) : badFleet(view)
  const damage = plan.late === 'roll-back' ? 'roll-back' : 'pause'
  if (bad !== undefined) {
    if (bad.verdict !== 'bad') return act(place, 'pause', bad)
    if (!bad.silentOnly) return act(place, damage, bad)
    // Who is silent has said nothing against the candidate.
    return act(place, damage === 'roll-back' && release.candidate !== undefined ? 'retreat' : 'pause', bad)
  }
  if (result.rollBack.length > 0) return say(place, damage, { verdict: 'bad', why: result.rollBack })
  const troubled = troubleIn(view)
  if (troubled !== undefined) return say(place, 'pause', { verdict: 'unknown', why: [], ...troubled })
  if (result.pause.length > 0)
    return say(place, 'pause', { verdict: 'bad', why: result.pause, wouldChange: [GREEN_AGAIN] })

  const leftMs = runsFromMs(release, rollout) + plan.watchMs - nowMs
  if (leftMs > 0) {
    const text = `${sayRunning(view)}, and it is watched for ${sayLeft(leftMs, plan.watchMs)} more`
    return hold(place, { verdict: 'unknown', why: [], unknowns: [unknown('watching', { text })] })
  }
  const verdict = judgeWatch({ view, now: asIfBegunNow(place), gates: result })
  if (verdict.verdict === 'unknown') {
    const { unknowns } = verdict
    const isLate = nowMs > Date.parse(rollout.decideBy)
    const pauses = isLate || needLooking(unknowns)
    const why = [
      isLate
        ? `not decided by ${rollout.decideBy}`
        : 'the watch is over, and nobody can say yet that it went well',
    ]
    return say(place, pauses ? 'pause' : 'hold', {
      verdict: 'unknown',
      why,
      unknowns,
      wouldChange: waysOut(verdict),
    })
  }
  return say(
    place,
    'advance',
    { verdict: 'good', why: ['the watch has ended without damage', verdict.why] },
    {
      state: 'completed',
      stage: rollout.stage,
      audience: undefined,
      start: rollout.stageStart,
      decideBy: rollout.decideBy,
    },
  )
}

/** Too many clients that say nothing, or whose probes say that they are unwell. */
function troubleIn(
  view: StageView,
): { readonly unknowns: readonly Unknown[]; readonly wouldChange: readonly string[] } | undefined {
  const { exposed, nowMs } = view
  const total = beganWith(view)
  const isTooMany = (clients: number): boolean =>
    clients > TROUBLED_SHARE * total && (clients > 1 || total <= FEW)
  const isQuiet = ({ member, state }: Observed): boolean =>
    state.is !== 'left-out' && presenceOf(member, nowMs) === 'silent'
  const silent = exposed.filter(isQuiet).length
  if (isTooMany(silent))
    return {
      unknowns: [
        unknown('fleet-silent', {
          text: `${silent} of ${total} ${clients(total)} fell silent`,
          clients: silent,
        }),
      ],
      wouldChange: [`a word from ${silent === 1 ? 'it' : 'them'}`],
    }
  const unwell = exposed.filter(
    ({ state }) => state.is === 'doubtful' && state.why === 'probe-unhealthy',
  ).length
  if (!isTooMany(unwell)) return undefined
  return {
    unknowns: [
      unknown('fleet-unhealthy', {
        text: `the probes of ${unwell} of ${total} ${clients(total)} say unhealthy`,
        clients: unwell,
      }),
    ],
    wouldChange: ['healthy probes', 'a rollback by hand'],
  }
}

function clients(count: number): string {
  return count === 1 ? 'client' : 'clients'
}

/** How many run it, of those that were there when the watch began. */
function sayRunning(view: StageView): string {
  const running = view.exposed.filter(({ state }) => state.is === 'healthy' || state.is === 'baking').length
  const total = beganWith(view)
  return running === total ? 'all run it' : `${running} of ${total} clients run it`
}

/** The view of a watch that begins now, over those who are there. */
function asIfBegunNow({ view, release, heard, hasher }: Place): StageView {
  const { stageStart } = view.rollout
  const start = { ...stageStart, at: new Date(view.nowMs).toISOString(), exposed: 0, control: 0 }
  return viewOf({ release, rollout: { ...view.rollout, stageStart: start }, plan: view.plan, heard, hasher })
}
