import { figure, paragraph, ranged } from './table.js'

/** @import { Row, Target, Told, ToldControl } from './rows.js' */

/**
 * The table of targets, for people: a row is what was reached and what was to be, and then
 * everything that ran beside it. Targets that nobody asked for come last, and do not count.
 * @param {readonly Row[]} rows
 * @param {{ leftOut: readonly string[] }} told which parts were not asked for
 */
export function describeTargets(rows, { leftOut }) {
  const asked = rows.filter(({ isOurs }) => !isOurs)
  const own = rows.filter(({ isOurs }) => isOurs)
  const changed = asked.filter(({ wanted }) => wanted !== undefined).length
  const inTheOpen = `; ${changed} of them changed, since a floor of this run contradicts what was wanted`
  return [
    ...describeGroup(
      `What is reached: ${countOf(asked)} targets, by the medians${changed === 0 ? '' : inTheOpen}`,
      asked,
    ),
    ...describeGroup(`Of targets of our own: ${countOf(own)}, by the medians`, own),
    ...(leftOut.length === 0 ? [] : [paragraph(`Not asked for, and so not told: ${leftOut.join(', ')}.`)]),
  ].join('\n')
}

/** @param {string} heading @param {readonly Row[]} rows */
function describeGroup(heading, rows) {
  return rows.length === 0 ? [] : [paragraph(heading), '', ...rows.flatMap(describeRow), '']
}

/** @param {readonly Row[]} rows */
function countOf(rows) {
  return `${rows.filter(({ isReached }) => isReached).length} of ${rows.length}`
}

/** @param {Row} row */
function describeRow(row) {
  const { name, unit, ours, floor, peers, controls, target, wanted, because, note, reached, isReached } = row
  const sides = [ours, ...(floor === undefined ? [] : [floor]), ...peers]
  const widest = Math.max(...[...sides, ...controls].map(({ title }) => title.length))
  return [
    paragraph(
      `${isReached ? 'reached' : 'MISSED '}  ${name}: ${figure(reached)}${'of' in target ? ' x' : ''}, to be ${sayTarget(target, unit)}`,
    ),
    ...(wanted === undefined ? [] : [inset(`changed from ${sayTarget(wanted, unit)}: ${because}`)]),
    ...(note === undefined ? [] : [inset(note)]),
    ...sides.map(
      side => `${margin}${side.title.padEnd(widest)}  ${ranged(side.figure)} ${unit}${sayRatio(side)}`,
    ),
    ...controls.map(
      control =>
        `${margin}${control.title.padEnd(widest)}  ${ranged(control.figure)} ${unit}${saySeen(control)}`,
    ),
  ]
}

const margin = '         '

/** @param {string} text */
function inset(text) {
  return paragraph(text, { margin })
}

/** @param {Target} target @param {string} unit */
function sayTarget(target, unit) {
  if ('least' in target) return `${figure(target.least)} ${unit} or more`
  if (!('of' in target)) return `${figure(target.most)} ${unit} or less`
  return `${figure(target.most)} x ${target.of === 'floor' ? 'the floor' : `"${target.of}"`} or less`
}

/** @param {Told} side */
function sayRatio({ ratio }) {
  return ratio === undefined ? '' : `, ${ranged(ratio)} x`
}

/** @param {ToldControl} control */
function saySeen({ seen, than }) {
  return than === undefined ? ', and is seen' : `, and is seen: ${figure(seen)} x`
}
