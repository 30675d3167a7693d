// How long a benchmark waits for an answer: longer for a larger fleet and where the machine is
// busy, and never for ever. What `noticeboard compare` does on a busy machine is no public name,
// and benchmarks use nothing else of the library.
import { availableParallelism, loadavg } from 'node:os'

/**
 * What an answer may take for a small fleet on a machine that has little else to do, and ever, in
 * milliseconds.
 */
const USUAL_MS = 60_000
const MOST_MS = 900_000
/** How many clients of a strategy are a small fleet. */
const SMALL_FLEET = 200
/** From so many for each processor on, a machine is called busy. */
const BUSY = 1.5

/**
 * @typedef {{ load: number, processors: number }} Machine how many wanted a processor during the
 * last minute, and how many there are
 */

/** @returns {Machine} */
export const thisMachine = () => ({ load: loadavg()[0] ?? 0, processors: availableParallelism() })

/**
 * How many times as long something takes here as on a machine that has nothing else to do; 1 at
 * least. @param {Machine} machine
 */
export const slownessOf = ({ load, processors }) => Math.max(1, load / processors)

/**
 * How long an answer may take, in milliseconds. @param {{ clients: number, machine: Machine }}
 * asked
 */
export const patienceFor = ({ clients, machine }) =>
  Math.min(MOST_MS, Math.round(USUAL_MS * Math.max(1, clients / SMALL_FLEET) * slownessOf(machine)))

/** What to say of a busy machine; undefined of any other. @param {Machine} machine */
export function sayBusy(machine) {
  const slowness = slownessOf(machine)
  if (slowness < BUSY) return undefined
  return `this machine is busy, with a load of ${machine.load.toFixed(1)} on ${machine.processors} processors: what takes a second elsewhere takes some ${Math.round(slowness)} s`
}

/**
 * An answer that did not come within the time that it may take: the machine cannot do what was
 * asked for.
 */
export class OutOfPatience extends Error {
  /** @override */
  name = 'OutOfPatience'
}

/**
 * Why a benchmark ended early: in words where the machine is too slow, with the stack where the
 * benchmark is to blame.
 * @param {unknown} error
 * @param {{ clients: number, machine: Machine }} asked
 */
export function sayFailure(error, { clients, machine }) {
  if (!(error instanceof OutOfPatience))
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  const busy = sayBusy(machine)
  return [
    error.message,
    ...(busy === undefined ? [] : [busy]),
    `ask for fewer than ${clients.toLocaleString('en')} --clients${busy === undefined ? '' : ', or try again when it has less to do'}`,
  ].join('; ')
}
