import type { ClientReport } from '../../../../../src/contracts/report.js'
import { decodeRelease, releaseDigest } from '../../../../../src/core/release/release.js'
import { encodeText } from '../../../../../src/core/json/text.js'
import { fileStore } from '../../../../../src/node/board/file-store.js'
import { assembleHandler, type Handler } from '../../../../../src/server/handler.js'
import { createDesk } from '../../../../../src/server/together/desk.js'
import { REPORTS_A_MESSAGE } from '../../../../../src/server/together/messages.js'
import { createMember } from '../../../../../src/server/together/member.js'
import { simDisk } from '../../../../../src/sim/disk.js'
import { startProcess, type SimProcess } from '../../../../../src/sim/process.js'
import { systemHasher } from '../../../../../src/system/system.js'
import { reportOf } from '../../../../support/report-of.js'
import { makeRelease } from '../../../../support/server-fixtures.js'
import { boardSystem } from '../../board-system.js'
import { during } from '../../waiting.js'
import { ask, listen } from '../access/ask.js'
import type { Scene, SceneStage } from '../scene.js'
import { pipeBetween, WAY_MS } from './pipe.js'

/**
 * Several processes serve one board at one address, as `noticeboard serve --workers` does: reports
 * come to one of them and the fleet is asked for at another, releases come to one and streams are
 * open at another, and workers are killed and stand still.
 */
export const together: Scene = play

const NAMESPACE = 'shop/together'
const TOKEN = 'a-token-for-the-scene'
const WORKERS = 2
const POLL_MS = 500

/**
 * By when what one worker heard is with the process that keeps it, in milliseconds: it is gathered
 * for a tenth of a second, and waits for what is on its way.
 */
const HANDED_MS = 100 + 3 * WAY_MS

/**
 * By when all streams were told of a release, in milliseconds: two polls, and a disk in between.
 */
const TOLD_MS = 2_000

const JSON_HEADERS = { 'content-type': 'application/json' }
const NO_ANSWER = { status: 0, text: '' }

/** More than go in one message, and so few that they come in two requests. */
const CROWD = Array.from({ length: REPORTS_A_MESSAGE + 20 }, (_, index) => `c${index}`)

/** A process that serves, and what is open at it. */
interface Worker {
  readonly own: SimProcess
  readonly handler: Handler
  /** The sequence that its stream brought last. */
  told: number
  /** As a process ends that is killed. */
  kill(): void
  close(): Promise<void>
}

