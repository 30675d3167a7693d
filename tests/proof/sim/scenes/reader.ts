import { z } from 'zod'
import { createClient, type Client } from '../../../../src/client/client.js'
import { comparePositions, formatPosition, type Position } from '../../../../src/contracts/position.js'
import type { Strategy } from '../../../../src/contracts/strategy.js'
import type { Latest } from '../../../../src/contracts/transport.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { onDemand } from '../../../../src/strategies/on-demand.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { memory } from '../../../../src/transports/memory.js'
import { DEFAULTS, madeOf, overridesOf, schema, type Document } from '../builds.js'
import { runningOf } from '../running-of.js'
import { during } from '../waiting.js'
import { layLine, READERS, type Line } from './line.js'
import type { Scene, SceneStage } from './scene.js'
import { watchTold, type Told } from './told.js'

/**
 * One client with its defaults of time, over a store that always answers, behind a line that is
 * cut, lags and loses reports; its application pauses it, follows it in several ways, and starts
 * anew. What it does is known to the second.
 */
export const reader: Scene = play

/** What it may take beyond what is drawn and promised, in milliseconds. */
const SLACK_MS = 1_500

/** After how long a vetoed change is tried again, in milliseconds. */
const VETO_RETRY_MS = 300_000

/** Two of the longest delays of a backoff, and a request that was under way. */
const RETRIES_MS = 2 * 30_000 + 10_000

/**
 * How long a snapshot is on trial from its commit on, and how often that is noted, in milliseconds:
 * the defaults of a client.
 */
const TRIAL_MS = 2 * 60_000
const BEAT_MS = 5_000

interface Published {
  readonly position: Position
  readonly document: Document
  readonly spreadMs: number
  readonly activateAtMs: number
}

