import type { Decision } from './policy.js'
import { sayFailures, type Verdict } from './judge.js'
import { say, type Place } from './say-decision.js'
import { unknown, type Unknown } from './unknowns.js'
import { wayOutOf } from './way-out.js'

/** What ends a pause for a red gate or guardrail. */
export const GREEN_AGAIN = 'a green gate, or a guardrail that holds'

/** What would change a verdict, for people. */
export function waysOut(verdict: Verdict): readonly string[] {
  switch (verdict.verdict) {
    case 'unknown':
      return [...new Set(verdict.unknowns.map(({ kind }) => wayOutOf(kind)))]
    case 'suspect':
      return ['the failure of a second client', 'a healthy one in its place']
    case 'alarming':
      return [
        'more failures outside the audience than in it',
        'a few more in the audience, which roll it back',
      ]
    case 'bad':
    case 'good':
      return []
  }
}

/**
 * What is unknown by a verdict: failures that are no proof have their names, too.
 *
 * ```ts
 * return say(place, 'pause', { verdict: 'unknown', why, unknowns: unknownsIn(verdict) })
 * ```
 */
export function unknownsIn(verdict: Verdict): readonly Unknown[] {
  switch (verdict.verdict) {
    case 'unknown':
      return verdict.unknowns
    case 'suspect':
      return [unknown('one-failure', { text: verdict.why, clients: verdict.failures.length })]
    case 'alarming':
      return [unknown('stage-failing', { text: verdict.why, clients: verdict.failures.length })]
    case 'bad':
    case 'good':
      return []
  }
}

/** Says a step that failures ask for. */
export function act(
  place: Place,
  type: 'roll-back' | 'retreat' | 'pause',
  verdict: Extract<Verdict, { failures: unknown }>,
): Decision {
  const { why, failures } = verdict
  const isBad = verdict.verdict === 'bad'
  const taken = type === 'retreat' ? ['exposed clients fell silent, so they are taken back'] : []
  return say(place, type, {
    verdict: isBad ? 'bad' : 'unknown',
    why: [
      why,
      ...taken,
      ...(failures.length > 0 && !why.includes(sayFailures(failures)) ? [sayFailures(failures)] : []),
    ],
    unknowns: unknownsIn(verdict),
    wouldChange: isBad ? [] : waysOut(verdict),
  })
}
