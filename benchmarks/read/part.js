// The read of one value beside a plain property, in a process that does nothing else.
import { figuresOfBefore, thisBuild, titleBefore } from '../before/build.js'
import { summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/**
 * @import { Build } from '../before/build.js'
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {{ title: string, nanoseconds: number[] }} Kind
 * @typedef {{ build: Build, child: Child, kinds: readonly Kind[] }} Side
 */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureReading({ options: { quick }, processes, say, before }) {
  const rounds = quick ? 9 : 31
  const old = before?.build('read')
  /** @type {Side[]} */
  const sides = []
  for (const build of [thisBuild(processes), ...(old === undefined ? [] : [old])]) {
    await build.attempt(async () => {
      const child = await build.start(new URL('read-process.js', import.meta.url))
      /** @type {string[]} */
      const titles = await child.ask('warm', { sampleMs: quick ? 4 : 12 })
      sides.push({ build, child, kinds: titles.map(title => ({ title, nanoseconds: [] })) })
    })
  }
  for (let round = 0; round < rounds; round += 1)
    // There and back again, so that nobody always comes after the same one.
    for (const { build, child, kinds } of round % 2 === 0 ? sides : sides.toReversed())
      await build.attempt(async () => {
        /** @type {number[]} */
        const nanoseconds = await child.ask('round', { round })
        for (const [index, kind] of kinds.entries()) kind.nanoseconds.push(nanoseconds[index] ?? Number.NaN)
      })
  for (const { build, child } of sides) {
    await build.attempt(() => child.ask('close'))
    await child.end()
  }
  const [own, other] = sides.filter(({ build }) => build.problem === undefined)
  const reads = own?.kinds ?? []
  say(`read: ${rounds} rounds of ${reads.length} kinds of reading were measured`)

  const plain = reads.find(({ title }) => title.startsWith('object.'))?.nanoseconds ?? []
  // What is none of noticeboard is the same in both.
  const ofBefore = (other?.kinds ?? [])
    .filter(({ title }) => title.startsWith('config.'))
    .map(({ title, nanoseconds }) => ({ title: `${titleBefore}: ${title}`, nanoseconds }))
  const rows = [...reads, ...ofBefore].map(({ title, nanoseconds }) => ({
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
  const figures = { rounds, rows, ...figuresOfBefore(old) }
  return { figures, text }
}
