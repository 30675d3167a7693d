// The end: the picture, the figures, and whether the promise was kept.
import { paintFor } from '../demo/screen.js'
import { duration } from '../demo/table.js'
import { draw } from './picture.js'
import { brokenBy } from './promise.js'

/**
 * @import { Meeting, Arrival } from './figures.js'
 * @typedef {ReturnType<typeof import('./scene.js').createScene>} Scene
 * @typedef {{ scene: Scene, from: number, until: number, wanted: readonly string[] }} Told
 */

/** Of the columns of the table; the last takes what it needs. */
const widths = [20, 11, 11, 8, 9, 12]

/**
 * Prints what happened and what it means. Returns the exit status.
 * @param {object} run
 * @param {readonly (Told & { meeting: Meeting, patience: number })[]} run.meetings
 * @param {readonly (Told & { arrival: Arrival })[]} run.arrivals
 * @param {number} run.clients
 * @param {number} run.patience that was asked for
 * @param {import('./options.js').Removed} run.without
 * @param {ReturnType<typeof import('../demo/screen.js').createScreen>} run.screen
 * @param {string} run.folder
 * @param {readonly Scene[]} run.scenes
 */
export function summarize({ meetings, arrivals, clients, patience, without, screen, folder, scenes }) {
  const paint = paintFor(process.stdout)
  const { bold, dim, red, green } = paint
  const strip = (/** @type {Told} */ { scene, from, until, wanted }, rises = false) => ({
    label: rises ? scene.strategy : `${scene.strategy.padEnd(8)}${scene.way}`,
    course: scene.course,
    wanted,
    from,
    until,
    rises,
  })
  const byDefault = meetings.filter(({ scene: { way } }) => way === 'by default')
  const broken = arrivals.flatMap(({ scene, arrival }, index) => {
    const met = byDefault[index]
    return met === undefined
      ? []
      : brokenBy(met.meeting, arrival, met.patience).map(what => `${scene.strategy}: ${what}`)
  })
  const byStrategy = meetings.toSorted((a, b) => order(a) - order(b))
  const busiest = Math.max(...byDefault.map(met => met.patience))
  const left = scenes.reduce((sum, { supervisor }) => sum + supervisor.left, 0)
  const lines = [
    '',
    bold('The bad document: how many clients run a good version, from its publication on'),
    ...draw(
      byStrategy.map(told => strip(told)),
      paint,
    ),
    dim(`  █ all ${clients} do, ▇ to ▁ fewer, _ none;`),
    dim('  the others are down, or run the bad one and soon will be'),
    '',
    `  ${cells('document', 'met it', 'down', 'deaths', 'lost', 'well after', 'by')}`,
    ...byStrategy.map(({ scene, meeting }) => row(scene, meeting)),
    dim('  down: processes that died of it, once or more often'),
    dim('  lost: what the clients were down or ran it, all together'),
    ...(busiest > patience
      ? [
          dim(
            `  this machine was busy: processes took ${(busiest / patience).toFixed(1)} times as long to start as usual,`,
          ),
          dim('  so the promise gives this machine as many times as long'),
        ]
      : []),
    '',
    bold('The mended document by default, while something else kills processes'),
    ...draw(
      arrivals.map(told => strip(told, true)),
      paint,
    ),
    dim('  how many clients run it; a stair is a stage: one, a tenth, a half, all'),
    ...arrivals.map(
      ({ scene, arrival: { arrived, clients: all, deaths, allMs } }) =>
        `  ${scene.strategy.padEnd(10)}${arrived} of ${all} run it${allMs === undefined ? '' : `, all after ${duration(allMs)}`}; ${deaths} ${deaths === 1 ? 'process' : 'processes'} died of something else`,
    ),
    '',
    ...conclusion(meetings).map(line => bold(line)),
    ...(broken.length === 0
      ? [green('the promise was kept')]
      : [red(`the promise was broken${without === 'nothing' ? '' : `, without the ${without}`}:`)]),
    ...broken.map(what => red(`  ${what}`)),
    `time ${(screen.elapsedMs / 1_000).toFixed(1)} s  processes ${scenes.reduce((sum, { supervisor }) => sum + supervisor.started, 0)} started, ${left === 0 ? '0 left' : red(`${left} left`)}  events ${folder}`,
    '',
  ]
  process.stdout.write(lines.join('\n'))
  return broken.length === 0 && left === 0 ? 0 : 1

  /** @param {Told} told */
  function order({ scene }) {
    return (
      scenes.findIndex(({ strategy }) => strategy === scene.strategy) * 2 + (scene.way === 'at once' ? 0 : 1)
    )
  }
}

/** @param {Scene} scene @param {Meeting} meeting */
function row({ strategy, way }, { exposed, clients, died, processes, deaths, downMs, backMs }) {
  const back = backMs === undefined ? 'never' : duration(backMs)
  return `  ${cells(
    `${strategy.padEnd(8)}${way}`,
    `${exposed} of ${clients}`,
    `${died} of ${processes}`,
    String(deaths),
    duration(downMs),
    back,
    way === 'at once' ? 'somebody' : backMs === undefined ? '-' : 'itself',
  )}`
}

/** A line of the table. @param {readonly string[]} texts */
function cells(...texts) {
  return texts.map((text, index) => text.padEnd(widths[index] ?? 0)).join('')
}

/**
 * What it comes to, in a sentence for each way. @param {readonly (Told & { meeting: Meeting })[]}
 * meetings
 */
function conclusion(meetings) {
  return /** @type {const} */ (['at once', 'by default']).flatMap(way => {
    const of = meetings.filter(({ scene }) => scene.way === way).map(({ meeting }) => meeting)
    if (of.length === 0) return []
    const sum = (/** @type {(meeting: Meeting) => number} */ take) =>
      of.reduce((total, meeting) => total + take(meeting), 0)
    const exposed = `${sum(({ exposed }) => exposed)} of ${sum(({ clients }) => clients)} clients met the bad document`
    const isBack = of.every(({ backMs }) => backMs !== undefined)
    const lastMs = Math.max(...of.map(({ backMs }) => backMs ?? 0))
    return way === 'at once'
      ? [`At once ${exposed}; processes died ${sum(({ deaths }) => deaths)} times.`]
      : [
          `By default ${exposed}, ${isBack ? `and all were well after ${duration(lastMs)}.` : 'and not all were well again.'}`,
        ]
  })
}
