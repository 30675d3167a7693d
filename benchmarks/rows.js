// The rows of the table: what is reached beside what is to be reached, with the floor and the best
// of others from the same run.
import { titleBefore } from './before/build.js'
import { summarize, summarizeRatio } from './statistics.js'

/** @import { Summary } from './statistics.js' */

/**
 * One side of a row, in the row's unit, a number a round. Sides of one row took turns: their rounds
 * belong together.
 * @typedef {{ title: string, rounds: readonly number[] }} Side
 *
 * What is to be reached: so many times another side at most (`floor`, or a peer by its title), or
 * so many of the unit, at most or at least.
 * @typedef {{ most: number, of: string } | { most: number } | { least: number }} Target
 *
 * A target that was changed: what was wanted before, and the side of the same row that shows why
 * that cannot be: it does less than noticeboard has to, and misses it by itself. Where it does not
 * miss it in this run, what was wanted holds.
 * @typedef {{ target: Target, by: string, because: string }} Wanted
 *
 * What is done badly on purpose, which the measurement has to see: it takes so many times what
 * noticeboard takes at least, or what `than` takes, or so many of the unit. It has fewer rounds
 * where they are dear.
 * @typedef {Side & { least: number, than?: 'ours' | Side }} Control
 *
 * @typedef {{ problem: string }} Untold
 *
 * @typedef {object} Measured what a part says of one row
 * @property {string} name what is measured
 * @property {string} unit
 * @property {Side} ours
 * @property {Side} [floor] the least that anybody needs: bare sockets, bare files, a plain property
 * @property {readonly Side[]} [peers] what others need
 * @property {Side | Untold} [before] what the build before needs, or why that was not measured
 * @property {readonly Control[]} [controls]
 * @property {Target} target
 * @property {Wanted} [wanted] instead of the target, before that was changed
 * @property {string} [note] what this machine did not allow
 * @property {string} [own] why the target is one of this project's own, beside those that it was
 * asked for
 *
 * @typedef {{ title: string, figure: Summary, ratio: Summary | undefined }} Told
 * @typedef {{ title: string, figure: Summary, least: number, seen: number, than: string | undefined }}
 * ToldControl
 * @typedef {Told & { reached: number, beside: Summary | undefined }} ToldBefore `reached`: what is
 * held against the target, as of noticeboard; `beside`: so many times this noticeboard needs
 * @typedef {object} Row what the table and the file have of it
 * @property {string} name
 * @property {string} unit
 * @property {Told} ours
 * @property {Told | undefined} floor
 * @property {readonly Told[]} peers
 * @property {ToldBefore | Untold | undefined} before
 * @property {readonly ToldControl[]} controls
 * @property {Target} target the one that holds
 * @property {Target | undefined} wanted what it was before it was changed
 * @property {string | undefined} because why it was changed
 * @property {string | undefined} note
 * @property {string | undefined} own
 * @property {number} reached what is held against the target, by the median
 * @property {boolean} isReached
 */

/** So many streams make a control stand out of what a round costs however many there are. */
const MANY = 500

/**
 * Controls of a broadcast, where its readers are so many that they are seen; else a word on that.
 * @param {number} connections @param {readonly Control[]} controls
 * @param {{ bytes?: number }} [document] in bytes, where they cost more the larger that is
 * @returns {Pick<Measured, 'controls' | 'note'>}
 */
export function controlsAmong(connections, controls, { bytes = Number.POSITIVE_INFINITY } = {}) {
  if (connections >= MANY && bytes >= 10_000) return { controls }
  return { note: `too small for its negative control, which takes ${MANY} streams and 10 KB` }
}

/**
 * The side of the build before, or why it has none; nothing where it was not asked for.
 * @param {{ problem?: string | undefined } | undefined} asked
 * @param {() => readonly number[]} roundsOf
 * @returns {Pick<Measured, 'before'>}
 */
export function beforeOf(asked, roundsOf) {
  if (asked === undefined) return {}
  if (asked.problem !== undefined) return { before: { problem: asked.problem } }
  return { before: { title: titleBefore, rounds: roundsOf() } }
}

/**
 * Makes a row of what was measured. Throws where a side is missing, has no rounds or fewer than
 * belong to it, where a ratio is no number, and where a control is not seen: nothing is quoted from
 * another run, and a measurement that does not see what is done badly says nothing.
 * @param {Measured} measured
 * @param {{ leastRounds: number }} asked
 * @returns {Row}
 */
