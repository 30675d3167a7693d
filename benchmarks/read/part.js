// The read of one value beside a plain property, in a process that does nothing else.
import { summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/** @import { Bench, Part } from '../main.js' */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureReading({ options: { quick }, processes, say }) {
  const rounds = quick ? 9 : 31
  const child = await processes.start(new URL('read-process.js', import.meta.url))
  /** @type {{ title: string, nanoseconds: number[] }[]} */
  const reads = await child.ask('measure', { rounds, sampleMs: quick ? 4 : 12 })
  await child.end()
  say(`read: ${rounds} rounds of ${reads.length} kinds of reading were measured`)

  const plain = reads.find(({ title }) => title.startsWith('object.'))?.nanoseconds ?? []
  const rows = reads.map(({ title, nanoseconds }) => ({
    title,
    nanoseconds: summarize(nanoseconds),
    ratio: summarizeRatio(nanoseconds, plain),
  }))
  const text = [
    paragraph(`3. The read of one value; the kinds take turns, ${rounds} rounds`),
    '',
    formatTable(
      ['', 'ns', 'ratio'],
      rows.map(({ title, nanoseconds, ratio }) => [
        title,
        ranged(nanoseconds),
        ratio.median === 0 ? '-' : ranged(ratio),
      ]),
    ),
    paragraph(
      'The loop itself (one array access, one addition) is in every row, and stands alone in the first. ratio: to a plain property, round by round.',
    ),
  ].join('\n')
  return { figures: { rounds, rows }, text }
}
