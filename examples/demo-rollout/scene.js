// One fleet, from its start to what became of it.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPublisher, everyone, httpStore, isNoticeboardError, staged } from 'noticeboard'
import { createEventTail } from '../demo/event-tail.js'
import { countRunning, courseOf } from './course.js'
import { good, mended, poison, schema } from './documents.js'
import { arrivalOf, meetingOf } from './figures.js'
import { layOut } from './layout.js'
import { handMs, periods } from './periods.js'
import { mostArriveMs, mostBackMs, slownessOf } from './promise.js'
import { createSupervisor } from './supervisor.js'

/**
 * @import { PublishOptions } from 'noticeboard'
 * @import { StrategyName } from './periods.js'
 * @import { ProcessEvent } from './course.js'
 *
 * @typedef {object} SceneSettings
 * @property {StrategyName} strategy
 * @property {'at once' | 'by default'} way
 * @property {number} clients
 * @property {number} seed
 * @property {number} patience
 * @property {import('./options.js').Removed} without
 * @property {{ url: string, token: string }} board
 * @property {string} script what each process runs
 * @property {string} folder
 * @property {(text: string) => void} say
 */

const lookMs = 100
/** How long a fleet may take to start, and to be heard. */
const startMs = 300_000
/** How long all has to be well until it is believed. */
const calmMs = 1_000

/** @param {SceneSettings} settings */
export function createScene(settings) {
  const { strategy, way, clients, seed, patience, without, board, script, folder, say: print } = settings
  const name = `${strategy}-${way === 'at once' ? 'at-once' : 'by-default'}`
  const namespace = `shop/${name}`
  const own = join(folder, name)
  const keepsState = way === 'by default' && without !== 'quarantine'
  const seats = layOut({ clients, seed, keepsState, name })
  const supervisor = createSupervisor({
    script,
    seats,
    folder: own,
    state: join(own, 'state'),
    follows: { strategy, namespace, url: board.url },
  })
  const tail = createEventTail(supervisor.events)
  const { bakeMs, reportMs } = periods
  const publisher = createPublisher({
    namespace,
    schema,
    store: httpStore(board.url, { token: board.token }),
    author: 'demo',
    // The plain defaults of publish(), with shorter periods.
    rollout: staged({ bakeMs, reportMs }),
  })
  const say = (/** @type {string} */ text) => print(`${strategy.padEnd(8)}${way.padEnd(12)}${text}`)
  const digests = { good: '', poison: '', mended: '' }

  const courseNow = () => {
    const events = /** @type {ReadonlyMap<string, readonly ProcessEvent[]>} */ (tail.read())
    return courseOf(seats, events, digests.poison)
  }
  /** @param {readonly string[]} wanted */
  const running = wanted => countRunning(courseNow(), wanted, Date.now())

  /**
   * Publishes as an operator who reads what publish() says. @param {typeof good} document
   * @param {Partial<PublishOptions>} options
   */
  const publish = async (document, options = {}) => {
    for (const last = Date.now() + startMs; ; await sleep(2 * lookMs)) {
      const from = Date.now()
      try {
        const { digest } = await publisher.publish(document, { reason: document.edition, ...options })
        return { digest, from }
      } catch (error) {
        if (without === 'controller' && isNoticeboardError(error, 'no-controller')) {
          say('publish() refuses stages: no controller is heard; so it goes to everyone')
          return publish(document, { rollout: everyone() })
        }
        // The fleet and its controller have to be heard for a while, so that there is evidence.
        const passes = isPassing(error) || isNoticeboardError(error, 'fleet-unknown', 'no-controller')
        if (!passes || Date.now() > last) throw error
      }
    }
  }
  const stateNow = async () => {
    try {
      return (await publisher.rollout())?.state
    } catch (error) {
      // A machine that is busy: it is asked again.
      if (isPassing(error)) return 'unknown'
      throw error
    }
  }
  /** Withdrawn; or taken from the exposed, where nothing is known but that they fell silent. */
  const isTakenBack = async () => ['rolled-back', 'retreated'].includes((await stateNow()) ?? '')

  return {
    name,
    strategy,
    way,
    supervisor,
    get course() {
      return courseNow()
    },
    /** Starts the processes. Resolves when all clients run the good document. */
    async start() {
      digests.good = (await publish(good)).digest
      supervisor.start()
      await until(
        () => running([digests.good]) === clients,
        () => startMs,
        'the fleet did not start',
      )
      say(`${clients} clients are up, in ${seats.length} processes`)
    },

    /** Publishes the bad document and waits for what becomes of it. */
    async meetPoison() {
      const { digest, from } = await publish(poison, way === 'at once' ? { rollout: everyone() } : {})
      digests.poison = digest
      say(way === 'at once' ? 'the bad document goes to everyone' : 'the bad document goes out')
      if (way === 'at once') {
        await sleep(handMs)
        say(`${handMs / 1_000} s later somebody rolls it back`)
        await insist(() => publisher.rollback({ reason: 'the shop is down' }))
      }
      let calmSince = Infinity
      const isOver = async () => {
        const isCalm = running([digests.good]) === clients
        if (!isCalm) calmSince = Infinity
        else if (calmSince === Infinity && (way === 'at once' || (await isTakenBack())))
          calmSince = Date.now()
        return Date.now() - calmSince > calmMs
      }
      const patienceNow = () => patience * slownessOf(courseNow(), from)
      const wasSeen = await until(isOver, () =>
        way === 'at once' ? startMs : mostBackMs(patienceNow()) + calmMs,
      )
      const last = Date.now()
      const meeting = meetingOf(courseNow(), { poison: digest, from, until: last })
      say(
        wasSeen
          ? `well again; ${meeting.exposed} of ${clients} met the bad document`
          : `still not well; ${meeting.exposed} of ${clients} met the bad document`,
      )
      return { meeting, from, until: last, wanted: [digests.good], patience: patienceNow() }
    },

    /**
     * Publishes the mended one; while half of the fleet runs it, some processes die of something
     * else.
     */
    async getMended() {
      // What did not end by itself is ended by publishing the mend.
      const hasEnded = ['rolled-back', 'completed', undefined].includes(await stateNow())
      const { digest, from } = await publish(mended, hasEnded ? {} : { supersede: true })
      digests.mended = digest
      say('the mended document goes out')
      const half = Math.ceil(clients / 2)
      const limitMs = () => mostArriveMs(patience * slownessOf(courseNow(), from))
      await until(async () => running([digest]) >= half || (await isTakenBack()), limitMs)
      const victims = victimsIn(courseNow(), { seats, digest, clients })
      if (running([digest]) < clients && victims.length > 0) {
        const verb = victims.length === 1 ? 'runs' : 'run'
        say(`${victims.join(' and ')} ${verb} out of memory`)
        for (const victim of victims) supervisor.crash(victim)
      }
      await until(async () => running([digest]) === clients || (await isTakenBack()), limitMs)
      if (running([digest]) < clients) await sleep(calmMs)
      const last = Date.now()
      const arrival = arrivalOf(courseNow(), { mended: digest, from, until: last })
      say(`the mended document has reached ${arrival.arrived} of ${clients}`)
      return { arrival, from, until: last, wanted: [digest] }
    },
  }
}

