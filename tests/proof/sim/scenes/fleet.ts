import type { ClientReport } from '../../../../src/contracts/report.js'
import { createRegistry } from '../../../../src/fleet/registry.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { createHandler } from '../../../../src/server/handler.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { startProcess } from '../../../../src/sim/process.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'
import { publish } from '../../../support/server-fixtures.js'
import { reportOf } from '../../../support/report-of.js'
import { boardSystem } from '../board-system.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * What servers and stores remember of clients: last words that come late, twice and to several, in
 * more numbers than there is room.
 */
export const fleet: Scene = stage => stage.dice.pick([fillRegistry, keepReports, handOn])(stage)

const NAMESPACE = 'shop/fleet'
const PRESENCE_MS = 300_000
const MISSING_AFTER = 3

/** A registry with little room, held against a list that is searched in full. */
async function fillRegistry({ clock, dice, violate, met }: SceneStage): Promise<void> {
  const most = dice.between(3, 12)
  const registry = createRegistry({ clock, maxInstances: most })
  /** In the order in which they were heard last. */
  let model: { readonly report: ClientReport; readonly heardMs: number }[] = []
  const counts = new Map<string, number>()
  for (let round = 0; round < 120; round += 1) {
    if (dice.chance(0.3)) await clock.advance(dice.pick([1_000, 60_000, 400_000]))
    const instanceId = `i${dice.between(1, 2 * most)}`
    const last = counts.get(instanceId) ?? 0
    const count = Math.max(1, last + dice.pick([1, 1, 1, 0, -1]))
    counts.set(instanceId, Math.max(last, count))
    const report = reportOf({
      namespace: dice.pick([NAMESPACE, NAMESPACE, 'shop/other']),
      instanceId,
      count,
      phase: dice.chance(0.15) ? 'stopped' : 'applied',
    })
    const same = (other: ClientReport): boolean =>
      other.instanceId === instanceId && other.namespace === report.namespace
    const known = model.find(entry => same(entry.report))
    const holds = known === undefined || known.report.count <= count
    const nowMs = clock.monotonic()
    if (holds) {
      if (known !== undefined) model = model.filter(entry => entry !== known)
      else if (model.length >= most) {
        const gone = model.find(
          entry => entry.report.phase === 'stopped' || nowMs - entry.heardMs > MISSING_AFTER * PRESENCE_MS,
        )
        model = model.filter(entry => entry !== (gone ?? model[0]))
        met('a full registry forgot somebody')
      }
      model.push({ report: known?.report.count === count ? known.report : report, heardMs: nowMs })
    }
    if ((registry.add(report) !== 'older') !== holds)
      violate(
        'last-words-hold',
        `report ${count} after ${known?.report.count} ${holds ? 'does not hold' : 'holds'}`,
      )
    for (const namespace of [NAMESPACE, 'shop/other']) {
      const show = (reports: readonly ClientReport[]): string =>
        reports
          .map(({ instanceId: name, count: at, phase }) => `${name} ${at} ${phase}`)
          .sort()
          .join()
      const wanted = show(
        model.flatMap(entry => (entry.report.namespace === namespace ? [entry.report] : [])),
      )
      const found = show(registry.of(namespace))
      if (found !== wanted)
        return violate('last-words-hold', `a registry of ${most} holds ${found}, and ought to hold ${wanted}`)
    }
    if (registry.size !== model.length)
      violate('last-words-hold', `its size is ${registry.size} with ${model.length} inside`)
  }
}

/** How long a last word may take to the files that other processes read, in milliseconds. */
const WRITTEN_MS = 7_000

/**
 * Servers that share a board, and start anew: what each was told is known to all a while later, and
 * after its death.
 */
