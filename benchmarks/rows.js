// The rows of the table: what is reached beside what is to be reached, with the floor and the best
// of others from the same run.
import { summarize, summarizeRatio } from './statistics.js'

/** @import { Summary } from './statistics.js' */

/**
 * One side of a row, in the row's unit, a number a round. Sides of one row took turns: their rounds
 * belong together.
 * @typedef {{ title: string, rounds: readonly number[] }} Side
 *
 * What is to be reached: so many times the floor at most, or so many of the unit, at most or at
 * least.
 * @typedef {{ most: number, of: 'floor' } | { most: number } | { least: number }} Target
 *
 * @typedef {object} Measured what a part says of one row
 * @property {string} name what is measured
 * @property {string} unit
 * @property {Side} ours
 * @property {Side} [floor] the least that anybody needs: bare sockets, bare files, a plain property
 * @property {readonly Side[]} [peers] what others need
 * @property {Target} target
 *
 * @typedef {{ title: string, figure: Summary, ratio: Summary | undefined }} Told
 * @typedef {object} Row what the table and the file have of it
 * @property {string} name
 * @property {string} unit
 * @property {Told} ours
 * @property {Told | undefined} floor
 * @property {readonly Told[]} peers
 * @property {Target} target
 * @property {boolean} isReached by the median
 */

/**
 * Makes a row of what was measured. Throws where a side is missing, has no rounds or fewer than
 * belong to it: nothing is quoted from another run.
 * @param {Measured} measured
 * @param {{ leastRounds: number }} asked
 * @returns {Row}
 */
export function makeRow({ name, unit, ours, floor, peers = [], target }, { leastRounds }) {
  if ('of' in target && floor === undefined)
    throw new Error(`"${name}" is told beside its floor, which did not run`)
  const told = (/** @type {Side} */ { title, rounds }) => {
    if (rounds.length < leastRounds || rounds.length !== ours.rounds.length || !rounds.every(Number.isFinite))
      throw new Error(
        `"${name}": ${title} has ${rounds.filter(Number.isFinite).length} of ${Math.max(leastRounds, ours.rounds.length)} rounds`,
      )
    return {
      title,
      figure: summarize(rounds),
      ratio: floor === undefined ? undefined : summarizeRatio(rounds, floor.rounds),
    }
  }
  const row = { name, unit, ours: told(ours), floor: floor && told(floor), peers: peers.map(told), target }
  return { ...row, isReached: reaches(row) }
}

/** @param {Pick<Row, 'ours' | 'target'>} row */
function reaches({ ours: { figure, ratio }, target }) {
  if ('least' in target) return figure.median >= target.least
  return ('of' in target ? (ratio?.median ?? Number.NaN) : figure.median) <= target.most
}