interface Life {
  readonly own: SimProcess
  readonly line: Line
  readonly strategy: Strategy
  readonly client: Client<Document>
  readonly startedMs: number
  /** What came into force last, and when. */
  readonly ran: { digest: string | undefined; sinceMs: number }
  readonly told: Told
  /** The times at which its status became `stale`. */
  readonly staleMs: number[]
  /**
   * What a part of the application prepared and was not told the end of; how many are preparing; how
   * often something was refused.
   */
  readonly work: { open: number; waiting: number; rejections: number }
}

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const kind = dice.pick(['pull', 'push', 'hybrid', 'on-demand'] as const)
  const timed = kind !== 'on-demand'
  const [withDefaults, overridden, kept, hurried] = [0.5, 0.4, 0.6, 0.3].map(chance => dice.chance(chance))
  const store = memory({ system: { clock }, ...(dice.chance(0.5) && { heartbeatMs: 15_000 }) })
  const publisher = createPublisher({
    namespace: READERS,
    schema,
    store,
    system: startProcess('owner.1', { clock, seed }).system,
  })
  /** Publishes what no schema of the application takes. */
  const careless = createPublisher({
    namespace: READERS,
    schema: z.any(),
    store,
    system: startProcess('owner-2.1', { clock, seed }).system,
  })
  const disk = simDisk(clock, dice)
  const published: Published[] = []
  let lives = 0
  let pausedMs: number | undefined
  let held = false
  /** Whether a part of the application vetoes, and what became of what it prepared. */
  let vetoing = false
  /** Whether the application pauses as soon as it prepares a change. */
  let pausing = false
  /** Until when the last release may be waited for. */
  let dueMs = 0
  /** How long snapshots had run that were on trial when a life ended abruptly. */
  const suspects = new Map<string, number>()

  const newestOf = ({ line }: Life): Published | undefined =>
    published.findLast(({ position }) => line.broughtMs(position) !== undefined)

  const publish = async (): Promise<void> => {
    const n = dice.between(1, 900_000)
    const document = { n, name: `d${published.length}` }
    const spreadMs = dice.chance(0.3) ? dice.between(5_000, 40_000) : 0
    const activateAtMs = dice.chance(0.2) ? Math.floor(clock.now()) + dice.between(1_000, 60_000) : 0
    const { position } = await publisher.publish(document, {
      rollout: everyone(),
      reason: 'simulation',
      ...(spreadMs > 0 && { spreadMs }),
      ...(activateAtMs > 0 && { activateAt: new Date(activateAtMs) }),
    })
    published.push({ position, document, spreadMs, activateAtMs })
    dueMs = Math.max(dueMs, clock.monotonic() + spreadMs, clock.monotonic() + activateAtMs - clock.now())
    note(`publishes ${formatPosition(position)}`)
  }

  /**
   * How long a life may run something else instead of what an earlier one died with: as long as
   * that had run, and a beat.
   */
  const insteadMs = (digest: string | undefined): number => {
    const ranMs = suspects.get(digest ?? '')
    return ranMs === undefined ? 0 : ranMs + BEAT_MS
  }

  const start = (asCut: boolean): Life => {
    lives += 1
    const startedMs = clock.monotonic()
    dueMs = Math.max(dueMs, ...[...suspects.keys()].map(digest => startedMs + insteadMs(digest)))
    const own = startProcess(`reader.${lives}`, { clock, seed })
    const line = layLine(store, stage)
    if (asCut) line.cut()
    const { transport } = line
    const times = hurried === true && timed ? { pollIntervalMs: 5_000 } : {}
    const strategy = {
      pull: () => pull(transport, times),
      push: () => push(transport, times),
      hybrid: () => hybrid(transport, times),
      'on-demand': () => onDemand(transport),
    }[kind]()
    const made: { client?: Client<Document> } = {}
    const startedClient = createClient({
      namespace: READERS,
      schema,
      strategy,
      clientId: 'one',
      system: own.system,
      validators: [
        {
          name: 'previous',
          validate(_value, { previous }) {
            const runs = runningOf(made.client)?.value
            if (canonicalize(previous ?? null) !== canonicalize(runs ?? null))
              violate('previous-is-what-ran', 'a validator was told of another document than ran')
          },
        },
      ],
      ...(withDefaults === true && { defaults: DEFAULTS }),
      ...(overridden === true && { overrides: overridesOf(own.system.platform) }),
      ...(kept === true && {
        state: stateFolder('/state', { fs: disk.mount(own), owner: own.owner, system: own.system }),
      }),
    })
    made.client = startedClient
    const staleMs: number[] = []
    const told = watchTold(startedClient, { violate })
    const work = { open: 0, waiting: 0, rejections: 0 }
    startedClient.participate({
      name: 'part',
      async prepare(_next, { signal }) {
        if (vetoing) throw new Error('not now')
        await own.clock.sleep(50, signal)
        if (pausing) {
          pausing = false
          startedClient.pause()
          pausedMs = clock.monotonic()
          held = true
        }
        await own.clock.sleep(50, signal)
        work.open += 1
        let over = false
        const end = (): void => {
          if (over) violate('all-or-nothing', 'what was prepared was ended twice')
          over = true
          work.open -= 1
        }
        return { commit: end, discard: end }
      },
    })
    startedClient.participate({
      name: 'slow part',
      async prepare(_next, { signal }) {
        work.waiting += 1
        // While somebody vetoes, it would take longer than any veto is waited for.
        await own.clock.sleep(vetoing ? 20_000 : 80, signal)
        work.waiting -= 1
        return { commit() {} }
      },
    })
    startedClient.on('rejected', () => (work.rejections += 1))
    const ran: Life['ran'] = { digest: undefined, sinceMs: startedMs }
    const life: Life = { own, line, strategy, client: startedClient, startedMs, ran, told, staleMs, work }
    let before = 'idle'
    startedClient.on('status', ({ previous, current }) => {
      if (previous !== before || current === previous)
        violate('status-is-told', `told of ${previous} to ${current} after ${before}`)
      before = current
      note(`is ${current}`)
      if (current !== 'stale') return
      staleMs.push(clock.monotonic())
    })
    startedClient.on('change', ({ running, release }) => {
      note(`runs ${running.origin} ${running.position === undefined ? '' : formatPosition(running.position)}`)
      const hadSnapshot = ran.digest !== undefined
      ran.digest = running.digest
      ran.sinceMs = clock.monotonic()
      if (release === undefined || running.position === undefined) return
      judgeChange(life, running.position, hadSnapshot)
    })
    startedClient.ready({ timeoutMs: 1_000 }).catch(() => {})
    return life
  }

  /**
   * A release that was brought comes into force in its time, and none that is superseded by then.
   */
  const judgeChange = ({ line, startedMs, ran }: Life, position: Position, hadSnapshot: boolean): void => {
    const nowMs = clock.monotonic()
    const release = published.find(each => comparePositions(each.position, position) === 'same')
    const broughtMs = line.broughtMs(position)
    if (release === undefined || broughtMs === undefined) return
    if (pausedMs !== undefined)
      violate('a-pause-holds', `${formatPosition(position)} came into force in a pause`)
    if (clock.now() < release.activateAtMs)
      violate('activation-is-kept', `it switched ${release.activateAtMs - clock.now()} ms early`)
    const superseded = published.find(
      each =>
        comparePositions(each.position, position) === 'newer' &&
        (line.broughtMs(each.position) ?? Number.POSITIVE_INFINITY) < nowMs - 50,
    )
    if (superseded !== undefined)
      violate(
        'the-newest-runs',
        `${formatPosition(position)} came into force after ${formatPosition(superseded.position)} was brought`,
      )
    // What was cut or paused meanwhile may have begun anew.
    if (line.sinceMs > broughtMs || held) return
    const waitMs = hadSnapshot ? release.spreadMs : 0
    const latestMs =
      Math.max(
        broughtMs + waitMs,
        nowMs + release.activateAtMs - clock.now(),
        startedMs + insteadMs(ran.digest),
      ) + SLACK_MS
    if (nowMs > latestMs)
      violate(
        'changes-come-in-time',
        `${formatPosition(position)} came into force ${Math.round(nowMs - broughtMs)} ms after it was brought, and had ${waitMs}`,
      )
    if (!hadSnapshot && release.spreadMs > 0) met('who had nothing waited for no turn')
  }

  /** A client is never surer than what it was brought allows. */
  const look = ({ client, line, strategy }: Life): void => {
    const runs = runningOf(client)
    const newest = published.findLast(({ position }) => line.broughtMs(position) !== undefined)
    if (newest === undefined || runs === undefined || client.ageMs === Number.POSITIVE_INFINITY) return
    const provenMs = line.provenMs(newest.position) ?? 0
    const { ageMs } = client
    if (ageMs < clock.monotonic() - provenMs - 1)
      violate(
        'ready-means-current',
        `its proof is ${Math.round(ageMs)} ms old, and the line gave the last ${Math.round(clock.monotonic() - provenMs)} ms ago`,
      )
    if (client.status === 'ready' && ageMs > strategy.freshMs + SLACK_MS)
      violate('ready-means-current', `says ready with a proof that is ${Math.round(ageMs)} ms old`)
  }

  /** The line is sound, and there was time for everything. */
  const settle = async (life: Life): Promise<void> => {
    const { client, line, strategy, told } = life
    const mendedMs = clock.monotonic()
    const boundMs = strategy.lookMs + RETRIES_MS
    await clock.advance(Math.max(boundMs, dueMs - mendedMs + strategy.lookMs) / 2)
    look(life)
    await clock.advance(Math.max(boundMs, dueMs - mendedMs + strategy.lookMs) / 2)
    look(life)
    if (!timed) {
      const looked = client.refresh().then(() => true)
      if ((await during(clock, looked, 60_000)) !== true)
        violate('everybody-gets-there', 'a refresh failed over a sound line')
      await clock.advance(5_000 + Math.max(0, dueMs - clock.monotonic()) + 40_000)
    }
    const newest = published.at(-1)
    if (newest === undefined) return
    const runs = runningOf(client)
    if (runs?.position === undefined || comparePositions(runs.position, newest.position) !== 'same')
      return violate(
        'everybody-gets-there',
        `${kind} runs ${runs?.position === undefined ? 'nothing' : formatPosition(runs.position)} and ${formatPosition(newest.position)} is the newest`,
      )
    const made = madeOf(newest.document, 'b1', overridden === true)
    if (canonicalize(runs.value) !== canonicalize(made as never))
      violate('digest-matches', 'it runs another document than was published')
    // Who is asked on demand was not since its refresh.
    const wanted = !timed && client.ageMs > strategy.freshMs ? 'stale' : 'ready'
    if (client.status !== wanted)
      violate('everybody-gets-there', `${kind} runs the newest release and is ${client.status}`)
    if (timed && client.ageMs > strategy.freshMs)
      violate('ready-means-current', `${kind} has no proof for ${client.ageMs} ms over a sound line`)
    told.check()
    if (life.work.open !== 0)
      violate(
        'all-or-nothing',
        `${life.work.open} changes that were prepared were neither committed nor let go`,
      )
    const { heard } = line
    if (
      heard === undefined ||
      heard.digest !== runs.digest ||
      heard.phase === 'paused' ||
      heard.seen === undefined ||
      comparePositions(heard.seen, newest.position) !== 'same' ||
      heard.applied === undefined ||
      comparePositions(heard.applied, newest.position) !== 'same'
    )
      violate(
        'reports-are-true',
        `${kind}: ${Math.round(clock.monotonic() - mendedMs)} ms later its last report is not what it runs`,
      )
    if (canonicalize([...(heard?.overridden ?? [])]) !== canonicalize([...runs.overridden]))
      violate('reports-are-true', 'its report names other overrides')
  }

  const outage = async (life: Life): Promise<void> => {
    const { client, line, strategy, staleMs } = life
    const had = client.status
    const lasts = dice.chance(0.6)
      ? strategy.freshMs + dice.between(2_000, 60_000)
      : dice.between(500, 20_000)
    line.cut(dice.chance(0.3) ? dice.between(1_000, 40_000) : undefined)
    const cutMs = clock.monotonic()
    note(`is cut off for ${lasts}`)
    await clock.advance(lasts / 2)
    if (dice.chance(0.5)) await publish()
    await clock.advance(lasts / 2)
    look(life)
    if (timed && had === 'ready' && lasts > strategy.freshMs + SLACK_MS) {
      if (client.status !== 'stale')
        violate('outages-are-told', `${kind} is ${client.status} after ${lasts} ms without an answer`)
      else if (!staleMs.some(atMs => atMs >= cutMs))
        violate('outages-are-told', `${kind} told nobody of an outage`)
      if (staleMs.length > 1) met('a client told of a second outage')
    }
    line.mend()
    // What it was asked to be quiet for is longer than a look.
    await clock.advance(40_000)
    if (!timed) await during(clock, client.refresh(), 15_000)
  }

  const lagging = async (life: Life): Promise<void> => {
    const { client, line, strategy } = life
    const past: Latest = await store.latest({ namespace: READERS }, new AbortController().signal)
    await publish()
    await settle(life)
    line.lag(past)
    note('has a line that lags')
    for (let left = 4; left > 0; left -= 1) {
      await clock.advance((strategy.freshMs + 10_000) / 3)
      if (!timed) await during(clock, client.refresh(), 15_000)
      look(life)
    }
    if (timed && client.status !== 'stale')
      violate(
        'outages-are-told',
        `${kind} is ${client.status} while all that it hears is older than what it runs`,
      )
    met('a client heard nothing but what was older')
    line.catchUp()
    await clock.advance(40_000)
  }

  const pause = async (life: Life): Promise<void> => {
    const { client, line, strategy } = life
    if (dice.chance(0.5)) {
      pausing = true
      await publish()
      await clock.advance(strategy.lookMs + 2_000 + Math.max(0, dueMs - clock.monotonic()))
      if (!timed) await during(clock, client.refresh(), 15_000)
      if (!pausing) met('a client was paused in the middle of a change')
      pausing = false
    }
    client.pause()
    pausedMs ??= clock.monotonic()
    held = true
    note('pauses')
    for (let left = dice.between(1, 3); left > 0; left -= 1) {
      await publish()
      await clock.advance(dice.chance(0.5) ? strategy.lookMs + 5_000 : dice.between(100, 3_000))
      if (!timed && dice.chance(0.7)) await during(clock, client.refresh(), 15_000)
    }
    if (clock.monotonic() - pausedMs > 10_000 && line.heard?.phase !== 'paused')
      violate('reports-are-true', 'nobody heard of a pause')
    pausedMs = undefined
    const newest = newestOf(life)
    note('resumes')
    client.resume()
    await clock.advance(250)
    // What a look brought meanwhile takes its place, and may have to wait for its time.
    const isNewest = newest === newestOf(life)
    if (newest !== undefined && isNewest && newest.spreadMs === 0 && newest.activateAtMs === 0) {
      const runs = runningOf(client)?.position
      if (runs === undefined || comparePositions(newest.position, runs) === 'newer')
        violate('the-newest-runs', 'after a pause it does not run what was brought last')
    }
    await settle(life)
    held = false
    met('a client was paused while releases came')
  }

  const refuse = async ({ client, line, strategy, work }: Life): Promise<void> => {
    const before = runningOf(client)
    const { rejections } = work
    note('is given what it cannot take')
    const { digest } = await careless.publish(
      { n: published.length + 1, name: 7 },
      { rollout: everyone(), reason: 'simulation' },
    )
    await clock.advance(2 * strategy.lookMs + 10_000)
    if (!timed) await during(clock, client.refresh(), 15_000)
    await clock.advance(5_000)
    if (runningOf(client) !== before)
      violate('validated', `${kind} runs something else after a document that it refuses`)
    if (work.rejections !== rejections + 1)
      violate(
        'no-verdict-twice',
        `${kind} told ${work.rejections - rejections} times that it refused one document`,
      )
    if (line.heard?.phase !== 'rejected' || line.heard.refused !== digest)
      violate('reports-are-true', `${kind} refused a document, and reports ${line.heard?.phase}`)
    await publish()
  }

  const veto = async (life: Life): Promise<void> => {
    const { client, strategy, work } = life
    const before = runningOf(client)
    vetoing = true
    held = true
    note('vetoes')
    await publish()
    await clock.advance(strategy.lookMs + 2_000 + Math.max(0, dueMs - clock.monotonic()))
    if (!timed) await during(clock, client.refresh(), 15_000)
    if (runningOf(client) !== before)
      violate('all-or-nothing', `${kind} runs what a part of its application vetoed`)
    if (work.waiting > 0 && client.status !== 'closed')
      violate('what-is-given-up-is-aborted', `${kind}: a part goes on to prepare what another one vetoed`)
    vetoing = false
    // Tried again some minutes later; who has no timers, with the next release.
    if (timed) await clock.advance(1.2 * VETO_RETRY_MS + strategy.lookMs)
    else await publish()
    await settle(life)
    held = false
    met('a vetoed change was tried again')
  }

  const restart = async (life: Life): Promise<Life> => {
    const before = runningOf(life.client)
    const { digest, sinceMs } = life.ran
    const ranMs = clock.monotonic() - sinceMs
    const onTrial = kept === true && digest !== undefined && ranMs <= TRIAL_MS + BEAT_MS
    const isSuspect = onTrial && suspects.has(digest)
    // A second death on trial would put it into quarantine, which is the matter of other scenes.
    const closes = dice.chance(0.5) || isSuspect
    if (closes) await during(clock, life.client.close(), 10_000)
    else if (onTrial) suspects.set(digest, Math.max(suspects.get(digest) ?? 0, ranMs))
    life.own.kill()
    // Whoever is gone listens no more.
    life.line.cut()
    await clock.advance(dice.between(10, 5_000))
    if (dice.chance(0.5)) await publish()
    const next = start(true)
    await clock.advance(3_000)
    const runs = runningOf(next.client)
    // What was on trial when its process ended abruptly waits behind what ran before it.
    const isDue = closes && !isSuspect ? runs?.digest === before?.digest : runs?.digest !== undefined
    if (kept === true && before?.digest !== undefined && !isDue)
      violate('a-restart-begins-from-what-ran', `it runs ${runs?.origin ?? 'nothing'} after a restart`)
    if (kept !== true && withDefaults === true && runs?.origin !== 'defaults')
      violate('a-restart-begins-from-what-ran', 'it does not run its defaults while nothing can be had')
    next.line.mend()
    await clock.advance(40_000)
    if (!timed) await during(clock, next.client.refresh(), 15_000)
    return next
  }

  if (dice.chance(0.8)) await publish()
  let life = start(dice.chance(0.5))
  await clock.advance(dice.between(500, 5_000))
  life.line.mend()
  await clock.advance(40_000)
  if (!timed) await during(clock, life.client.refresh(), 15_000)
  if (published.length === 0) await publish()
  await settle(life)
  for (let left = dice.between(2, 4); left > 0; left -= 1) {
    switch (
      dice.pick([
        'publish',
        'outage',
        'outage',
        'pause',
        'restart',
        'lag',
        'lost report',
        'rest',
        'refuse',
        'veto',
        'join',
      ] as const)
    ) {
      case 'publish':
        await publish()
        break
      case 'outage':
        await outage(life)
        break
      case 'pause':
        await pause(life)
        break
      case 'restart':
        life = await restart(life)
        break
      case 'lag':
        await lagging(life)
        break
      case 'refuse':
        await refuse(life)
        break
      case 'veto':
        await veto(life)
        break
      case 'lost report':
        life.line.loseReport()
        await publish()
        break
      case 'rest':
        await clock.advance(dice.between(60_000, 400_000))
        break
      case 'join':
        life.told.join()
        await publish()
    }
    await settle(life)
  }
  await during(clock, life.client.close(), 10_000)
  if (life.line.watches > 0) violate('nothing-is-left', 'a watch is open after the client was closed')
  await Promise.all([publisher.close(), careless.close()])
}
