// The fleet over time: a column is a moment, its height is how many of the clients are well.
import { countRunning } from './course.js'

/**
 * @import { Course } from './course.js'
 * @import { Paint } from '../demo/screen.js'
 *
 * @typedef {object} Strip what is drawn of one fleet
 * @property {string} label
 * @property {Course} course
 * @property {readonly string[]} wanted the documents that count as well
 * @property {number} from in milliseconds since 1970
 * @property {number} until
 * @property {boolean} rises whether it begins with nobody, and that is how it should be
 */

const columns = 50
const heights = ['▁', '▂', '▃', '▄', '▅', '▆', '▇']
const labelWidth = 20
/** What a column may stand for, in milliseconds. */
const steps = [100, 200, 250, 500, 1_000, 2_000]

/**
 * @param {readonly Strip[]} strips @param {Paint} paint @returns {string[]} the lines, all of them
 * with the same time axis
 */
export function draw(strips, { red, green, dim }) {
  const longestMs = Math.max(...strips.map(({ from, until }) => until - from))
  const stepMs =
    steps.find(step => step * columns >= longestMs) ?? 1_000 * Math.ceil(longestMs / columns / 1_000)
  const rows = strips.map(({ label, course, wanted, from, until, rises }) => {
    const count = Math.min(columns, Math.ceil((until - from) / stepMs))
    const cells = Array.from({ length: count }, (_, index) => {
      const share =
        countRunning(course, wanted, Math.min(until, from + (index + 1) * stepMs)) / course.clients.length
      const glyph =
        share === 0 ? '_' : share === 1 ? '█' : (heights[Math.floor(share * heights.length)] ?? '█')
      return share === 1 || (rises && share > 0) ? green(glyph) : rises ? dim(glyph) : red(glyph)
    })
    return `  ${label.padEnd(labelWidth)}${cells.join('')}`
  })
  return [...rows, dim(`  ${' '.repeat(labelWidth)}${axis(stepMs)}`)]
}

/** A mark each ten columns. @param {number} stepMs */
function axis(stepMs) {
  const marks = Array.from({ length: columns / 10 }, (_, index) =>
    `|${(index * 10 * stepMs) / 1_000} s`.padEnd(10),
  )
  return marks.join('').trimEnd()
}
