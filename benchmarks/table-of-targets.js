import { figure, paragraph, ranged } from './table.js'

/**
 * @import { Row, Target, Told, ToldControl } from './rows.js'
 * @typedef {object} ToldOfBefore
 * @property {string} what which build that is
 * @property {readonly { part: string, why: string }[]} without parts that did not measure it
 */

/**
 * The table of targets, for people: a row is what was reached and what was to be, and then
 * everything that ran beside it. Targets that nobody asked for come last, with why they are there,
 * and do not count.
 * @param {readonly Row[]} rows
 * @param {{ leftOut: readonly string[], before?: ToldOfBefore | undefined }} told which parts were
 * not asked for; the build before, where one was
 */
export function describeTargets(rows, { leftOut, before }) {
  const asked = rows.filter(({ own }) => own === undefined)
  const ofOurs = rows.filter(({ own }) => own !== undefined)
  const changed = asked.filter(({ wanted }) => wanted !== undefined).length
  const inTheOpen = `; ${changed} of them changed, since a floor of this run contradicts what was wanted`
  return [
    ...describeGroup(
      `What is reached: ${countOf(asked)} targets, by the medians${changed === 0 ? '' : inTheOpen}`,
      asked,
      before,
    ),
    ...describeGroup(`Of targets of our own: ${countOf(ofOurs)}, by the medians`, ofOurs, before),
    ...(before === undefined ? [] : describeBefore(before)),
    ...(leftOut.length === 0 ? [] : [paragraph(`Not asked for, and so not told: ${leftOut.join(', ')}.`)]),
  ].join('\n')
}

/**
 * @param {string} heading @param {readonly Row[]} rows @param {ToldOfBefore | undefined} before
 */
function describeGroup(heading, rows, before) {
  if (rows.length === 0) return []
  const withBefore = before !== undefined
  return [paragraph(heading), '', ...rows.flatMap(row => describeRow(row, { withBefore })), '']
}

/** @param {ToldOfBefore} before */
function describeBefore({ what, without }) {
  return [
    paragraph(`before: ${what}, beside the same floors.`),
    ...without.map(({ part, why }) => paragraph(`Not measured of it: ${part}, since ${why}.`)),
  ]
}

/** @param {readonly Row[]} rows */
function countOf(rows) {
  return `${rows.filter(({ isReached }) => isReached).length} of ${rows.length}`
}

/**
 * @param {Row} row @param {{ withBefore: boolean }} options whether a build before was asked for
 */
function describeRow(row, { withBefore }) {
  const { name, unit, ours, floor, peers, before, controls, target, wanted, because, own, note } = row
  const { reached, isReached } = row
  const times = 'of' in target ? ' x' : ''
  const told = before === undefined || 'problem' in before ? undefined : before
  const saidBefore = told === undefined ? '-' : `${figure(told.reached)}${times}`
  const sides = [ours, told, floor, ...peers].filter(side => side !== undefined)
  const widest = Math.max(...[...sides, ...controls].map(({ title }) => title.length))
  return [
    paragraph(
      `${isReached ? 'reached' : 'MISSED '}  ${name}: ${figure(reached)}${times}${withBefore ? `, before ${saidBefore}` : ''}, to be ${sayTarget(target, unit)}`,
    ),
    ...(before !== undefined && 'problem' in before ? [inset(`before: ${before.problem}`)] : []),
    ...(wanted === undefined ? [] : [inset(`changed from ${sayTarget(wanted, unit)}: ${because}`)]),
    ...(own === undefined ? [] : [inset(own)]),
    ...(note === undefined ? [] : [inset(note)]),
    ...sides.map(
      side => `${margin}${side.title.padEnd(widest)}  ${ranged(side.figure)} ${unit}${sayRatio(side)}`,
    ),
    ...(told?.beside === undefined
      ? []
      : [inset(`this build is ${ranged(told.beside)} x the one before, round by round`)]),
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
  return than === undefined ? ', is seen' : `, seen: ${figure(seen)} x`
}
