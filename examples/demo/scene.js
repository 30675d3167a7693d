// How a story is measured: count, let it happen, wait until everybody noticed or the longest bound
// is over, count again.
import { setTimeout as sleep } from 'node:timers/promises'
import { arrivalsOf, rowsOf, whoRan } from './figures.js'
import { isBusy } from './lateness.js'
import { boundMs, strategyNames } from './periods.js'
import { duration } from './table.js'

/**
 * @import { BoundName } from './periods.js'
 * @import { Story } from './figures.js'
 *
 * @typedef {object} Telling
 * @property {string} title
 * @property {BoundName} bound
 * @property {string} namespace
 * @property {Record<string, string[]>} [clients] everybody unless given
 * @property {'runs' | 'refused'} [expect] `runs` unless given
 * @property {'issued' | 'started'} [since] `issued` unless given
 * @property {() => Promise<{ digest: string, issuedAt?: number }>} happens `issuedAt` for clients
 * that are not told it
 */

const lookEveryMs = 100
/** After the longest bound: whoever is not there yet is missed. */
const mercyMs = 200

/**
 * @param {object} parts
 * @param {ReturnType<typeof import('./fleet.js').createFleet>} parts.fleet
 * @param {ReturnType<typeof import('./event-tail.js').createEventTail>} parts.tail
 * @param {(event: object) => void} parts.note writes the list of what happened
 * @param {ReturnType<typeof import('./screen.js').createScreen>} parts.screen
 * @param {ReturnType<typeof import('./lateness.js').watchLateness>} parts.lateness
 */
export function createScene({ fleet, tail, note, screen, lateness }) {
  /** @param {Story} story */
  const allThere = story => {
    const clients = tail.read()
    return strategyNames.every(name =>
      [...arrivalsOf(story, story.clients[name] ?? [], clients).values()].every(delay => delay !== undefined),
    )
  }
  /**
   * @param {Story} story @param {() => number} mostMs grows where the machine turns out to be busy
   */
  const waitForAll = async (story, mostMs) => {
    const from = Date.now()
    while (!allThere(story) && Date.now() - from < mostMs()) await sleep(lookEveryMs)
  }

  return {
    /**
     * Lets something happen and waits for the clients that are to notice it. @param {Telling}
     * telling
     */
    async tell({
      title,
      bound,
      namespace,
      clients = fleet.everybody(namespace),
      expect = 'runs',
      since = 'issued',
      happens,
    }) {
      await fleet.count()
      lateness.begin()
      const at = Date.now()
      const { digest, issuedAt } = await happens()
      const boundsNow = () =>
        Object.fromEntries(strategyNames.map(name => [name, boundMs(bound, name, lateness.slowness)]))
      const story = {
        title,
        at,
        until: Infinity,
        expect,
        since,
        namespace,
        digest,
        ...(issuedAt && { issuedAt }),
        clients,
        boundsMs: boundsNow(),
      }
      await waitForAll(story, () => Math.max(...Object.values(boundsNow())) + mercyMs)
      const { slowness } = lateness
      const boundsMs = boundsNow()
      await fleet.count()
      finish({ ...story, until: Date.now(), boundsMs, slowness })
    },
    /**
     * Lets some time pass in which nothing happens. @param {string} title @param {number} lengthMs
     */
    async idle(title, lengthMs) {
      await fleet.count()
      const at = Date.now()
      await sleep(lengthMs)
      await fleet.count()
      finish({ title, at, until: Date.now(), expect: 'nothing', since: 'issued', clients: {}, boundsMs: {} })
    },
    /**
     * Waits, outside of every figure, until everybody runs a document.
     * @param {{ namespace: string, digest: string }} wanted
     */
    async settle({ namespace, digest }) {
      const clients = fleet.everybody(namespace)
      const story = {
        title: '',
        at: 0,
        until: Infinity,
        expect: 'runs',
        since: 'issued',
        namespace,
        digest,
        clients,
        boundsMs: {},
      }
      await waitForAll(/** @type {Story} */ (story), () => boundMs('lag', 'push', lateness.slowness))
    },
    /** How many clients have run a document at any time. @param {string} digest */
    howManyRan: digest => whoRan(digest, tail.read()).length,
    /** Something that must hold, beside the figures. @param {boolean} holds @param {string} what */
    check(holds, what) {
      screen.say(`        ${holds ? screen.paint.green('ok') : screen.paint.red('FAILED')}  ${what}`)
      if (!holds) note({ event: 'failed', at: Date.now(), what })
    },
  }

  /** @param {Story} story */
  function finish(story) {
    note({ event: 'story', ...story })
    const told = rowsOf(story, tail.read()).map(({ strategy, allMs, missed, requests }) => {
      if (story.expect === 'nothing') return `${strategy} ${requests} requests`
      const { red } = screen.paint
      return missed.length > 0 ? red(`${strategy} misses ${missed.length}`) : `${strategy} ${duration(allMs)}`
    })
    const { slowness = 1 } = story
    if (isBusy(slowness)) told.push(screen.paint.dim('the machine is busy, and has longer'))
    screen.say(`${story.title.padEnd(30)} ${told.join(', ')}`)
  }
}
