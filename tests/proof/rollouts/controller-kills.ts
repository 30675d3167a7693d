import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { explanationLines, staged } from '../../../src/rollouts/index.js'
import { serve } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild, type Child } from '../../support/processes/child.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'
import { readLog, wrongIn, type Read, type Run } from './read-story.js'
import { digestOf, startRealFleet } from './real-fleet.js'

export interface ControllerKillOptions {
  /** Rollouts over a fleet on paper, which is quick. */
  readonly trials: number
  /** Rollouts over a fleet of real clients, which parse what they are given. */
  readonly realTrials: number
  /** Called after each trial. */
  readonly onProgress?: (done: number, trials: number) => void
}

export interface ControllerKillResult {
  readonly trials: number
  /** How many controllers were killed by the write that they were to be killed at. */
  readonly killed: number
  /**
   * How many of them had nothing to write but the way back, of a document that is refused at once.
   */
  readonly killedGoingBack: number
  /** Rollouts with steps of more than one controller. */
  readonly resumed: number
  /**
   * How often a real client parsed a candidate, and how often one never met one that was refused.
   */
  readonly parsed: number
  readonly spared: number
  readonly violations: readonly string[]
}

/**
 * What becomes of the document of a trial: each client takes it; each refuses it, so that the first
 * step of a controller is the way back; or the first client takes it, and the next ones refuse it.
 */
type Kind = 'works' | 'refused' | 'refused later'
const KINDS: readonly Kind[] = ['works', 'refused later', 'works', 'refused']

/** What a controller writes from the start of a rollout of each kind to its end. */
type Writes = Readonly<Record<Kind, number>>

/** A fleet, and the periods of the rollouts over it. */
interface Setting {
  readonly clients: number
  readonly lookMs: number
  readonly times: { readonly bakeMs: number; readonly reportMs: number; readonly watchMs: number }
}

const PAPER: Setting = { clients: 12, lookMs: 30, times: { bakeMs: 60, reportMs: 20, watchMs: 20 } }
/** A real client is silent after three of its report periods, which is for a busy machine. */
const REAL: Setting = { clients: 9, lookMs: 100, times: { bakeMs: 3_000, reportMs: 1_000, watchMs: 100 } }

const namespace = 'checkout/prod'
const STAGES = [1, 4, 'all'] as const
/** A rollout that takes longer than this is stuck, in milliseconds. */
const STUCK_MS = 60_000
/** How often a trial is tried whose controller had ended the rollout before it was to die. */
const MOST_TRIES = 5
const NEVER = 1_000_000_000

const never = new AbortController().signal

/**
 * Kills controllers with SIGKILL in the middle of rollouts, each before another of its writes, on
 * the way forward and on the way back; the next one goes on. A rollout follows the other on one
 * board. All of them are gone when it resolves.
 */