/** The last word of somebody. */
interface Word {
  readonly count: number
  readonly saidMs: number
  readonly to: Worker
}

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const disk = simDisk(clock, dice)
  const openStore = (process: SimProcess) =>
    fileStore('/board', {
      fs: disk.mount(process),
      owner: process.owner,
      system: boardSystem(process),
      pollIntervalMs: POLL_MS,
      deltas: false,
    })
  const first = startProcess('first.1', { clock, seed })
  const kept = openStore(first)
  const { handler, reports } = assembleHandler(kept, { write: false, system: first.system })
  const desk = createDesk({ reports })
  let lives = 0

  const hire = (place: number): Worker => {
    lives += 1
    const own = startProcess(`worker-${place}.${lives}`, { clock, seed })
    const pipe = pipeBetween(stage, { worker: own, first })
    const leave = desk.join(pipe.atFirst)
    const store = openStore(own)
    const member = createMember({ channel: pipe.atWorker, clock: own.clock, processes: WORKERS })
    const { handler: serving } = assembleHandler(
      member.over(store),
      { write: { token: TOKEN }, heartbeatMs: 10_000, system: own.system },
      member.shared,
    )
    const gone = new AbortController()
    const worker: Worker = {
      own,
      handler: serving,
      told: 0,
      kill() {
        own.kill()
        gone.abort()
        leave()
      },
      async close() {
        await serving.close({ drainMs: 0 })
        await member.flush()
        member.close()
        await store.close()
        gone.abort()
        leave()
      },
    }
    void ask(serving, `~events?ns=${NAMESPACE}`, { signal: gone.signal })
      .then(response =>
        listen(response, (kind, [, text = '']) => {
          if (kind !== 'release') return
          const { sequence } = decodeRelease(encodeText(text)).release
          if (sequence < worker.told)
            violate('positions-only-grow', `a stream of ${own.name} went back to ${sequence}`)
          worker.told = sequence
        }),
      )
      .catch(() => {
        // It ended with its process.
      })
    return worker
  }

  /** The last words that have to be known. */
  const words = new Map<string, Word>()
  const counts = new Map<string, number>()
  let sequence = 0
  let newest: Uint8Array | undefined

  /** Answers to the same request, made so many times at once, while time passes; 0 for none. */
  const answered = async (
    worker: Worker,
    path: string,
    init: RequestInit & { readonly token?: string },
    times = 1,
  ): Promise<readonly { readonly status: number; readonly text: string }[]> => {
    const asking = Array.from({ length: times }, async () => {
      const response = await ask(worker.handler, `${NAMESPACE}/${path}`, init)
      return { status: response.status, text: await response.text() }
    })
    return (await during(clock, Promise.all(asking), 20_000)) ?? [NO_ANSWER]
  }
  const publish = async (worker: Worker): Promise<void> => {
    sequence += 1
    const prev = newest && releaseDigest(systemHasher, newest)
    const { bytes, digest, snapshot } = makeRelease(
      { n: sequence },
      { namespace: NAMESPACE, sequence, prev: prev ?? null },
    )
    newest = bytes
    const [put = NO_ANSWER] = await answered(worker, `snapshots/${digest}.json`, {
      method: 'PUT',
      body: snapshot,
      headers: JSON_HEADERS,
      token: TOKEN,
    })
    const [appended = NO_ANSWER] = await answered(worker, '~releases', {
      method: 'POST',
      body: JSON.stringify({ release: new TextDecoder().decode(bytes) }),
      headers: JSON_HEADERS,
      token: TOKEN,
    })
    note(`publishes ${sequence} at ${worker.own.name}`)
    if (put.status !== 204 || appended.status !== 201)
      violate('publishing-works-again', `a publish was answered with ${put.status} and ${appended.status}`)
  }
  /** Some say one word more, in one request. */
  const say = async (worker: Worker, names = [`i${dice.between(1, 6)}`], known = dice.chance(0.5)) => {
    const all = names.map(instanceId => {
      const count = (counts.get(instanceId) ?? 0) + 1
      counts.set(instanceId, count)
      return reportOf({ namespace: NAMESPACE, instanceId, count })
    })
    const [{ status } = NO_ANSWER] = await answered(worker, '~reports', {
      method: 'POST',
      body: JSON.stringify({ reports: all }),
      headers: JSON_HEADERS,
      ...(known && { token: TOKEN }),
    })
    if (status !== 204) return violate('last-words-hold', `reports were answered with ${status}`)
    for (const { instanceId, count } of all)
      words.set(instanceId, { count, saidMs: clock.monotonic(), to: worker })
  }
  const judge = async (workers: readonly Worker[]): Promise<void> => {
    for (const worker of workers) {
      // Two at a time, each of whom gets an answer of its own.
      for (const { status, text } of await answered(worker, '~reports', { token: TOKEN }, 2)) {
        if (status !== 200) {
          violate('last-words-hold', `the fleet was asked for at ${worker.own.name}: ${status}`)
          continue
        }
        const { reports: found } = JSON.parse(text) as { readonly reports: readonly ClientReport[] }
        const knows = new Map(found.map(({ instanceId, count }) => [instanceId, count]))
        for (const [instanceId, { count, to }] of words) {
          const known = knows.get(instanceId)
          if (known !== count)
            violate(
              'last-words-hold',
              `${instanceId} said its word ${count} to ${to.own.name}, and ${worker.own.name} knows ${known ?? 'none'}`,
            )
          if (to !== worker) met('a report came to one worker and was asked for at another')
        }
      }
      if (worker.told !== sequence)
        violate(
          'told-at-once',
          `a stream at ${worker.own.name} was told of ${worker.told}, and ${sequence} is the newest`,
        )
    }
  }
  /** What a worker had not handed over may have died with it; who said it says more. */
  const lose = (worker: Worker): void => {
    for (const [instanceId, word] of words) {
      if (word.to !== worker || clock.monotonic() - word.saidMs > HANDED_MS) continue
      met('a worker died with words on their way')
      words.delete(instanceId)
    }
  }

  const workers = Array.from({ length: WORKERS }, (_, place) => hire(place))
  await publish(dice.pick(workers))
  for (let round = dice.between(4, 8); round > 0; round -= 1) {
    switch (dice.pick(['say', 'say', 'crowd', 'publish', 'publish', 'kill', 'pause'] as const)) {
      case 'say':
        for (let left = dice.between(1, 5); left > 0; left -= 1) await say(dice.pick(workers))
        break
      case 'crowd': {
        const worker = dice.pick(workers)
        await say(worker, CROWD.slice(0, CROWD.length / 2), true)
        await say(worker, CROWD.slice(CROWD.length / 2), true)
        break
      }
      case 'publish':
        for (let left = dice.between(1, 3); left > 0; left -= 1) await publish(dice.pick(workers))
        break
      case 'kill': {
        const place = dice.between(0, WORKERS - 1)
        const worker = workers[place]!
        await say(worker)
        await clock.advance(dice.between(0, HANDED_MS + HANDED_MS / 4))
        worker.kill()
        note(`${worker.own.name} is killed`)
        lose(worker)
        await clock.advance(dice.between(0, 1_000))
        workers[place] = hire(place)
        break
      }
      case 'pause': {
        const place = dice.between(0, WORKERS - 1)
        const worker = workers[place]!
        const others = workers.filter(other => other !== worker)
        if (dice.chance(0.5)) await say(worker)
        worker.own.pause()
        note(`${worker.own.name} stands still`)
        await publish(dice.pick(others))
        await say(dice.pick(others))
        await clock.advance(dice.between(100, 5_000))
        worker.own.resume()
      }
    }
    await clock.advance(TOLD_MS)
    await judge(workers)
  }
  await during(clock, Promise.all(workers.map(worker => worker.close())), 30_000)
  await during(clock, Promise.all([handler.close({ drainMs: 0 }), kept.close()]), 30_000)
  await clock.advance(1_000)
  for (const process of [first, ...workers.map(({ own }) => own)]) {
    if (process.pending > 0)
      violate('nothing-is-left', `${process.pending} timers of ${process.name} are left`)
    process.kill()
  }
}
