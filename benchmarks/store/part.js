// Publishing to a folder until it is durable, beside the bare writes and flushes; and what a long
// history costs.
import { thisBuild } from '../before/build.js'
import { beforeOf } from '../rows.js'
import { countRounds } from '../rounds.js'
import { summarize } from '../statistics.js'
import { figure, formatTable, paragraph, ranged } from '../table.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Measured } from '../rows.js'
 */

const commands = /** @type {const} */ (['get', 'history', 'publish'])
const control = 'a listing of the log'

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureStore({ options: { quick }, processes, say, before }) {
  const counting = quick
    ? { warmUps: 0, most: 3, least: 3, budgetMs: 10_000 }
    : { warmUps: 2, most: 15, least: 5, budgetMs: 90_000 }
  const [short, long] = [100, quick ? 2_000 : 100_000]
  const module = new URL('store-process.js', import.meta.url)
  const store = await thisBuild(processes).start(module, { histories: [short, long] })
  // Its boards are of its own publisher and files; what is held against targets is the long one.
  const old = before?.build('store')
  const other = await old?.attempt(() => old.start(module, { histories: [long] }))
  say(`store: boards with ${short} and ${long.toLocaleString('en')} releases are there`)

  const kinds = [
    { name: 'publish', what: 'publish', more: {} },
    { name: 'open', what: 'open', more: {} },
    ...commands.map(name => ({ name: `noticeboard ${name}`, what: 'command', more: { name } })),
    // What each of them would begin with if it looked at the whole log.
    { name: control, what: 'list', more: {} },
  ]
  // A command that it does not know in this form says nothing of the others.
  const olds = new Map(kinds.map(({ name }) => [name, other && before?.build(name)]))
  const ofBefore = (/** @type {string} */ name) =>
    beforeOf(olds.get(name) ?? old, () => times.of.get(name)?.before ?? [])
  /**
   * @type {{ bare: number[], tenfold: number[], of: Map<string, { short: number[], long: number[], before: number[] }>
   * }}
   */
  const times = {
    bare: [],
    tenfold: [],
    of: new Map(kinds.map(({ name }) => [name, { short: [], long: [], before: [] }])),
  }
  const order = /** @type {const} */ (['short', 'long'])
  const last = other === undefined ? [] : [/** @type {const} */ ('before')]
  for (const { index: round, isMeasured } of countRounds(counting)) {
    const bareMs = await store.ask('bare')
    if (isMeasured) times.bare.push(bareMs)
    if (isMeasured && times.tenfold.length < counting.least) times.tenfold.push(await store.ask('tenfold'))
    for (const { name, what, more } of kinds) {
      // There and back again, so that nobody always comes after the same one; but nobody comes
      // right after the build before, whose publish may leave the disk much to do.
      for (const side of [...(round % 2 === 0 ? order : order.toReversed()), ...last]) {
        const asked = { releases: side === 'short' ? short : long, ...more }
        const ms =
          side === 'before'
            ? await olds.get(name)?.attempt(async () => other?.ask(what, asked))
            : await store.ask(what, asked)
        if (isMeasured && ms !== undefined) times.of.get(name)?.[side].push(ms)
      }
    }
  }
  await store.ask('remove')
  // It may be gone by itself.
  await other?.ask('remove').catch(() => {})
  for (const child of [store, other]) await child?.end()
  const rounds = times.bare.length
  say(`store: ${rounds} rounds were measured`)

  const titleOf = (/** @type {number} */ releases) => `after ${releases.toLocaleString('en')} releases`
  const figures = {
    rounds,
    releases: { short, long },
    bareMs: summarize(times.bare),
    rows: [...times.of].map(([name, sides]) => ({
      name,
      shortMs: summarize(sides.short),
      longMs: summarize(sides.long),
      ...(sides.before.length > 0 && { beforeMs: summarize(sides.before) }),
    })),
    ...(old !== undefined && {
      before: {
        problem: old.problem,
        of: Object.fromEntries([...olds].map(([name, build]) => [name, { problem: build?.problem }])),
      },
    }),
  }
  const listing = (/** @type {number} */ releases) => ({
    title: `${control}, ${titleOf(releases)}`,
    rounds: times.of.get(control)?.[releases === short ? 'short' : 'long'] ?? [],
  })
  /** @type {Measured[]} */
  const rows = [
    {
      name: `publish to durable in the file store, ${titleOf(long)}`,
      unit: 'ms',
      ours: { title: 'noticeboard', rounds: times.of.get('publish')?.long ?? [] },
      floor: { title: 'the bare writes and flushes', rounds: times.bare },
      ...ofBefore('publish'),
      controls: [
        {
          title: 'the bare ones, ten times',
          rounds: times.tenfold,
          least: 3,
          than: { title: 'once', rounds: times.bare },
        },
      ],
      target: { most: 3, of: 'floor' },
    },
    ...[...times.of]
      .filter(([name]) => name !== control)
      .map(([name, sides]) => ({
        name: `${name === 'open' ? 'open a board and read the newest release' : name}, ${titleOf(long)}`,
        unit: 'ms',
        ours: { title: titleOf(long), rounds: sides.long },
        floor: { title: titleOf(short), rounds: sides.short },
        ...ofBefore(name),
        controls: [{ ...listing(long), least: 2, than: listing(short) }],
        // No slower for its history; medians of some rounds on a machine that does other things
        // differ by so much.
        target: /** @type {const} */ ({ most: 1.15, of: 'floor' }),
      })),
  ]
  const text = [
    paragraph(
      `6. A board in a folder, with ${short} and ${long.toLocaleString('en')} releases; taking turns, ${rounds} rounds, in ms`,
    ),
    '',
    formatTable(
      ['', titleOf(short), titleOf(long), ...(old === undefined ? [] : [`before, ${titleOf(long)}`])],
      figures.rows.map(({ name, shortMs, longMs, beforeMs }) => [
        name,
        ranged(shortMs),
        ranged(longMs),
        ...(old === undefined ? [] : [beforeMs === undefined ? '-' : ranged(beforeMs)]),
      ]),
    ),
    paragraph(
      `The bare writes and flushes of a publish, without checks, digests and history: ${ranged(figures.bareMs)}; ${figure(figures.bareMs.median)} is the disk's own.`,
    ),
  ].join('\n')
  return { figures, text, rows }
}