export async function runControllerKills({
  trials,
  realTrials,
  onProgress,
}: ControllerKillOptions): Promise<ControllerKillResult> {
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-controllers-'))
  try {
    const script = await bundleChild('controller-child', root)
    const all = trials + realTrials
    let done = 0
    const onDone = (): void => onProgress?.((done += 1), all)
    const paper = await runBoard({ root: join(root, 'paper'), script, trials, onDone })
    const { writes } = paper
    const real = await runBoard({ root: join(root, 'real'), script, trials: realTrials, onDone, writes })
    return {
      trials: all,
      killed: paper.killed + real.killed,
      killedGoingBack: paper.killedGoingBack + real.killedGoingBack,
      resumed: paper.resumed + real.resumed,
      parsed: real.parsed,
      spared: real.spared,
      violations: [...paper.violations, ...real.violations.map(text => `real clients: ${text}`)],
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

interface BoardOptions {
  readonly root: string
  readonly script: string
  readonly trials: number
  readonly onDone: () => void
  /**
   * Known of another board, whose clients were on paper; else it is counted there, and they are.
   */
  readonly writes?: Writes
}

type BoardResult = Omit<ControllerKillResult, 'trials'> & { readonly writes: Writes }

/** The trials over one board, with one fleet. */
async function runBoard({ root, script, trials, onDone, writes: known }: BoardOptions): Promise<BoardResult> {
  const { clients, lookMs, times } = known === undefined ? PAPER : REAL
  const folder = join(root, 'board')
  const board = fileStore(folder)
  const server = await serve(board, { tokenFile: join(root, 'token'), controller: false })
  const { url, token = '' } = server
  const posted = httpStore(url, { token })
  const publisher = createPublisher({
    namespace,
    schema: z.object({ pool: z.number() }),
    store: httpStore(url, { token }),
  })
  const policy = staged({ stages: STAGES, spreadMs: 0, ...times })
  const violations: string[] = []
  const runs: Run[] = []
  const reads: Read[] = []
  /** What becomes of each document, by its digest. */
  const kinds = new Map<string, Kind>()
  /** Real clients that run each document, by its digest. */
  const taken = new Map<string, Set<string>>()
  let lastPool = 0
  let killed = 0
  let killedGoingBack = 0
  let child: Child | undefined

  const takes = (digest: string, clientId: string, running: readonly string[]): boolean => {
    const kind = kinds.get(digest) ?? 'works'
    return kind === 'works' || (kind === 'refused later' && running.every(other => other === clientId))
  }
  const startFleet = async (): Promise<{ close(): Promise<void> }> => {
    if (known !== undefined)
      return startRealFleet({
        url,
        token,
        namespace,
        clients,
        lookMs,
        reportMs: times.reportMs,
        takes: (pool, clientId) => takes(digestOf(pool), clientId, [...(taken.get(digestOf(pool)) ?? [])]),
        onRead: read => void reads.push(read),
        onRun: (pool, clientId) =>
          void taken.set(digestOf(pool), (taken.get(digestOf(pool)) ?? new Set()).add(clientId)),
      })
    // What is read comes from the disk at once; what is said goes through the server, as it does
    // for the controllers.
    const hearing = { ...board, reports: posted.reports, report: posted.report }
    const fleet = startPaperFleet({
      store: hearing,
      clock: systemClock,
      namespace,
      clients,
      lookMs,
      effect: (digest, clientId) => (takes(digest, clientId, fleet.runs(digest)) ? 'works' : 'rejected'),
      onRun: run => void runs.push(run),
    })
    return fleet
  }
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    const from = performance.now()
    while (!(await holds())) {
      if (performance.now() - from > STUCK_MS) {
        const explanation = await (await publisher.rollout())?.explain()
        const lines = explanation === undefined ? [] : explanationLines(explanation)
        throw new Error(`stuck: ${what}: ${lines.join('; ')}`)
      }
      await systemClock.sleep(10, never)
    }
  }
  const start = async (): Promise<Child> => {
    const started = startChild(script)
    await started.ready
    started.start({ folder, url, token, lookMs: 10 })
    await saidBy(started, line => line === 'started')
    return started
  }
  const publish = async (kind: Kind, reason: string): Promise<void> => {
    const pool = (lastPool += 1)
    kinds.set(digestOf(pool), kind)
    // The publisher is to say nothing of a controller: it is about to be killed.
    const { digest } = await publisher.publish({ pool }, { rollout: policy, drive: true, reason })
    if (digest !== digestOf(pool)) violations.push(`the digest of document ${pool} is not what it was to be`)
  }
  const hasEnded = async (): Promise<boolean> => {
    const state = (await publisher.rollout())?.state
    return state === 'completed' || state === 'rolled-back'
  }
  /** What a controller writes that nobody kills; undefined where it was killed meanwhile. */
  const writesOf = async (one: Child): Promise<number | undefined> => {
    let before: number | undefined
    for (;;) {
      const said = saidBy(one, line => line.startsWith('writes '))
      one.start({ tell: true })
      const line = await Promise.race([said, one.ended.then(() => undefined)])
      if (line === undefined) return undefined
      const count = Number(line.slice('writes '.length))
      if (count === before) return count
      before = count
      // What belongs to its last step may be under way.
      await systemClock.sleep(100, never)
    }
  }
  const countWrites = async (kind: Kind): Promise<number> => {
    const own = (child ??= await start())
    own.start({ killAtWrite: NEVER })
    await publish(kind, `what a rollout writes: ${kind}`)
    await until(`a rollout that is not disturbed ends: ${kind}`, hasEnded)
    return (await writesOf(own)) ?? 0
  }
  /** Whether the controller died at that write; a rollout may do with fewer of them. */
  const tryKill = async (kind: Kind, killAtWrite: number, what: string): Promise<boolean> => {
    const own = (child ??= await start())
    let isGone = false
    void own.ended.then(() => (isGone = true))
    own.start({ killAtWrite })
    await publish(kind, what)
    await until(`${what}: the controller works`, async () => isGone || (await hasEnded()))
    if (!isGone && (await writesOf(own)) !== undefined) {
      own.start({ killAtWrite: NEVER })
      if ((await writesOf(own)) !== undefined) return false
    }
    child = await start()
    await until(`${what}: the next one ends the rollout`, hasEnded)
    return true
  }

  let fleet: { close(): Promise<void> } | undefined
  const writes: Record<Kind, number> = { works: 0, refused: 0, 'refused later': 0, ...known }
  try {
    await publisher.publish({ pool: 0 }, { rollout: everyone(), reason: 'the first' })
    fleet = await startFleet()
    await until(
      'the fleet is heard',
      async () => (await posted.reports({ namespace }, never)).reports.length >= clients,
    )
    await systemClock.sleep(1.2 * times.reportMs + 100, never)
    if (known === undefined) for (const kind of new Set(KINDS)) writes[kind] = await countWrites(kind)
    for (let trial = 0; trial < trials; trial += 1) {
      const kind = KINDS[trial % KINDS.length] ?? 'works'
      const what = `trial ${trial} (${kind})`
      // Spread over the writes of its kind, of which the later ones may not be there each time.
      let at = 1 + Math.floor((trial / trials) * writes[kind])
      let isKilled = false
      for (let left = MOST_TRIES; left > 0 && !isKilled; left -= 1) {
        isKilled = await tryKill(kind, at, what)
        at = Math.max(1, at - Math.ceil(writes[kind] / 10))
      }
      if (!isKilled) violations.push(`${what}: the controller was not killed`)
      else killed += 1
      if (isKilled && kind === 'refused') killedGoingBack += 1
      onDone()
    }
  } finally {
    await fleet?.close()
    child?.kill()
    await child?.ended
    await publisher.close()
    await server.close({ drainMs: 0 })
    await board.close()
  }
  const log = await readLog(folder, namespace)
  const authors = new Map<string, Set<string>>()
  for (const { rollout } of log)
    if (rollout !== undefined && rollout.controller !== 'publisher')
      authors.set(rollout.id, (authors.get(rollout.id) ?? new Set()).add(rollout.controller))
  const refused = new Set([...kinds].flatMap(([digest, kind]) => (kind === 'works' ? [] : [digest])))
  const parsed = new Set(
    reads.flatMap(({ how, clientId, digest }) =>
      how === 'parsed' && kinds.has(digest) ? [`${clientId} ${digest}`] : [],
    ),
  )
  const met = [...parsed].filter(one => refused.has(one.slice(one.indexOf(' ') + 1))).length
  return {
    writes,
    killed,
    killedGoingBack,
    resumed: [...authors.values()].filter(({ size }) => size > 1).length,
    parsed: parsed.size,
    spared: known === undefined ? 0 : refused.size * clients - met,
    violations: [...violations, ...wrongIn(log, { runs, reads, refused, stages: STAGES.length })],
  }
}

/** The next line that a child says of a kind. */
function saidBy(child: Child, is: (line: string) => boolean): Promise<string> {
  return new Promise(resolve => {
    let isOld = true
    child.onLine(line => {
      if (!isOld && is(line)) resolve(line)
    })
    isOld = false
  })
}