export function makeRow(measured, { leastRounds }) {
  const { name, unit, ours, floor, peers = [], before, controls = [], target, wanted, note, own } = measured
  const sides = [...(floor === undefined ? [] : [floor]), ...peers]
  for (const side of [ours, ...sides]) checkRounds(name, side, Math.max(leastRounds, ours.rounds.length))
  const told = (/** @type {Side} */ side) => {
    const ratio = floor && ratioOf(name, side, floor)
    return { title: side.title, figure: summarize(side.rounds), ratio }
  }
  const all = { ours: told(ours), floor: floor && told(floor), peers: peers.map(told) }

  /** @param {string} title */
  const sideOf = title => {
    const side = title === 'floor' ? floor : sides.find(each => each.title === title)
    if (side === undefined)
      throw new Error(
        `"${name}" is told beside ${title === 'floor' ? 'its floor' : `"${title}"`}, which did not run`,
      )
    return side
  }
  /** What of a side is held against a target. @param {Side} side @param {Target} aim */
  const reachedBy = (side, aim) =>
    ('of' in aim ? ratioOf(name, side, sideOf(aim.of)) : summarize(side.rounds)).median
  /** @param {Side} side @param {Target} aim */
  const reaches = (side, aim) =>
    'least' in aim ? reachedBy(side, aim) >= aim.least : reachedBy(side, aim) <= aim.most

  const isChanged = wanted !== undefined && !reaches(sideOf(wanted.by), wanted.target)
  const holding = wanted === undefined || isChanged ? target : wanted.target
  /** @returns {Row['before']} */
  const toldBefore = () => {
    if (before === undefined || 'problem' in before) return before
    const count = before.rounds.filter(Number.isFinite).length
    if (count !== ours.rounds.length || count !== before.rounds.length)
      return { problem: `it has ${count} of ${ours.rounds.length} rounds` }
    const beside = summarizeRatio(ours.rounds, before.rounds)
    return {
      ...told(before),
      reached: reachedBy(before, holding),
      // Nothing is so many times nothing.
      beside: beside.rounds.every(Number.isFinite) ? beside : undefined,
    }
  }
  return {
    name,
    unit,
    ...all,
    before: toldBefore(),
    controls: controls.map(control => toldControl(name, control, { ours, leastRounds })),
    target: holding,
    wanted: isChanged ? wanted.target : undefined,
    because: isChanged ? wanted.because : undefined,
    note,
    own,
    reached: reachedBy(ours, holding),
    isReached: reaches(ours, holding),
  }
}

/**
 * @param {string} name @param {Control} control
 * @param {{ ours: Side, leastRounds: number }} beside
 * @returns {ToldControl}
 */
function toldControl(name, control, { ours, leastRounds }) {
  const { title, rounds, least, than } = control
  checkRounds(name, control, leastRounds, rounds.length)
  const other = than === 'ours' ? ours : than
  const { median } = summarize(rounds)
  const seen = other === undefined ? median : median / summarize(other.rounds).median
  if (!Number.isFinite(seen) || seen < least)
    throw new Error(
      `"${name}": ${title} was done badly on purpose, and that was not seen: ${seen.toFixed(2)}${other === undefined ? '' : ` x ${other.title}`}, to be ${least} at least. Nothing of this run is told`,
    )
  return { title, figure: summarize(rounds), least, seen, than: other?.title }
}

/**
 * @param {string} name @param {Side} side @param {number} least how many rounds it has to have
 * @param {number} [exactly]
 */
function checkRounds(name, { title, rounds }, least, exactly = least) {
  if (rounds.length < least || rounds.length !== exactly || !rounds.every(Number.isFinite))
    throw new Error(`"${name}": ${title} has ${rounds.filter(Number.isFinite).length} of ${least} rounds`)
}

/** @param {string} name @param {Side} side @param {Side} other */
function ratioOf(name, side, other) {
  const ratio = summarizeRatio(side.rounds, other.rounds)
  if (!ratio.rounds.every(Number.isFinite))
    throw new Error(
      `"${name}": ${side.title} beside ${other.title} is no number in each round: ${other.rounds.join(', ')}`,
    )
  return ratio
}
