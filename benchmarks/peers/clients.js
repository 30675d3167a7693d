// A client in an application: what it takes of the heap, and of the processor for each change,
// beside the clients of others.
import { countRounds } from '../rounds.js'
import { summarize } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {{ title: string, mode: string, heap: number[], cpu: number[] }} Kind
 */

/** Each reads the same 80 flags, of which one changes. */
const flags = 80
const launchDarkly = "LaunchDarkly's Node SDK"

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureClients({ options: { quick }, processes, say }) {
  const clients = quick ? 20 : 100
  const counting = quick
    ? { warmUps: 1, most: 3, least: 3, budgetMs: 10_000 }
    : { warmUps: 2, most: 15, least: 5, budgetMs: 60_000 }
  /** @type {Kind[]} */
  const kinds = [
    { title: 'noticeboard, push', mode: 'push', heap: [], cpu: [] },
    { title: 'a bare stream, parse and SHA-256', mode: 'bare', heap: [], cpu: [] },
    { title: launchDarkly, mode: 'launchdarkly', heap: [], cpu: [] },
    { title: "Unleash's Node client", mode: 'unleash', heap: [], cpu: [] },
  ]
  /** @type {{ kind: Kind, stream: Child, fleet: Child }[]} */
  const running = []
  for (const kind of kinds) {
    const settings = { mode: kind.mode, flags, clients }
    const stream = await processes.start(new URL('stream-process.js', import.meta.url), settings)
    const url = await stream.ask('url')
    const fleet = await processes.start(new URL('client-process.js', import.meta.url), { ...settings, url })
    running.push({ kind, stream, fleet })
    say(`peers: ${clients} clients of ${kind.title}`)
  }
  for (const { kind, fleet } of running)
    // As many rounds as of the changes: each makes more clients, and takes what they added.
    for (let round = 0; round < counting.least; round += 1) kind.heap.push(await fleet.ask('grow'))
  for (const { index: round, isMeasured } of countRounds({ ...counting, most: counting.least })) {
    for (const { kind, stream, fleet } of round % 2 === 0 ? running : running.toReversed()) {
      await fleet.ask('arm')
      await stream.ask('change')
      const cpuMicroseconds = await fleet.ask('changed')
      if (isMeasured) kind.cpu.push(cpuMicroseconds)
    }
  }
  for (const { stream, fleet } of running) {
    await fleet.end()
    await stream.end()
  }

  const [ours, bare, ...others] = kinds
  const side = (/** @type {Kind | undefined} */ kind, /** @type {'heap' | 'cpu'} */ of) => ({
    title: kind?.title ?? '',
    rounds: kind?.[of] ?? [],
  })
  const figures = {
    clients,
    flags,
    rows: kinds.map(({ title, heap, cpu }) => ({
      title,
      heapKiB: summarize(heap),
      cpuMicroseconds: summarize(cpu),
    })),
  }
  const text = [
    paragraph(
      `9. A client in an application, ${flags} flags, beside others; taking turns, ${counting.least} rounds`,
    ),
    '',
    formatTable(
      ['', 'heap, KB a client', 'CPU, us a change'],
      figures.rows.map(row => [row.title, ranged(row.heapKiB), ranged(row.cpuMicroseconds)]),
    ),
    paragraph(
      `A change is one flag: noticeboard and the bare stream are sent the whole document, LaunchDarkly and Unleash the flag. Each client has a stream of its own, that of noticeboard over fetch, and tells its server that it has the change, which the others were told to leave.`,
    ),
  ].join('\n')
  return {
    figures,
    text,
    rows: [
      {
        name: `a client in an application with ${flags} flags: heap`,
        unit: 'KB',
        ours: side(ours, 'heap'),
        floor: side(bare, 'heap'),
        peers: others.map(kind => side(kind, 'heap')),
        // It holds a stream open and what came over it, as noticeboard does here.
        target: { most: 1, of: launchDarkly },
        own: `not counted: 25 KB are wanted of a client beside a document of 7 bytes, in the part client, and nothing of one that holds ${flags} flags; here it is beside others that hold them`,
      },
      {
        name: `a client in an application with ${flags} flags: processor time a change`,
        unit: 'us',
        ours: side(ours, 'cpu'),
        floor: side(bare, 'cpu'),
        peers: others.map(kind => side(kind, 'cpu')),
        target: { most: 2.5, of: 'floor' },
      },
    ],
  }
}
