// Every figure of the table, from the courses of the fleets.
import { countRunning } from './course.js'

/**
 * @import { Course } from './course.js'
 *
 * @typedef {object} Meeting how a fleet fared with the bad document
 * @property {number} clients
 * @property {number} exposed clients that ran it, for however short
 * @property {number} processes
 * @property {number} died processes that went down at least once
 * @property {number} deaths
 * @property {{ client: string, deaths: number }} worstDeaths the exposed client that went down most
 * often
 * @property {number} downMs what all clients together were down or ran it, in milliseconds
 * @property {number | undefined} backMs until all clients ran the version before again; undefined
 * if they never did
 *
 * @typedef {object} Arrival how a fleet got the mended document
 * @property {number} clients
 * @property {number} arrived clients that run it in the end
 * @property {number} deaths processes that died of something else
 * @property {number | undefined} allMs until all of them ran it
 */

/**
 * @param {Course} course
 * @param {{ poison: string, from: number, until: number }} of between publication and the end, in
 * milliseconds since 1970
 * @returns {Meeting}
 */
export function meetingOf(course, { poison, from, until }) {
  const { clients, processes, changes } = course
  const exposed = clients.filter(client =>
    (changes.get(client) ?? []).flat().some(({ runs, at }) => runs === poison && at <= until),
  )
  const deaths = course.deaths.filter(({ at }) => at >= from && at <= until)
  const perClient = exposed
    .map(client => ({ client, deaths: deaths.filter(death => death.client === client).length }))
    .toSorted((a, b) => b.deaths - a.deaths)
  const trouble = clients.map(client => troubleOf(course, client, { poison, from, until }))
  const ends = trouble.flatMap(({ endedAt }) => endedAt ?? [])
  const isOver = trouble.every(({ open }) => !open)
  return {
    clients: clients.length,
    exposed: exposed.length,
    processes: processes.length,
    died: new Set(deaths.map(({ process }) => process)).size,
    deaths: deaths.length,
    worstDeaths: perClient[0] ?? { client: 'nobody', deaths: 0 },
    downMs: trouble.reduce((sum, { ms }) => sum + ms, 0),
    backMs: isOver ? Math.max(0, ...ends.map(at => at - from)) : undefined,
  }
}

/**
 * How long a client was down or ran the bad document, in whatever of its processes, and when that
 * ended.
 * @param {Course} course @param {string} client
 * @param {{ poison: string, from: number, until: number }} of
 */
function troubleOf({ changes }, client, { poison, from, until }) {
  const each = (changes.get(client) ?? []).map(own => {
    let ms = 0
    /** @type {number | undefined} */
    let endedAt
    /** @type {number | undefined} */
    let since
    for (const { at, runs } of own) {
      if (at < from || at > until) continue
      const isWell = runs !== undefined && runs !== poison
      if (isWell && since !== undefined) {
        ms += at - since
        endedAt = at
        since = undefined
      } else if (!isWell) since ??= at
    }
    return { ms: ms + (since === undefined ? 0 : until - since), endedAt, open: since !== undefined }
  })
  const ends = each.flatMap(({ endedAt }) => endedAt ?? [])
  return {
    ms: Math.max(...each.map(({ ms }) => ms)),
    endedAt: ends.length === 0 ? undefined : Math.max(...ends),
    open: each.some(({ open }) => open),
  }
}

/**
 * @param {Course} course
 * @param {{ mended: string, from: number, until: number }} of
 * @returns {Arrival}
 */
export function arrivalOf(course, { mended, from, until }) {
  const arrived = countRunning(course, [mended], until)
  const { clients } = course
  const times = [...course.changes.values()]
    .flat(2)
    .flatMap(({ at, runs }) => (runs === mended && at <= until ? [at - from] : []))
  return {
    clients: clients.length,
    arrived,
    deaths: course.deaths.filter(({ at, client }) => client === undefined && at >= from && at <= until)
      .length,
    allMs: arrived === clients.length ? Math.max(...times) : undefined,
  }
}
