import { figure, paragraph, ranged } from './table.js'

/** @import { Row, Target, Told } from './rows.js' */

/**
 * The table of targets, for people: a row is what was reached and what was to be, and then
 * everything that ran beside it.
 * @param {readonly Row[]} rows
 * @param {{ leftOut: readonly string[] }} told which parts were not asked for
 */
export function describeTargets(rows, { leftOut }) {
  const reached = rows.filter(({ isReached }) => isReached).length
  return [
    paragraph(`What is reached: ${reached} of ${rows.length} targets, by the medians`),
    '',
    ...rows.flatMap(describeRow),
    ...(leftOut.length === 0 ? [] : [paragraph(`Not asked for, and so not told: ${leftOut.join(', ')}.`)]),
  ].join('\n')
}

/** @param {Row} row */
function describeRow({ name, unit, ours, floor, peers, target, isReached }) {
  const sides = [ours, ...(floor === undefined ? [] : [floor]), ...peers]
  const widest = Math.max(...sides.map(({ title }) => title.length))
  return [
    paragraph(
      `${isReached ? 'reached' : 'MISSED '}  ${name}: ${sayReached(ours, target)}, to be ${sayTarget(target, unit)}`,
    ),
    ...sides.map(
      side => `         ${side.title.padEnd(widest)}  ${ranged(side.figure)} ${unit}${sayRatio(side)}`,
    ),
  ]
}

/** @param {Told} ours @param {Target} target */
function sayReached({ figure: own, ratio }, target) {
  return 'of' in target && ratio !== undefined ? `${figure(ratio.median)} x` : figure(own.median)
}

/** @param {Target} target @param {string} unit */
function sayTarget(target, unit) {
  if ('least' in target) return `${figure(target.least)} ${unit} or more`
  return 'of' in target
    ? `${figure(target.most)} x the floor or less`
    : `${figure(target.most)} ${unit} or less`
}

/** @param {Told} side */
function sayRatio({ ratio }) {
  return ratio === undefined ? '' : `, ${ranged(ratio)} x`
}
