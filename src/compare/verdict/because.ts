import type { Row } from '../row.js'
import { placeOf, type InputName, type Workload } from '../workload.js'
import type { Crossing } from './crossings.js'
import { count, figure, percent, sayApart, sayBeyond, sayBytes, sayMs, sayRatio } from '../words.js'
import { deadlineOf } from './misses.js'
import { costOf, TIE, type Choice, type Weights } from './recommend.js'

/** From this share of the clients on, dead connections are no exception any more. */
const MANY = 0.1

/**
 * Why a model is taken, a sentence each; or why none is.
 *
 * ```ts
 * becauseOf(choose(rows, weights), { rows, workload, weights })
 * ```
 */
export function becauseOf(
  { best, ties, fitting }: Choice,
  {
    rows,
    workload,
    weights,
  }: { readonly rows: readonly Row[]; readonly workload: Workload; readonly weights: Weights },
): readonly string[] {
  if (best === undefined)
    return [
      'none of the models meets what is asked:',
      ...rows.map(({ model, misses }) => `${model}: ${misses.map(({ text }) => text).join('; ')}`),
    ]
  const dropped = rows.filter(({ fits }) => !fits)
  const dearer = fitting.filter(row => row !== best && !ties.includes(row))
  return [
    `${best.model} brings a change to ${sayAll(workload.clients - best.offline)} within ${sayMs(best.stalenessMs.all)} (deadline: ${sayMs(deadlineOf(workload))})`,
    ...sayHalfOpen(best, workload),
    ...sayHeartbeat(best, { fitting, workload, weights }),
    ...(best.offline > 0 ? [sayAway(best.offline)] : []),
    ...dropped.map(({ model, misses }) => `${model} is out: ${misses.map(({ text }) => text).join('; ')}`),
    ...(ties.length > 0
      ? [
          `${ties.map(({ model }) => model).join(' and ')} ${ties.length === 1 ? 'costs' : 'cost'} the same within ${percent(TIE)}: a tie, in which the model is named first whose last client has a change soonest`,
        ]
      : []),
    ...dearer.slice(0, 1).map(next => {
      const ratio = costOf(next, weights) / costOf(best, weights)
      return `${next.model}, the next that fits, costs ${sayDearer(ratio)} (${sayWeights(weights)})`
    }),
    ...(fitting.length === 1 && rows.length > 1 ? ['no other model fits'] : []),
  ]
}

function sayAway(clients: number): string {
  const said = count(clients)
  return said === '1'
    ? '1 client is away, and gets it when it is back, as with every model'
    : `${said} clients are away, and get it when they are back, as with every model`
}

function sayWeights({ cpu, bytes }: Weights): string {
  if (bytes === 0) return 'in processor time alone'
  if (cpu === 0) return 'in bytes alone'
  return `processor time to the power of ${cpu}, times bytes to the power of ${bytes}`
}

function sayAll(clients: number): string {
  return Math.round(clients) === 1
    ? 'the one client that is there'
    : `all ${count(clients)} clients that are there`
}

/** What is no tie is not said to cost what a tie may. */
function sayDearer(ratio: number): string {
  const said = sayRatio(ratio)
  return said === sayRatio(1 + TIE) ? `a little over ${said}` : said
}

/**
 * What clients on dead connections get, where there are any to speak of, or where they have a change
 * too late, however few they are.
 */
function sayHalfOpen({ halfOpen, offline }: Row, workload: Workload): readonly string[] {
  const deadlineMs = deadlineOf(workload)
  const isLate = halfOpen.worstMs > deadlineMs
  if (halfOpen.clients === 0 || (halfOpen.clients < 0.05 && !isLate)) return []
  const share = halfOpen.clients / (workload.clients - offline)
  return [
    `on average ${halfOpen.clients < 0.01 ? 'less than 0.01' : figure(halfOpen.clients)} of them are on a connection that died unnoticed, and have the change ${isLate ? sayBeyond(halfOpen.worstMs, deadlineMs) : sayMs(halfOpen.worstMs)} after the publish at most${isLate ? `, beyond the deadline of ${sayMs(deadlineMs)}` : ''}`,
    ...(share > MANY
      ? [
          `these are ${percent(share)} of the clients that are there: within the deadline, but more than an exception`,
        ]
      : []),
  ]
}

/**
 * Which model meets the deadline also on dead connections, where the one that is taken does not.
 */
function sayHeartbeat(
  best: Row,
  {
    fitting,
    workload,
    weights,
  }: { readonly fitting: readonly Row[]; readonly workload: Workload; readonly weights: Weights },
): readonly string[] {
  const deadlineMs = deadlineOf(workload)
  if (best.halfOpen.worstMs <= deadlineMs) return []
  const sooner = fitting.find(({ halfOpen }) => halfOpen.worstMs > 0 && halfOpen.worstMs <= deadlineMs)
  if (sooner === undefined) return []
  const ratio = costOf(sooner, weights) / costOf(best, weights)
  return [
    `with "${sooner.model}", which costs ${sayRatio(ratio)}, clients on a dead connection have it in time as well, within ${sayMs(sooner.halfOpen.worstMs)}`,
  ]
}

/**
 * What would have to change for another answer, in one line.
 *
 * ```ts
 * sayCrossing(crossing, workload) // deadlines.killSwitchMs above 34 s -> pull 30 s
 * ```
 */
export function sayCrossing(crossing: Crossing, workload: Workload): string {
  const { input, side, crossesAt, then, ties, assumed, endsTie, sameKind } = crossing
  const why = sameKind
    ? ', since what is taken here does not fit there as it is'
    : endsTie
      ? `${ties.length === 0 ? ' alone' : ''}, since a tie ends there`
      : ''
  const to = `${[then ?? 'none of these', ...ties].join(' or ')}${why}`
  if (input === 'serverCosts')
    return `servers that take ${side === 'above' ? 'more' : 'less'} than ${sayApart(figure, crossesAt, 1)} times the processor time -> ${to}`
  const say = (value: number, more: number): string => sayInput(input, value, more)
  const given = workload[input]
  const from = sayApart(say, crossesAt, given)
  const isNear = from !== sayInput(input, crossesAt)
  const at =
    input === 'clients' || input === 'servers'
      ? side === 'above'
        ? `from ${from} on`
        : `${from} or fewer`
      : `${side} ${from}${isNear ? ` (here: ${sayApart(say, given, crossesAt)})` : ''}`
  const whose = assumed
    ? ' (you did not give it)'
    : workload.preset?.inputs.includes(input) === true
      ? ' (the preset’s)'
      : ''
  return `${placeOf(input)} ${at} -> ${to}${whose}`
}

/**
 * An input for people, with its unit.
 *
 * ```ts
 * sayInput('killSwitchMs', 5_000) // 5 s
 * ```
 */
export function sayInput(input: InputName, value: number, more = 0): string {
  switch (input) {
    case 'killSwitchMs':
    case 'routineMs':
    case 'rttMs':
    case 'idleTimeoutMs':
      return sayMs(value, more)
    case 'documentBytes':
    case 'encodedBytes':
    case 'changedBytes':
      return sayBytes(value, more)
    case 'offlineShare':
      return percent(value, more)
    case 'changesPerDay':
    case 'restartsPerDay':
    case 'halfOpenPerClientDay':
      return `${figure(value, more)} a day`
    case 'serverMbps':
    case 'clientMbps':
      return `${figure(value, more)} Mbit/s`
    case 'clients':
    case 'servers':
      return count(value)
  }
}
