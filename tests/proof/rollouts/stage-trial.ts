import type { Random } from '../../../src/contracts/system.js'
import { eValue, type StageCounts } from '../../../src/rollouts/e-process.js'

/** One kind of stage: how large, and how often clients fail in it. */
export interface StageKind {
  readonly exposed: number
  readonly control: number
  /** The chance of a client to fail within the stage; of a host, where hosts die whole. */
  readonly background: number
  /** The chance of an exposed client to fail of the candidate as well. */
  readonly fault?: number
  /** So many clients of one host fail together, and a host is in the audience as a whole. */
  readonly hostSize?: number
}

/** One failure, or those of one host, in the order in which they come. */
interface Failure {
  readonly exposed: boolean
  readonly clients: number
}

/** What watches a stage, and raises an alarm at a failure or never. */
export interface Watcher {
  readonly name: string
  /** Whether it counts hosts instead of clients. */
  readonly byHost?: boolean
  /** Whether it raises the alarm; asked after each failure of an exposed client. */
  alarms(counts: StageCounts): boolean
}

/** When an e-value reaches a bound. */
export function eProcess(bound: number, byHost = false): Watcher {
  const unit = byHost ? ', hosts counted' : ''
  return { name: `e >= ${bound}${unit}`, byHost, alarms: counts => eValue(counts) >= bound }
}

/** What many tools do: more than a share of the exposed failed. */
export function threshold(share: number): Watcher {
  return {
    name: `more than ${share * 100} % failed`,
    alarms: ({ failedExposed, exposed }) => failedExposed > share * exposed,
  }
}

/**
 * An exact test at 5 %, looked at after every failure: the chance of that many exposed ones among
 * all failures.
 */
export const repeatedExactTest: Watcher = {
  name: 'exact test at 5 %, repeated',
  alarms: counts => tailOf(counts) <= 0.05,
}

/**
 * Runs one stage to its end, and gives for each watcher how many exposed clients had failed when it
 * raised the alarm; undefined where it did not.
 */
export function runStage(
  kind: StageKind,
  watchers: readonly Watcher[],
  random: Random,
): readonly (number | undefined)[] {
  const failures = shuffled(failuresOf(kind, random), random)
  const alarmedAt: (number | undefined)[] = watchers.map(() => undefined)
  const { hostSize = 1 } = kind
  let [clientsIn, clientsOut, hostsIn, hostsOut] = [0, 0, 0, 0]
  for (const { exposed, clients } of failures) {
    if (exposed) [clientsIn, hostsIn] = [clientsIn + clients, hostsIn + 1]
    else [clientsOut, hostsOut] = [clientsOut + clients, hostsOut + 1]
    // A failure outside the audience raises no alarm.
    if (!exposed) continue
    for (const [index, watcher] of watchers.entries()) {
      if (alarmedAt[index] !== undefined) continue
      const size = watcher.byHost === true ? hostSize : 1
      const counts = {
        exposed: Math.round(kind.exposed / size),
        control: Math.round(kind.control / size),
        failedExposed: watcher.byHost === true ? hostsIn : clientsIn,
        failedControl: watcher.byHost === true ? hostsOut : clientsOut,
      }
      if (watcher.alarms(counts)) alarmedAt[index] = clientsIn
    }
  }
  return alarmedAt
}

function failuresOf(
  { exposed, control, background, fault = 0, hostSize = 1 }: StageKind,
  random: Random,
): Failure[] {
  const both = 1 - (1 - background) * (1 - fault)
  const failed = (clients: number, chance: number, isExposed: boolean): Failure[] =>
    Array.from({ length: binomial(clients / hostSize, chance, random) }, () => ({
      exposed: isExposed,
      clients: hostSize,
    }))
  return [...failed(exposed, both, true), ...failed(control, background, false)]
}

/** How many of so many succeed, from success to success, so that rare ones cost little. */
function binomial(tries: number, chance: number, random: Random): number {
  if (chance >= 1) return Math.round(tries)
  if (chance <= 0) return 0
  const scale = Math.log(1 - chance)
  let hits = 0
  for (let at = 0; ; hits += 1) {
    at += Math.floor(Math.log(1 - random.number()) / scale) + 1
    if (at > Math.round(tries)) return hits
  }
}

function shuffled(failures: Failure[], random: Random): readonly Failure[] {
  for (let index = failures.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random.number() * (index + 1))
    const [a, b] = [failures[index], failures[other]]
    if (a !== undefined && b !== undefined) [failures[index], failures[other]] = [b, a]
  }
  return failures
}

/**
 * The chance that of all failures at least so many fall on exposed clients, if they fall on anybody
 * alike.
 */
function tailOf({ exposed, control, failedExposed, failedControl }: StageCounts): number {
  const all = failedExposed + failedControl
  const q = exposed / (exposed + control)
  // From one term to the next, from the top down; by logarithms, since the first ones are too small
  // for a number.
  let logTerm = all * Math.log(q)
  let sum = Math.exp(logTerm)
  for (let hits = all - 1; hits >= failedExposed; hits -= 1) {
    logTerm += Math.log(((hits + 1) / (all - hits)) * ((1 - q) / q))
    sum += Math.exp(logTerm)
  }
  return sum
}
