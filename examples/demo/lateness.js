// How busy the machine is, by something that the library has no part in: how late a timer comes in
// this process, which hardly works.
import { duration } from './table.js'

const everyMs = 50
/** On a machine that has time for a demo no timer comes later than that, in milliseconds. */
const usualMs = 25
/** Where nothing moves any more a demo ends all the same. */
const mostSlowness = 30
/** From here on people are told. */
const busy = 1.5

/**
 * How many times as long things may take on a machine whose timers come so late; 1 at least.
 * @param {number} lateMs
 */
export const slownessOf = lateMs => Math.min(mostSlowness, Math.max(1, lateMs / usualMs))

/** @param {number} slowness */
export const isBusy = slowness => slowness >= busy

/**
 * Watches until the process ends.
 * @param {{ nowMs?: () => number, every?: (run: () => void, ms: number) => void }} [machine]
 */
export function watchLateness({
  nowMs = () => performance.now(),
  every = (run, ms) => void setInterval(run, ms).unref(),
} = {}) {
  let lastMs = nowMs()
  let worstMs = 0
  const look = () => {
    worstMs = Math.max(worstMs, nowMs() - lastMs - everyMs)
    lastMs = nowMs()
  }
  every(look, everyMs)

  return {
    /** Forgets what was: another story begins. */
    begin() {
      worstMs = 0
      lastMs = nowMs()
    },
    /**
     * How slow the machine was at worst since then; a timer that is due and did not come counts as
     * well.
     */
    get slowness() {
      return slownessOf(Math.max(worstMs, nowMs() - lastMs - everyMs))
    },
  }
}

/**
 * What the bounds made of the machine, for people.
 * @param {readonly { slowness?: number }[]} stories
 * @param {{ machineMs: number, missed: number }} run
 * @returns {string[]}
 */
export function sayMachine(stories, { machineMs, missed }) {
  const worst = Math.max(1, ...stories.map(({ slowness = 1 }) => slowness))
  const usual = `missed: not there within the bound: the strategy's own, and ${duration(machineMs)} for this machine`
  if (!isBusy(worst)) return [`${usual}.`]
  return [
    `${usual}, up to ${duration(machineMs * worst)} while it was busy.`,
    `this machine was busy: its timers came up to ${duration(worst * usualMs)} late; times are those of a busy machine.`,
    ...(missed > 0 ? ['what was missed may be its doing; try again when it has less to do.'] : []),
  ]
}
