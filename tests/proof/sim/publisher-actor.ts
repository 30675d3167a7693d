import { z } from 'zod'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Store } from '../../../src/contracts/transport.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { digestOf } from '../../../src/core/release/digest.js'
import {
  decodeRelease,
  encodeRelease,
  releaseDigest,
  type Release,
} from '../../../src/core/release/release.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import type { Fleet } from '../../../src/fleet/summary.js'
import { watchPublishing } from './oracles/publishing.js'
import { createPublisher, everyone, type Publisher, type Rollout } from '../../../src/publisher/index.js'
import { httpStore } from '../../../src/transports/http/http-store.js'
import { schema } from './builds.js'
import { DEADLY, NAMESPACE, PERIODS, SIDE } from './client-actor.js'
import { PLAIN, type Configuration } from './configuration.js'
import { soundLink, type Link } from '../../../src/sim/link.js'
import { fetchOver, type Host } from './net.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { seededDice, type Dice } from '../../../src/sim/dice.js'
import { TOKEN } from './server-actor.js'
import { judgeError, loggerOf, SECRET } from './values.js'
import type { World } from './world.js'

/**
 * Somebody who publishes over HTTP. An action is a process of its own, as a job of CI is, or is
 * done by a process that lives on from the one before, as a controller does.
 */
export interface PublisherActor {
  readonly link: Link
  /** The process of the last action. */
  readonly process: SimProcess | undefined
  publish(): Promise<boolean>
  /** Whether it was done, or there was nothing to go back to. */
  rollback(): Promise<boolean>
  /** A canary by hand: a release with a candidate for part of the fleet. */
  candidate(): Promise<void>
  /**
   * A document that every client refuses: a publisher with the schema does too, one without takes
   * it.
   */
  poison(): Promise<void>
  /** A document that its schema takes, and that kills some applications. */
  crasher(): Promise<void>
  /** Several publishes as fast as they are acknowledged. */
  burst(): Promise<void>
  /** Two publishers with the same expectation: at most one may win. */
  race(): Promise<boolean>
  openEpoch(): Promise<boolean>
  /** A publish with a time at which everybody switches. */
  schedule(): Promise<boolean>
  /** Two publishers who expect nothing: both win, one after the other. */
  contest(): Promise<boolean>
  /** A publish to the second namespace, in a new epoch where one is needed. */
  side(epoch?: 'a new epoch'): Promise<boolean>
  /** Who runs what, as it is told to whoever asks; undefined when nobody can tell. */
  fleet(): Promise<Fleet | undefined>
  /**
   * Whether an action is under way. One whose process was killed is over, although nobody hears so.
   */
  readonly busy: boolean
  /** Whether a rollback is under way. */
  readonly rollingBack: boolean
  /** The one that began last of those at work. */
  kill(): void
  /** All that are at work: nobody hears any more what became of it. */
  killAll(): void
}

/** What one action works with. */
interface Opened {
  readonly store: Store
  readonly dice: Dice
  readonly own: SimProcess
  /** Hears what one action asks its validators. */
  asked: ReturnType<typeof watchPublishing>
  readonly publishers: Map<string, Publisher>
}

/** How often an action is done by the process of an earlier one. */
const LIVING_ON = 0.7

