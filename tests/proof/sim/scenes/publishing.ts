import { z } from 'zod'
import { isNoticeboardError, NoticeboardError } from '../../../../src/contracts/errors.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  type Position,
} from '../../../../src/contracts/position.js'
import type { CompleteStore, Mirror } from '../../../../src/contracts/transport.js'
import type { StoreEngine } from '../../../../src/transports/store/engine.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import { decodeRelease, digestsOf, positionOf, type Release } from '../../../../src/core/release/release.js'
import { createPublisher, everyone, type Publisher, type Rollout } from '../../../../src/publisher/index.js'
import { startProcess } from '../../../../src/sim/process.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'
import { during } from '../waiting.js'
import { reportOf } from '../../../support/report-of.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * Publishers who live long, alone and at the same time, over a store that takes its time and loses
 * answers; each result is held against the log before and after, in which everything has one
 * meaning only.
 */
export const publishing: Scene = play

const NAMESPACE = 'shop/owners'
const DOCUMENTS = 5

/** What became of an operation. */
type Outcome = Rollout | { readonly code: string }

async function play({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const never = new AbortController().signal
  const pace = { even: false }
  const database = memoryEngine('slow')
  /** Whether reports cannot be read, and how often somebody tried. */
  const reports = { away: false, asked: 0 }
  const calls = slow(database, { clock, dice, pace, mostMs: 15 })
  const engine: StoreEngine = {
    ...calls,
    list(page, signal) {
      reports.asked += 1
      if (reports.away) return Promise.reject(new NoticeboardError('unavailable', 'no reports just now'))
      return calls.list(page, signal)
    },
  }
  const store = storeFrom(engine, { checkIntervalMs: 3_600_000, system: { clock } })
  const mirror = createMirror(violate)
  const publishers: readonly Publisher<{ n: number }>[] = [1, 2, 3].map(index =>
    createPublisher({
      namespace: NAMESPACE,
      schema: z.object({ n: z.number() }),
      store,
      mirrors: [mirror],
      system: startProcess(`owner-${index}.1`, { clock, seed }).system,
    }),
  )
  const ending = new AbortController()
  let delivered: Position | undefined
  /** Another server over the same database, which takes longer to read it. */
  const elsewhere = storeFrom(slow(database, { clock, dice, pace: { even: false }, mostMs: 100 }), {
    checkIntervalMs: 3_600_000,
    system: { clock },
  })
  const watching = watch(elsewhere, ending.signal, bytes => {
    const next = positionOf(decodeRelease(bytes).release)
    if (delivered !== undefined && comparePositions(next, delivered) === 'older')
      violate(
        'positions-only-grow',
        `a watch went from ${formatPosition(delivered)} to ${formatPosition(next)}`,
      )
    delivered = next
  })
  /**
   * The highest epoch that a client says that it has seen, and whether it stands before the log.
   */
  let seenEpoch = 0
  let fresh = 0
  /** Whether something did not end: then nothing more can be told. */
  let stuck = false

  const readLog = async (): Promise<readonly Release[]> => {
    const log: Release[] = []
    for await (const { bytes } of store.history({ namespace: NAMESPACE }, never))
      log.unshift(decodeRelease(bytes).release)
    return log
  }
  const outcomeOf = async (work: Promise<Rollout>): Promise<Outcome> => {
    try {
      return await work
    } catch (error) {
      if (!isNoticeboardError(error)) violate('one-error-class', String(error))
      return { code: isNoticeboardError(error) ? error.code : 'other' }
    }
  }
  const publish = (by: Publisher<{ n: number }>, n: number, more: object = {}): Promise<Outcome> =>
    outcomeOf(by.publish({ n }, { rollout: everyone(), reason: 'simulation', ...more }))
  const rollback = (by: Publisher<{ n: number }>): Promise<Outcome> =>
    outcomeOf(by.rollback({ reason: 'simulation' }))

  const digest = ({ stable }: Release): string => stable.variants.at(-1)?.digest ?? ''
  /** Where a rollback leads to: the newest earlier document that differs and was not withdrawn. */
  const goalOf = (log: readonly Release[]): string | undefined => {
    const head = log.at(-1)
    if (head === undefined) return undefined
    const ruledOut = new Set([digest(head), ...(head.withdrawn ?? [])])
    const goal = log.findLast(release => !ruledOut.has(digest(release)))
    return goal && digest(goal)
  }

  /** Lets what is under way come to its end, and returns the log then. */
  const finish = async (
    work: readonly Promise<Outcome>[],
  ): Promise<{ readonly outcomes: readonly Outcome[]; readonly log: readonly Release[] }> => {
    const all = Promise.all(work)
    let outcomes: readonly Outcome[] | undefined
    void all.then(found => (outcomes = found))
    await clock
      .runUntil(() => outcomes !== undefined, 30_000)
      .catch(() => {
        stuck = true
        violate('publishing-works-again', 'an operation did not end')
      })
    let log: readonly Release[] | undefined
    const reading = readLog()
    void reading.then(found => (log = found))
    await clock.runUntil(() => log !== undefined, 60_000)
    await clock.advance(2_000)
    const head = log?.at(-1)
    if (
      head !== undefined &&
      (delivered === undefined || comparePositions(positionOf(head), delivered) !== 'same')
    )
      violate(
        'told-at-once',
        `a watch of the store brought ${delivered === undefined ? 'nothing' : formatPosition(delivered)}, and ${formatPosition(positionOf(head))} is the newest for two seconds`,
      )
    return { outcomes: outcomes ?? [], log: log ?? [] }
  }

  const checkLog = (log: readonly Release[]): void => {
    for (const [at, release] of log.entries()) {
      const before = log[at - 1]
      if (before !== undefined && comparePositions(positionOf(release), positionOf(before)) !== 'newer')
        violate(
          'no-gap',
          `${formatPosition(positionOf(release))} follows ${formatPosition(positionOf(before))}`,
        )
      if (release.sequence > 1 && before?.sequence !== release.sequence - 1)
        violate('no-gap', `${formatPosition(positionOf(release))} has no predecessor`)
      const first = log.find(
        ({ epoch, stable }) => epoch === release.epoch && stable.variants.at(-1)?.digest === digest(release),
      )
      if (release.stable.version !== first?.sequence)
        violate(
          'a-version-is-where-it-began',
          `${formatPosition(positionOf(release))} is version ${release.stable.version}, and its document first came with ${first?.sequence}`,
        )
    }
  }
  const checkMirror = (all: readonly Release[]): void => {
    const head = all.at(-1)
    if (head === undefined) return
    if (
      mirror.newest === undefined ||
      comparePositions(positionOf(mirror.newest), positionOf(head)) !== 'same'
    )
      violate(
        'mirrors-follow',
        `a mirror stands at ${mirror.newest === undefined ? 'nothing' : formatPosition(positionOf(mirror.newest))}, and ${formatPosition(positionOf(head))} is the newest`,
      )
  }
  /** What a publisher says of the log is what it holds. */
  const readBack = async (by: Publisher<{ n: number }>, all: readonly Release[]): Promise<void> => {
    const limit = dice.between(1, 4)
    const listing = async (): Promise<readonly Position[]> => {
      const positions: Position[] = []
      for await (const { position } of by.history({ limit })) positions.push(position)
      return positions
    }
    const one = dice.pick(all)
    const [current, listed, read] = (await during(
      clock,
      Promise.all([by.current(), listing(), by.read(positionOf(one))]),
      60_000,
    )) ?? [undefined, undefined, undefined]
    const head = all.at(-1)
    if (head !== undefined && (current === undefined || current.digest !== digest(head)))
      violate('publishers-read-the-log', 'what a publisher takes for current is not the newest')
    if (read?.digest !== digest(one) || read.version !== one.stable.version)
      violate('publishers-read-the-log', 'a release was read that is not the one that was named')
    const wanted = all
      .slice(-limit)
      .reverse()
      .map(release => formatPosition(positionOf(release)))
    if (listed?.map(formatPosition).join() !== wanted.join())
      violate(
        'publishers-read-the-log',
        `the last ${limit} releases are ${wanted.join()}, and ${listed?.map(formatPosition).join()} were listed`,
      )
  }
  /** An outcome that appended stands in the log as it says. */
  const checkOutcome = (outcome: Outcome | undefined, log: readonly Release[]): void => {
    if (outcome === undefined || 'code' in outcome) return
    const release = log.find(each => comparePositions(positionOf(each), outcome.position) === 'same')
    if (
      release === undefined ||
      digest(release) !== outcome.digest ||
      release.stable.version !== outcome.version
    )
      violate(
        'acknowledged-survives',
        `what a publisher was told of ${formatPosition(outcome.position)} is not what the log says`,
      )
  }

  let { log } = await finish([publish(publishers[0] as Publisher<{ n: number }>, 0)])
  for (let round = dice.between(5, 9); round > 0 && !stuck; round -= 1) {
    const [one, other] = [dice.pick(publishers), dice.pick(publishers)]
    const head = log.at(-1)
    const version = head?.stable.version ?? 0
    /** A version that a rollback brought back is no proof of what its reader saw. */
    const cameBack = head?.cause === 'rollback'
    const newest = { ifVersion: version, ...(cameBack && { ifPosition: positionOf(head) }) }
    const type = dice.pick([
      'publish',
      'publish',
      'expect',
      'rollback',
      'rollbacks',
      'both expect',
      'both publish',
      'epoch',
      'ahead',
    ] as const)
    note(type)
    const before = log
    switch (type) {
      case 'publish': {
        const n = dice.between(0, DOCUMENTS)
        const { outcomes, log: after } = await finish([publish(one, n)])
        log = after
        const [outcome] = outcomes
        const isWithdrawn =
          head?.withdrawn?.includes(digestOf(systemHasher, encodeText(canonicalize({ n })))) === true
        if (outcome === undefined || 'code' in outcome) {
          if (!isWithdrawn || outcome?.code !== 'withdrawn')
            violate('publishing-works-again', `a publish failed with ${outcome?.code}`)
        } else if (isWithdrawn)
          violate('a-rollback-goes-back-once', 'what a rollback withdrew came back, and nobody said why')
        else if (
          (outcome.outcome === 'unchanged') !==
          (head !== undefined && digest(head) === outcome.digest)
        )
          violate(
            'acknowledged-survives',
            `a publish of what ${outcome.outcome === 'unchanged' ? 'does not run' : 'runs'} was ${outcome.outcome}`,
          )
        else if (after.length !== before.length + (outcome.outcome === 'published' ? 1 : 0))
          violate('no-gap', `${outcome.outcome}, and the log grew by ${after.length - before.length}`)
        break
      }
      case 'expect': {
        const stale = dice.chance(0.5)
        const vague = cameBack && dice.chance(0.5)
        const expected = stale ? { ifVersion: version + 1 } : vague ? { ifVersion: version } : newest
        const { outcomes, log: after } = await finish([publish(one, 100 + (fresh += 1), expected)])
        log = after
        const [outcome] = outcomes
        const refused = outcome !== undefined && 'code' in outcome
        if (refused !== (stale || vague) || (refused && outcome.code !== 'conflict'))
          violate(
            'compare-and-swap',
            `a publish that expects ${stale ? 'another version' : vague ? 'a version that came back, and not which release' : 'the version that runs'} ${refused ? `failed with ${outcome.code}` : 'won'}`,
          )
        break
      }
      case 'rollback': {
        const goal = goalOf(before)
        Object.assign(reports, { away: dice.chance(0.5), asked: 0 })
        const { outcomes, log: after } = await finish([rollback(one)])
        if (reports.asked > 1)
          violate('a-rollback-waits-for-nobody', `a rollback asked ${reports.asked} times for reports`)
        if (reports.away) met('a rollback went on without reports')
        reports.away = false
        log = after
        const [outcome] = outcomes
        if (outcome === undefined || 'code' in outcome) {
          if (goal !== undefined || outcome?.code !== 'not-found')
            violate('a-rollback-goes-back-once', `a rollback failed with ${outcome?.code}`)
        } else if (outcome.digest !== goal)
          violate('a-rollback-goes-back-once', 'a rollback led to another document than the one before')
        else if (head !== undefined && !outcome.withdrawn.includes(digest(head)))
          violate('a-rollback-goes-back-once', 'a rollback did not withdraw what ran')
        break
      }
      case 'rollbacks': {
        const goal = goalOf(before)
        // Both look before either has appended.
        pace.even = true
        const { outcomes, log: after } = await finish([rollback(one), rollback(other)])
        pace.even = false
        log = after
        if (goal === undefined) break
        for (const outcome of outcomes)
          if ('code' in outcome)
            violate('a-rollback-goes-back-once', `one of two rollbacks failed with ${outcome.code}`)
        const last = log.at(-1)
        if (last !== undefined && digest(last) !== goal)
          violate('a-rollback-goes-back-once', 'two rollbacks at a time went back twice')
        met('two rollbacks came at a time')
        break
      }
      case 'both expect': {
        const { outcomes, log: after } = await finish(
          [one, other].map(by => publish(by, 100 + (fresh += 1), newest)),
        )
        log = after
        const won = outcomes.filter(outcome => !('code' in outcome)).length
        if (won !== 1)
          violate('compare-and-swap', `${won} of two publishers who expected version ${version} won`)
        break
      }
      case 'both publish': {
        const { outcomes, log: after } = await finish(
          [one, other, one].map(by => publish(by, 100 + (fresh += 1))),
        )
        log = after
        if (outcomes.some(outcome => 'code' in outcome) || log.length !== before.length + 3)
          violate(
            'publishing-works-again',
            `three publishes at a time made ${log.length - before.length} releases`,
          )
        for (const outcome of outcomes) checkOutcome(outcome, log)
        break
      }
      case 'epoch':
      case 'ahead': {
        if (type === 'ahead') {
          // Somebody has seen a release of an epoch that is in no log, and has not applied it yet.
          seenEpoch =
            Math.max(seenEpoch, ...before.map(({ epoch }) => epochNumber(epoch))) + dice.between(1, 3)
          const seen = { epoch: `${seenEpoch}-0badcafe`, sequence: dice.between(1, 9) }
          const applied = before[0] && positionOf(before[0])
          const words = [
            reportOf({ namespace: NAMESPACE, instanceId: `i${round}`, seen, ...(applied && { applied }) }),
          ]
          const reporting = store.report(words, never)
          await Promise.all([reporting.catch(() => store.report(words, never)), clock.advance(2_000)])
          const { outcomes } = await finish([publish(one, 100 + (fresh += 1))])
          const [outcome] = outcomes
          if (outcome === undefined || !('code' in outcome) || outcome.code !== 'store-damaged')
            violate('a-store-behind-refuses', 'a publish went on over a store that is behind its fleet')
        }
        const { outcomes, log: after } = await finish([outcomeOf(one.openEpoch({ reason: 'simulation' }))])
        log = after
        const [outcome] = outcomes
        if (outcome === undefined || 'code' in outcome)
          violate('publishing-works-again', `no epoch could be opened: ${outcome?.code}`)
        else if (
          epochNumber(outcome.position.epoch) <=
            Math.max(seenEpoch, ...before.map(({ epoch }) => epochNumber(epoch))) ||
          outcome.position.sequence !== 1
        )
          violate(
            'an-epoch-is-above-all',
            `${formatPosition(outcome.position)} was opened, and epoch ${seenEpoch} was seen`,
          )
        else if (head !== undefined && outcome.digest !== digest(head))
          violate('an-epoch-is-above-all', 'a new epoch began with another document than ran')
        seenEpoch = 0
        met('an epoch was opened above what clients had seen')
      }
    }
    checkLog(log)
    if (!mirror.away && log.length > before.length) checkMirror(log)
    await readBack(dice.pick(publishers), log)
    mirror.away = dice.chance(0.2)
  }
  mirror.away = false
  await during(clock, (publishers[0] as Publisher<{ n: number }>).sync(), 60_000)
  checkMirror(log)
  ending.abort()
  await clock.advance(1_000)
  await watching
  await Promise.all(publishers.map(publisher => publisher.close()))
}

/** A mirror that is away now and then: what it announces it holds. */
function createMirror(
  violate: SceneStage['violate'],
): Mirror & { away: boolean; readonly newest: Release | undefined } {
  const held = new Set<string>()
  let newest: Release | undefined
  const mirror = {
    name: 'mirror',
    away: false,
    get newest() {
      return newest
    },
    async put({ digest }: Parameters<Mirror['put']>[0]) {
      if (mirror.away) throw new NoticeboardError('unavailable', 'away')
      held.add(digest)
    },
    async announce({ bytes }: Parameters<Mirror['announce']>[0]) {
      if (mirror.away) throw new NoticeboardError('unavailable', 'away')
      const { release } = decodeRelease(bytes)
      if (digestsOf(release).some(digest => !held.has(digest)))
        violate(
          'mirrors-follow',
          `${formatPosition(positionOf(release))} was announced to a mirror before its documents`,
        )
      if (newest === undefined || comparePositions(positionOf(release), positionOf(newest)) === 'newer')
        newest = release
    },
  }
  return mirror
}

async function watch(
  store: CompleteStore,
  signal: AbortSignal,
  hear: (bytes: Uint8Array) => void,
): Promise<void> {
  for await (const delivery of store.watch({ namespaces: [NAMESPACE], inline: false }, signal))
    if (delivery.type === 'release') hear(delivery.bytes)
}

/**
 * An engine whose calls take a while, before and after they have their effect, and whose
 * acknowledgements are lost now and then.
 */
function slow(
  engine: StoreEngine,
  {
    clock,
    dice,
    pace,
    mostMs,
  }: Pick<SceneStage, 'clock' | 'dice'> & {
    readonly pace: { readonly even: boolean }
    readonly mostMs: number
  },
): StoreEngine {
  const never = new AbortController().signal
  /** Mostly short, and now and then so long that others come between. */
  const whileMs = (): number => (pace.even ? 8 : dice.number() * (dice.chance(0.1) ? 250 : mostMs))
  const taking = async <T>(run: () => Promise<T>): Promise<T> => {
    await clock.sleep(whileMs(), never)
    const result = await run()
    await clock.sleep(whileMs(), never)
    return result
  }
  return {
    ...engine,
    read: (keys, signal) => taking(() => engine.read(keys, signal)),
    list: (page, signal) => taking(() => engine.list(page, signal)),
    async write(batch, signal) {
      const outcome = await taking(() => engine.write(batch, signal))
      if (!pace.even && dice.chance(0.05)) throw new NoticeboardError('unavailable', 'the answer was lost')
      return outcome
    },
  }
}
