// Every figure of the table, from nothing but the clients' event files and the list of what
// happened.
import { strategyNames } from './periods.js'

/**
 * @import { ClientEvent } from './event-file.js'
 * @import { StrategyName } from './periods.js'
 *
 * @typedef {object} Story what happened, and who was to notice it how
 * @property {string} title
 * @property {number} at
 * @property {number} until while it goes on, infinite
 * @property {'runs' | 'refused' | 'nothing'} expect what the clients were to say
 * @property {'issued' | 'started'} since what their times count from: the release, or their own
 * start
 * @property {string} [namespace]
 * @property {string} [digest] of the document that they were to run or to refuse
 * @property {number} [issuedAt] when that was released, for those that did not tell
 * @property {Record<string, string[]>} clients by strategy
 * @property {Record<string, number>} boundsMs by strategy
 * @property {number} [slowness] how many times as long the machine had meanwhile
 *
 * @typedef {object} Row
 * @property {string} title
 * @property {StrategyName} strategy
 * @property {number} clients
 * @property {number | undefined} halfMs
 * @property {number | undefined} mostMs 90 %
 * @property {number | undefined} allMs
 * @property {number} requests
 * @property {number} bytes
 * @property {number | undefined} boundMs
 * @property {string[]} missed the clients that were not there within the bound
 */

/** @param {Story} story @param {Map<string, ClientEvent[]>} clients @returns {Row[]} */
export function rowsOf(story, clients) {
  return strategyNames.map(strategy => {
    const names = story.clients[strategy] ?? []
    const arrivals = arrivalsOf(story, names, clients)
    const within = [...arrivals.values()].filter(delay => delay !== undefined).sort((a, b) => a - b)
    const share = (/** @type {number} */ part) => within[Math.ceil(names.length * part) - 1]
    const boundMs = story.boundsMs[strategy]
    return {
      title: story.title,
      strategy,
      clients: names.length,
      halfMs: share(0.5),
      mostMs: share(0.9),
      allMs: share(1),
      ...trafficOf(story, clients, strategy),
      boundMs,
      missed: boundMs === undefined ? [] : names.filter(name => (arrivals.get(name) ?? Infinity) > boundMs),
    }
  })
}

/**
 * How long it took each client; undefined for those that did not get there.
 * @param {Story} story @param {string[]} names @param {Map<string, ClientEvent[]>} clients
 * @returns {Map<string, number | undefined>}
 */
export function arrivalsOf(story, names, clients) {
  return new Map(names.map(name => [name, delayOf(story, clients.get(name) ?? [])]))
}

/** @param {Story} story @param {ClientEvent[]} events */
function delayOf({ at, until, expect, since, namespace, digest, issuedAt }, events) {
  if (expect === 'nothing') return undefined
  const recent = events.filter(event => event.at >= at && event.at <= until)
  const started = recent.findLast(({ event }) => event === 'started')?.at
  if (since === 'started' && started === undefined) return undefined
  const arrived = recent.find(
    event =>
      event.event === expect &&
      event.namespace === namespace &&
      event.digest === digest &&
      event.at >= (started ?? at),
  )
  if (arrived === undefined) return undefined
  return arrived.at - ((since === 'started' ? started : (arrived.issuedAt ?? issuedAt)) ?? at)
}

/**
 * What all applications of a strategy asked and received during a story. Their counts begin anew
 * with each start.
 * @param {Story} story @param {Map<string, ClientEvent[]>} clients @param {StrategyName} strategy
 */
function trafficOf({ at, until }, clients, strategy) {
  const sum = { requests: 0, bytes: 0 }
  for (const [name, events] of clients) {
    if (!name.startsWith(`${strategy}-`)) continue
    let before = { requests: 0, bytes: 0 }
    for (const event of events) {
      if (event.event === 'started') before = { requests: 0, bytes: 0 }
      if (event.at > at && event.at <= until) {
        sum.requests += event.requests - before.requests
        sum.bytes += event.bytes - before.bytes
      }
      before = event
    }
  }
  return sum
}

/**
 * All reads of the configuration, and those that failed. @param {Map<string, ClientEvent[]>}
 * clients
 */
export function readsOf(clients) {
  const sum = { count: 0, failed: 0 }
  for (const event of [...clients.values()].flat()) {
    sum.count += event.count ?? 0
    sum.failed += event.failed ?? 0
  }
  return sum
}

/**
 * Clients that ran a document at any time. @param {string} digest
 * @param {Map<string, ClientEvent[]>} clients
 */
export function whoRan(digest, clients) {
  return [...clients]
    .filter(([, events]) => events.some(event => event.event === 'runs' && event.digest === digest))
    .map(([name]) => name)
}