/**
 * Processes to die of something else: fewer than a tenth of either half of the fleet, and more than
 * one in twenty of those that run the new version.
 * @param {import('./course.js').Course} course
 * @param {{ seats: readonly import('./layout.js').Seat[], digest: string, clients: number }} of
 */
function victimsIn(course, { seats, digest, clients }) {
  const most = Math.floor(clients / 20)
  const now = Date.now()
  const left = { inside: most, outside: Math.max(1, most - 1) }
  /** @type {string[]} */
  const victims = []
  for (const { name, members } of seats) {
    if (!name.startsWith('machine-')) continue
    const own = members.map(({ client }) => client)
    const inside = countRunning({ ...course, clients: own }, [digest], now)
    const outside = own.length - inside
    if (inside === 0 || inside > left.inside || outside > left.outside) continue
    left.inside -= inside
    left.outside -= outside
    victims.push(name)
  }
  return victims
}

/** Whether an error is one of a machine that is busy. @param {unknown} error */
function isPassing(error) {
  return isNoticeboardError(error, 'unavailable', 'timeout', 'rate-limited')
}

/**
 * Asks again where a busy machine did not answer, as somebody in front of it would. @template T
 * @param {() => Promise<T>} ask @returns {Promise<T>}
 */
async function insist(ask) {
  for (const last = Date.now() + startMs; ; await sleep(2 * lookMs)) {
    try {
      return await ask()
    } catch (error) {
      if (!isPassing(error) || Date.now() > last) throw error
    }
  }
}

/**
 * Resolves to whether it came true in time; with a complaint it rejects if not.
 * @param {() => boolean | Promise<boolean>} condition @param {() => number} limitMs how long that
 * may take, as far as is known by then @param {string} [complaint]
 */
async function until(condition, limitMs, complaint) {
  for (const from = Date.now(); Date.now() - from < limitMs(); await sleep(lookMs))
    if (await condition()) return true
  if (complaint !== undefined) throw new Error(complaint)
  return false
}
