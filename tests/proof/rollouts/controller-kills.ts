import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { explanationLines, staged } from '../../../src/rollouts/index.js'
import { serve } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild, type Child } from '../../support/processes/child.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'
import { readLog, wrongIn, type Run } from './read-story.js'

export interface ControllerKillOptions {
  readonly trials: number
  /** Called after each trial. */
  readonly onProgress?: (done: number, trials: number) => void
}

export interface ControllerKillResult {
  readonly trials: number
  /** How many controllers were killed by the write that they were to be killed at. */
  readonly killed: number
  /** Rollouts with steps of more than one controller. */
  readonly resumed: number
  readonly violations: readonly string[]
}

const namespace = 'checkout/prod'
const CLIENTS = 12
const STAGES = 3
/**
 * What a controller writes for the four steps of a rollout, at least; the kills are spread over
 * that.
 */
const WRITES = 30
/** A rollout that takes longer than this is stuck, in milliseconds. */
const STUCK_MS = 60_000

/**
 * Kills controllers with SIGKILL in the middle of rollouts, each before another of its writes; the
 * next one goes on. A rollout follows the other on one board. All of them are gone when it
 * resolves.
 */
export async function runControllerKills({
  trials,
  onProgress,
}: ControllerKillOptions): Promise<ControllerKillResult> {
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-controllers-'))
  const folder = join(root, 'board')
  const never = new AbortController().signal
  const script = await bundleChild('controller-child', root)
  const board = fileStore(folder)
  const server = await serve(board, { tokenFile: join(root, 'token'), controller: false })
  const { url, token = '' } = server
  const posted = httpStore(url, { token })
  /**
   * What is read comes from the disk at once; what is said goes through the server, as it does for
   * the controllers.
   */
  const hearing = { ...board, reports: posted.reports, report: posted.report }
  const publisher = createPublisher({
    namespace,
    schema: z.object({ pool: z.number() }),
    store: httpStore(url, { token }),
  })
  const runs: Run[] = []
  const policy = staged({
    stages: [1, 4, 'all'],
    bakeMs: 60,
    reportMs: 20,
    spreadMs: 0,
    watchMs: 20,
  })
  let killed = 0
  const violations: string[] = []
  const began = async (): Promise<Child> => {
    const child = startChild(script)
    await child.ready
    const started = new Promise<void>(resolve => child.onLine(line => line === 'started' && resolve()))
    child.start({ folder, url, token, lookMs: 10 })
    await started
    return child
  }
  await publisher.publish({ pool: 0 }, { rollout: everyone(), reason: 'the first' })
  const fleet = startPaperFleet({
    store: hearing,
    clock: systemClock,
    namespace,
    clients: CLIENTS,
    lookMs: 30,
    onRun: run => void runs.push(run),
  })
  const stateNow = async (): Promise<string | undefined> => (await publisher.rollout())?.state
  let current: Child | undefined
  try {
    await until(async () => (await posted.reports({ namespace }, never)).reports.length >= CLIENTS, {
      what: 'the fleet is heard',
      publisher,
    })
    await systemClock.sleep(100, never)
    for (let trial = 0; trial < trials; trial += 1) {
      const child = current ?? (await began())
      current = child
      let gone = false
      void child.ended.then(() => (gone = true))
      // The publisher is to say nothing of a controller: it is about to be killed.
      child.start({ killAtWrite: 1 + Math.floor((trial * WRITES) / trials) })
      await publisher.publish({ pool: trial + 1 }, { rollout: policy, drive: true, reason: `trial ${trial}` })
      await until(async () => gone || (await stateNow()) === 'completed', {
        what: `trial ${trial}: the controller works`,
        publisher,
      })
      if (gone) {
        killed += 1
        current = await began()
        await until(async () => (await stateNow()) === 'completed', {
          what: `trial ${trial}: the next one ends the rollout`,
          publisher,
        })
      } else violations.push(`trial ${trial}: the controller was not killed`)
      onProgress?.(trial + 1, trials)
    }
  } finally {
    await fleet.close()
    current?.kill()
    await current?.ended
    await publisher.close()
    await server.close({ drainMs: 0 })
    await board.close()
  }
  const log = await readLog(folder, namespace)
  await rm(root, { recursive: true, force: true })
  const authors = new Map<string, Set<string>>()
  for (const { rollout } of log)
    if (rollout !== undefined && rollout.controller !== 'publisher')
      authors.set(rollout.id, (authors.get(rollout.id) ?? new Set()).add(rollout.controller))
  return {
    trials,
    killed,
    resumed: [...authors.values()].filter(({ size }) => size > 1).length,
    violations: [...violations, ...wrongIn(log, { runs, end: 'completed', stages: STAGES })],
  }
}

async function until(
  holds: () => Promise<boolean>,
  { what, publisher }: { readonly what: string; readonly publisher: Pick<Publisher, 'rollout'> },
): Promise<void> {
  const from = performance.now()
  while (!(await holds())) {
    if (performance.now() - from > STUCK_MS) {
      const explanation = await (await publisher.rollout())?.explain()
      throw new Error(
        `stuck: ${what}: ${explanation === undefined ? '' : explanationLines(explanation).join('; ')}`,
      )
    }
    await systemClock.sleep(10, new AbortController().signal)
  }
}
