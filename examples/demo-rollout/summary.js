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

/**
 * Prints what happened and what it means. Returns the exit status.
 * @param {object} run
 * @param {readonly (Told & { meeting: Meeting })[]} run.meetings
 * @param {readonly (Told & { arrival: Arrival })[]} run.arrivals
 * @param {number} run.clients
 * @param {number} run.patience
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
  const broken = arrivals.flatMap(({ scene, arrival }, index) => {
    const { meeting } = meetings.filter(({ scene: { way } }) => way === 'by default')[index] ?? {}
    return meeting === undefined
      ? []
      : brokenBy(meeting, arrival, patience).map(what => `${scene.strategy}: ${what}`)
  })
  const byStrategy = meetings.toSorted((a, b) => order(a) - order(b))
  const left = scenes.reduce((sum, { supervisor }) => sum + supervisor.left, 0)
  const lines = [
    '',
    bold('The bad document: how many clients run a good version, from its publication on'),
    ...draw(
      byStrategy.map(told => strip(told)),
      paint,
    ),
    dim(
      `  █ all ${clients} do, ▇ to ▁ fewer, _ none; the others are down, or run the bad one and soon will be`,
    ),
    '',
    `  ${'document'.padEnd(20)}${'met it'.padEnd(11)}${'processes down'.padEnd(16)}${'deaths'.padEnd(8)}${'lost'.padEnd(9)}${'all well after'.padEnd(17)}by`,
    ...byStrategy.map(({ scene, meeting }) => row(scene, meeting)),
    dim('  lost: what the clients were down or ran it, all together'),
    '',
    bold('The mended document, by default, while some processes run out of memory: how many clients run it'),
    ...draw(
      arrivals.map(told => strip(told, true)),
      paint,
    ),
    dim('  a stair is a stage: one client, a tenth, a half, all'),
    ...arrivals.map(
      ({ scene, arrival: { arrived, clients: all, deaths, allMs } }) =>
        `  ${scene.strategy.padEnd(20)}${arrived} of ${all} run it${allMs === undefined ? '' : `, the last after ${duration(allMs)}`}; ${deaths} ${deaths === 1 ? 'process' : 'processes'} died of something else`,
    ),
    '',
    ...conclusion(meetings).map(line => bold(line)),
    ...(broken.length === 0
      ? [green('the promise was kept')]
      : [red(`the promise was broken${without === 'nothing' ? '' : `, without the ${without}`}:`)]),
    ...broken.map(what => red(`  ${what}`)),
    `time ${(screen.elapsedMs / 1_000).toFixed(1)} s   processes ${scenes.reduce((sum, { supervisor }) => sum + supervisor.started, 0)} started, ${left === 0 ? '0 left' : red(`${left} left`)}   events ${folder}`,
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
  return [
    `  ${`${strategy.padEnd(8)}${way}`.padEnd(20)}`,
    `${exposed} of ${clients}`.padEnd(11),
    `${died} of ${processes}`.padEnd(16),
    String(deaths).padEnd(8),
    duration(downMs).padEnd(9),
    back.padEnd(17),
    way === 'at once' ? 'somebody' : backMs === undefined ? '-' : 'itself',
  ].join('')
}

/** What it comes to, in a sentence for each way. @param {readonly (Told & { meeting: Meeting })[]} meetings */
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
      ? [
          `At once ${exposed}; processes went down ${sum(({ deaths }) => deaths)} times until somebody stepped in.`,
        ]
      : [
          `By default ${exposed}, ${isBack ? `and after ${duration(lastMs)} the fleet was well again, by itself.` : 'and the fleet never was all well again.'}`,
        ]
  })
}