/** Makes a {@link PublisherActor}. Nothing it does rejects: what fails is part of the history. */
export function publisherActor(
  world: World,
  host: () => Host | undefined,
  { base }: Configuration = PLAIN,
): PublisherActor {
  const { trace, truth, sometimes, seed, clock } = world
  const link = soundLink()
  const content = seededDice(seed, 'documents')
  const beside = seededDice(seed, 'documents beside')
  const lives = seededDice(seed, 'publishers')
  let actions = 0
  let process: SimProcess | undefined
  /** The process that did the last action. */
  let living: Opened | undefined
  /** The rollbacks of which nobody has heard yet, and how many there were at all. */
  const rollingBack = new Set<SimProcess>()
  let rollbacks = 0
  /** The processes whose action is not over. */
  const working = new Set<SimProcess>()

  const anyRollsBack = (): boolean => [...rollingBack].some(({ alive }) => alive)

  const begin = (): Opened => {
    if (living?.own.running === true && !working.has(living.own) && lives.chance(LIVING_ON)) {
      working.add(living.own)
      living.asked = watchPublishing(loggerOf(world, living.own.name))
      return living
    }
    living = open()
    return living
  }
  const open = (): Opened => {
    actions += 1
    const own = startProcess(`publisher.${actions}`, world)
    process = own
    working.add(own)
    own.onDeath(() => working.delete(own))
    const dice = own.system.random
    const fetch = fetchOver({
      world: clock, trace, dice, client: own, host, link,
      onRequest(method, path, status) {
        trace.add(own.name, 'request', `${method} ${path} ${status}`)
        if (method === 'POST' && path.endsWith('~releases') && status === 'lost') sometimes.add('an acknowledgement was lost')
      },
    }) // prettier-ignore
    return {
      store: httpStore(base, {
        system: { clock: own.clock },
        timeoutMs: PERIODS.timeoutMs,
        fetch,
        token: TOKEN,
      }),
      dice,
      own,
      asked: watchPublishing(loggerOf(world, own.name)),
      publishers: new Map(),
    }
  }
  const publisherOf = (opened: Opened, anything = false, namespace = NAMESPACE): Publisher => {
    const { store, own, publishers } = opened
    const key = `${namespace} ${anything}`
    const known = publishers.get(key)
    if (known !== undefined) return known
    const publisher = createPublisher({
      namespace,
      store,
      schema: anything ? z.any() : schema,
      validators: [
        { name: 'previous', validate: (value, context) => opened.asked.validator.validate(value, context) },
      ],
      system: own.system,
      logger: {
        ...opened.asked.logger,
        warn: (message, details) => opened.asked.logger.warn(message, details),
      },
    }) as Publisher
    publishers.set(key, publisher)
    return publisher
  }

  const document = (): { n: number; name: string } => ({
    n: content.between(1, 1_000_000),
    name: `${SECRET}-${'x'.repeat(content.between(0, 60))}`,
  })

  const note = (name: string, outcome: Rollout, { own, asked }: Opened, of = truth): void => {
    if (!own.alive || outcome.outcome !== 'published') return
    const { position, digest } = outcome
    of.acknowledged(position, digest)
    if (name === 'publish' && asked.told !== undefined) of.published(position, asked.told)
    trace.add(own.name, name, `acknowledged ${position.epoch}:${position.sequence}`)
    sometimes.add(`a ${name} was acknowledged`)
  }
  const attempt = async (
    name: string,
    opened: Opened,
    run: () => Promise<Rollout>,
    of = truth,
  ): Promise<boolean> => {
    const { own } = opened
    try {
      note(name, await run(), opened, of)
      return true
    } catch (error) {
      const code = judgeError(world, `a ${name}`, error)
      trace.add(own.name, name, `failed ${code}`)
      sometimes.add(`a ${name} failed with ${code}`)
      return false
    } finally {
      working.delete(own)
    }
  }
  const publish = async (anything: boolean, value: unknown, more: object = {}): Promise<boolean> => {
    const opened = begin()
    truth.offered(canonicalize(value))
    return attempt('publish', opened, () =>
      publisherOf(opened, anything).publish(value as never, {
        rollout: everyone(),
        reason: 'simulation',
        supersede: true,
        ...more,
      }),
    )
  }

  return {
    link,
    get process() {
      return process
    },
    publish: () => publish(false, document()),
    async rollback() {
      const opened = begin()
      rollingBack.add(opened.own)
      rollbacks += 1
      let nothingBefore = false
      const run = async (): Promise<Rollout> => {
        try {
          return await publisherOf(opened).rollback({ reason: 'simulation' })
        } catch (error) {
          nothingBefore = isNoticeboardError(error, 'not-found')
          throw error
        }
      }
      const done = await attempt('rollback', opened, run)
      rollingBack.delete(opened.own)
      return done || nothingBefore
    },
    async poison() {
      // What is refused is now a number, now a text that must not come up with the refusal.
      const value = { n: actions % 2 === 0 ? 0 : SECRET, name: SECRET }
      if (await publish(false, value))
        truth.violate('validated', 'a publisher took what its own schema refuses')
      await publish(true, value)
    },
    async crasher() {
      const { n, name } = document()
      await publish(false, { n, name: `${name}${DEADLY}` })
    },
    async burst() {
      for (let left = 3; left > 0; left -= 1) await publish(false, document())
    },
    async race() {
      const opened = begin()
      const current = await publisherOf(opened)
        .current()
        .catch((error: unknown) => void judgeError(world, 'a race', error))
        .finally(() => working.delete(opened.own))
      if (current === undefined) return false
      const { version, position, release } = current
      // By its number alone a version is told neither from itself before a rollback nor from one
      // with a candidate beside it.
      const isPlain = release.cause !== 'rollback' && release.candidate === undefined
      const expected = { ifVersion: version, ...(!isPlain && { ifPosition: position }) }
      const before = rollbacks
      const alone = !anyRollsBack()
      const won = await Promise.all([
        publish(false, document(), expected),
        publish(false, document(), expected),
      ])
      // A rollback in between makes the version the expected one again; so does one that was under
      // way before.
      if (won.every(Boolean) && alone && rollbacks === before)
        truth.violate('compare-and-swap', `two publishers that expected version ${version} both won`)
      if (won.some(Boolean)) sometimes.add('one of two racing publishers won')
      return won.some(Boolean)
    },
    async openEpoch() {
      const opened = begin()
      const reason = 'restored from a backup'
      const open = async (): Promise<Rollout> => {
        try {
          return await publisherOf(opened).openEpoch({ reason })
        } catch (error) {
          if (!isNoticeboardError(error, 'invalid-option')) throw error
          const value = document()
          truth.offered(canonicalize(value))
          return publisherOf(opened).openEpoch({ reason, document: value })
        }
      }
      return attempt('epoch', opened, open)
    },
    schedule: () =>
      publish(false, document(), { activateAt: new Date(clock.now() + content.between(2_000, 5_000)) }),
    async contest() {
      const won = await Promise.all([publish(false, document()), publish(false, document())])
      if (won.every(Boolean)) sometimes.add('a publisher lost a race and published after it')
      return won.every(Boolean)
    },
    async side(epoch) {
      const opened = begin()
      const value = { n: beside.between(1, 1_000_000), name: `${SECRET}-beside` }
      world.side.offered(canonicalize(value))
      const publisher = publisherOf(opened, false, SIDE)
      const options = { rollout: everyone(), reason: 'simulation', supersede: true }
      return attempt(
        epoch === undefined ? 'publish' : 'epoch',
        opened,
        () =>
          epoch === undefined
            ? publisher.publish(value, options)
            : publisher.openEpoch({ reason: 'restored from a backup', document: value }),
        world.side,
      )
    },
    async fleet() {
      const opened = begin()
      try {
        return await publisherOf(opened).fleet()
      } catch (error) {
        judgeError(world, 'a look at the fleet', error)
        return undefined
      } finally {
        working.delete(opened.own)
      }
    },
    async candidate() {
      const opened = begin()
      const { store, own, dice } = opened
      const { signal } = new AbortController()
      try {
        const latest = await store.latest({ namespace: NAMESPACE }, signal)
        if (latest.type !== 'release') return
        const { release } = decodeRelease(latest.bytes)
        const arms: Record<string, { digest: string; bytes: number }> = {}
        for (const name of ['eu', 'rest']) {
          const text = canonicalize(document())
          truth.offered(text)
          const bytes = encodeText(text)
          const digest = digestOf(systemHasher, bytes)
          await store.put({ namespace: NAMESPACE, digest, bytes }, signal)
          arms[name] = { digest, bytes: bytes.length }
        }
        const { candidate: _, audience: __, withdrawn: ___, ...rest } = release
        const next: Release = {
          ...rest,
          sequence: release.sequence + 1,
          cause: 'publish',
          candidate: {
            version: release.sequence + 1,
            variants: [
              { when: { region: ['eu'] }, ...(arms['eu'] as { digest: string; bytes: number }) },
              arms['rest'] as { digest: string; bytes: number },
            ],
          },
          audience: {
            salt: `salt-${release.sequence}`,
            clauses: [{ below: dice.between(0, 4_294_967_296) }],
          },
          ...(dice.chance(0.3) && { spreadMs: dice.between(0, 5_000) }),
          ...(dice.chance(0.2) && {
            activateAt: new Date(clock.now() + dice.between(0, 10_000)).toISOString(),
          }),
          prev: releaseDigest(systemHasher, latest.bytes),
        }
        const bytes = encodeRelease(next)
        const outcome = await store.append(
          { namespace: NAMESPACE, at: { epoch: next.epoch, sequence: next.sequence }, bytes },
          signal,
        )
        trace.add(own.name, 'candidate', outcome)
        if (outcome !== 'appended' || !own.alive) return
        truth.acknowledged(
          { epoch: next.epoch, sequence: next.sequence },
          next.stable.variants.at(-1)?.digest ?? '',
        )
        sometimes.add('a candidate was acknowledged')
      } catch (error) {
        trace.add(own.name, 'candidate', `failed ${judgeError(world, 'a candidate', error)}`)
      } finally {
        working.delete(own)
      }
    },
    get busy() {
      return working.size > 0
    },
    get rollingBack() {
      return anyRollsBack()
    },
    kill() {
      const last = [...working].at(-1)
      last?.kill()
    },
    killAll() {
      for (const one of working) one.kill()
    },
  }
}
