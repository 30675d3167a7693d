import type { Digest } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import { groupBy } from '../core/group-by.js'
import type { GateResult } from './gate.js'
import { marginOf, momentsOf } from './mean-sequence.js'
import { unitOf, type Member } from './members.js'
import type { PlannedGuardrail } from './plan.js'
import { percent } from './resolving-power.js'
import { unknown } from './unknowns.js'

/** The chance of a false alarm of all guardrails of a stage together. */
export const GUARDRAIL_ALPHA = 0.01

/** Of fewer clients in either group a mean says nothing: the theory is one of large numbers. */
export const FEWEST_MEASURED = 20

/** Where a number of the application stands in a stage. */
export interface GuardrailReading {
  readonly guardrail: PlannedGuardrail
  /**
   * `too-small`: the stage or its control has too few clients; `waiting`: too few have reported
   * yet.
   */
  readonly verdict: 'bad' | 'good' | 'waiting' | 'too-small'
  /** Both means, how many clients they are of, and from where on it is bad; for people. */
  readonly text: string
}

/** What a stage is read with. */
export interface GuardrailQuery {
  readonly guardrails: readonly PlannedGuardrail[]
  /** The release with which the stage began. */
  readonly stage: Position
  readonly bakeMs: number
  readonly exposed: MeasuredGroup
  readonly control: MeasuredGroup
  /** The label of which all clients of one value are one voice. */
  readonly cluster: string | undefined
}

/** Clients, and what they run if their word counts. */
export interface MeasuredGroup {
  readonly members: readonly Member[]
  readonly digests: ReadonlySet<Digest>
  /** How many voices the group has in the end. */
  readonly planned: number
}

/**
 * Compares the numbers of a stage: what the exposed clients measured with what the others measured
 * at the same time. Each client is one voice, the mean of its values over one bake; it counts once
 * that is over, and does not change any more, so a look more or less changes nothing.
 *
 * ```ts
 * const readings = readGuardrails({ guardrails: plan.guardrails, stage, bakeMs, exposed, control, cluster })
 * ```
 */
export function readGuardrails(query: GuardrailQuery): readonly GuardrailReading[] {
  return query.guardrails.map(guardrail => {
    const inside = sampleOf(guardrail.measure, query.exposed, query)
    const outside = sampleOf(guardrail.measure, query.control, query)
    return readingOf(guardrail, inside, outside, query)
  })
}

/**
 * What the readings come to, as the answers of gates do. Where a whole label is exposed, a guardrail
 * pauses and does not take back: what is wrong may be the label.
 *
 * ```ts
 * const { rollBack, unknowns } = guardrailResult(view.readings, view)
 * ```
 */
export function guardrailResult(
  readings: readonly GuardrailReading[],
  { mayRollBack }: { readonly mayRollBack: boolean },
): GateResult {
  const bad = readings.filter(({ verdict }) => verdict === 'bad')
  const saying = (onBad: PlannedGuardrail['onBad']): readonly string[] =>
    bad.filter(({ guardrail }) => guardrail.onBad === onBad).map(({ text }) => text)
  const rollBack = saying('roll-back')
  return {
    rollBack: mayRollBack ? rollBack : [],
    pause: mayRollBack ? saying('pause') : [...rollBack, ...saying('pause')],
    recorded: saying('record').map(text => `only recorded: ${text}`),
    unknowns: readings
      .filter(({ guardrail }) => guardrail.onBad !== 'record')
      .flatMap(({ verdict, text }) => {
        if (verdict === 'waiting') return [unknown('guardrail-waiting', { text })]
        return verdict === 'too-small' ? [unknown('guardrail-too-small', { text })] : []
      }),
  }
}

function readingOf(
  guardrail: PlannedGuardrail,
  inside: readonly number[],
  outside: readonly number[],
  { exposed, control, guardrails }: GuardrailQuery,
): GuardrailReading {
  const { measure, worseBy, direction } = guardrail
  const planned = { exposed: exposed.planned, control: control.planned }
  const fewest = `${FEWEST_MEASURED} of each are needed`
  if (Math.min(planned.exposed, planned.control) < FEWEST_MEASURED)
    return {
      guardrail,
      verdict: 'too-small',
      text: `${measure} cannot be compared with ${planned.exposed} exposed and ${planned.control} others: ${fewest}`,
    }
  if (Math.min(inside.length, outside.length) < FEWEST_MEASURED)
    return {
      guardrail,
      verdict: 'waiting',
      text: `${measure} was measured through a bake by ${inside.length} exposed and ${outside.length} others: ${fewest}`,
    }
  const sign = direction === 'up' ? 1 : -1
  const factor = 1 + sign * worseBy
  const alpha = GUARDRAIL_ALPHA / guardrails.length
  const [here, there] = [momentsOf(inside), momentsOf(outside)]
  const margin = marginOf(here, there, { alpha, factor, planned })
  const allowed = factor * there.mean
  const isBad = sign * (here.mean - allowed) > margin
  const worse = `more than ${percent(worseBy)} ${direction === 'up' ? 'higher' : 'lower'}`
  const groups = `${say(here.mean)} in ${here.count} exposed and ${say(there.mean)} in ${there.count} others`
  const bound = allowed + sign * margin
  return {
    guardrail,
    verdict: isBad ? 'bad' : 'good',
    text: isBad
      ? `${measure} is ${worse} beyond chance: ${groups}`
      : `${measure} is ${groups}; it is ${worse} ${sayBound(bound, direction)}`,
  }
}

function sayBound(bound: number, direction: PlannedGuardrail['direction']): string {
  if (direction === 'up') return `from ${say(bound)} on`
  return bound > 0 ? `below ${say(bound)}` : 'at no value yet'
}

/**
 * One number for each client, or for each value of the cluster's label, that measured through the
 * bake.
 */
function sampleOf(
  measure: string,
  { members, digests }: MeasuredGroup,
  { stage, bakeMs, cluster }: GuardrailQuery,
): readonly number[] {
  const measured = members.flatMap(member => {
    const mean = meanOf(member, measure, { stage, bakeMs, digests })
    return mean === undefined ? [] : [{ voice: unitOf(member, cluster), mean }]
  })
  return [...groupBy(measured, ({ voice }) => voice).values()].map(voice => {
    const means = voice.map(({ mean }) => mean).sort((a, b) => a - b)
    return means.reduce(sum, 0) / means.length
  })
}

/**
 * The mean over all instances of a client that measured through the bake; undefined where none did.
 */
function meanOf(
  { words, shared }: Member,
  measure: string,
  {
    stage,
    bakeMs,
    digests,
  }: { readonly stage: Position; readonly bakeMs: number; readonly digests: ReadonlySet<Digest> },
): number | undefined {
  // Two under one name cannot be told apart.
  if (shared) return undefined
  const numbers = words.flatMap(({ measures }) => {
    if (measures === undefined || measures.overMs < bakeMs || !digests.has(measures.digest)) return []
    if (comparePositions(measures.stage, stage) !== 'same') return []
    return measures.numbers.filter(({ name }) => name === measure)
  })
  if (numbers.length === 0) return undefined
  return numbers.map(number => number.sum).reduce(sum, 0) / numbers.map(({ count }) => count).reduce(sum, 0)
}

function sum(total: number, value: number): number {
  return total + value
}

function say(value: number): string {
  return String(Number(value.toPrecision(3)))
}