async function keepReports({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const never = new AbortController().signal
  const disk = simDisk(clock, dice)
  let lives = 0
  /** Of one machine a later process takes an earlier one for gone. */
  const open = (machine: 'a' | 'b') => {
    lives += 1
    const own = startProcess(`keeper-${machine}.${lives}`, { clock, seed })
    const store = fileStore('/board', {
      fs: disk.mount(own),
      owner: own.owner,
      system: boardSystem(own),
      pollIntervalMs: 60_000,
    })
    return { machine, own, store }
  }
  let servers = [open('a'), open('b')]
  const words = new Map<string, number>()
  for (let round = 0; round < 6; round += 1) {
    for (let left = dice.between(1, 4); left > 0; left -= 1) {
      const instanceId = `i${dice.between(1, 6)}`
      const count = (words.get(instanceId) ?? 0) + 1
      words.set(instanceId, count)
      const report = reportOf({ namespace: NAMESPACE, instanceId, count })
      await Promise.all([
        dice.pick(servers).store.report([report], never),
        clock.advance(dice.between(0, 1_500)),
      ])
    }
    await clock.advance(WRITTEN_MS)
    if (dice.chance(0.5)) {
      const [gone, ...others] = servers
      if (dice.chance(0.4)) await Promise.all([gone?.store.close(), clock.advance(1_000)])
      gone?.own.kill()
      servers = [...others, open(gone?.machine ?? 'a')]
      note('a keeper starts anew')
      met('reports outlived who heard them')
    }
    for (const { store } of servers) {
      let found: readonly ClientReport[] | undefined
      void store.reports({ namespace: NAMESPACE }, never).then(({ reports }) => (found = reports))
      await clock.runUntil(() => found !== undefined, 10_000)
      for (const [instanceId, count] of words) {
        const known = found?.find(each => each.instanceId === instanceId)
        if (known?.count !== count)
          violate(
            'last-words-hold',
            `${instanceId} said its word ${count} some seconds ago, and a server knows ${known?.count ?? 'none'}`,
          )
      }
    }
  }
  await Promise.all([...servers.map(({ store }) => store.close()), clock.advance(5_000)])
}

/**
 * A server that hands on what it is told to a store that takes its time: the last word of each is
 * kept there soon, and as long as somebody may ask for who is missing.
 */
async function handOn({ clock, dice, seed, violate, met }: SceneStage): Promise<void> {
  const never = new AbortController().signal
  const base = storeFrom(memoryEngine('memory'), { system: { clock } })
  await publish(base, { n: 1 }, NAMESPACE)
  const store: typeof base = {
    ...base,
    async report(states, signal) {
      await clock.sleep(dice.between(0, 3_000), signal)
      await base.report(states, signal)
    },
  }
  const own = startProcess('keeper.1', { clock, seed })
  const server = createHandler(store, { system: own.system })
  const words = new Map<string, { readonly report: ClientReport; readonly saidMs: number }>()
  const say = async (): Promise<void> => {
    const instanceId = `i${dice.between(1, 5)}`
    const count = (words.get(instanceId)?.report.count ?? 0) + 1
    const nextReportWithinMs = dice.pick([60_000, 1_800_000, 3_600_000])
    const report = reportOf({ namespace: NAMESPACE, instanceId, count, nextReportWithinMs })
    words.set(instanceId, { report, saidMs: clock.monotonic() })
    const url = `http://board.test/v1/${NAMESPACE}/~reports`
    const body = JSON.stringify({ reports: [report] })
    const headers = { 'content-type': 'application/json' }
    const saying = server.fetch(new Request(url, { method: 'POST', body, headers }))
    const [answer] = await Promise.all([saying, clock.advance(dice.between(0, 900))])
    if (answer.status !== 204) violate('last-words-hold', `a report was answered with ${answer.status}`)
  }
  for (let round = dice.between(3, 5); round > 0; round -= 1) {
    for (let left = dice.between(2, 12); left > 0; left -= 1) await say()
    // Gathered, written, and gathered once more behind a write that was under way.
    await clock.advance(9_000)
    if (dice.chance(0.5)) await clock.advance(dice.pick([600_000, 5 * 3_600_000, 20 * 3_600_000]))
    const { reports } = await base.reports({ namespace: NAMESPACE }, never)
    for (const [instanceId, { report, saidMs }] of words) {
      const { count, nextReportWithinMs = 0 } = report
      // Beyond that nobody counts it as missing any more.
      if (clock.monotonic() - saidMs > MISSING_AFTER * nextReportWithinMs) continue
      const known = reports.find(each => each.instanceId === instanceId)?.count
      if (known !== count)
        violate('last-words-hold', `${instanceId} said ${count}, and its store knows ${known ?? 'nothing'}`)
    }
  }
  met('reports were handed on to a store that takes its time')
  await Promise.all([server.close({ drainMs: 0 }), clock.advance(20_000)])
  own.kill()
}
