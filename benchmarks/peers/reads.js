// The read of one value beside the evaluations of others.
import { summarize } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/** @import { Bench, Part } from '../main.js' */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureReads({ options: { quick }, processes, say }) {
  const rounds = quick ? 5 : 15
  const child = await processes.start(new URL('read-process.js', import.meta.url))
  /** @type {{ title: string, nanoseconds: number[] }[]} */
  const kinds = await child.ask('measure', { rounds, sampleMs: quick ? 4 : 12 })
  await child.end()
  say(`peers: ${rounds} rounds of ${kinds.length} kinds of reading were measured`)
  const [ours, floor, environment, ...peers] = kinds.map(({ title, nanoseconds }) => ({
    title,
    rounds: nanoseconds,
  }))
  const figures = {
    rounds,
    rows: kinds.map(({ title, nanoseconds }) => ({ title, nanoseconds: summarize(nanoseconds) })),
  }
  const text = [
    paragraph(`10. The read of one value, beside others; taking turns, ${rounds} rounds`),
    '',
    formatTable(
      ['', 'ns'],
      figures.rows.map(({ title, nanoseconds }) => [title, ranged(nanoseconds)]),
    ),
  ].join('\n')
  const none = { title: '', rounds: [] }
  return {
    figures,
    text,
    rows: [
      {
        name: 'a read of config.current.pool.size, beside evaluations',
        unit: 'ns',
        ours: ours ?? none,
        floor: floor ?? none,
        peers,
        controls: [{ ...(environment ?? none), least: 5, than: 'ours' }],
        target: { most: 20 },
        own: 'not counted: what is wanted of a read is told beside a plain property, in the part read; here it is beside what evaluates a flag at each read',
      },
    ],
  }
}
