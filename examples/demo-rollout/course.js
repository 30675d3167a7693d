// What each client ran at what time, from nothing but the event files of the processes.

/**
 * @typedef {object} ProcessEvent
 * @property {number} at milliseconds since 1970, the same clock for all processes of one machine
 * @property {'launched' | 'started' | 'runs' | 'died' | 'trouble'} event
 * @property {string} [client]
 * @property {string} [digest]
 *
 * @typedef {object} Change
 * @property {number} at
 * @property {string | undefined} runs a digest; undefined while the process is down or has nothing
 * yet
 *
 * @typedef {object} Death
 * @property {number} at
 * @property {string} process
 * @property {string | undefined} client of those in the process the one that ran the document for
 * longest; undefined where none did
 *
 * @typedef {object} Start
 * @property {number} at
 * @property {number} tookMs from the fork to the first line of the application, before the library
 * does anything
 *
 * @typedef {object} Course
 * @property {readonly string[]} clients
 * @property {readonly string[]} processes
 * @property {ReadonlyMap<string, readonly (readonly Change[])[]>} changes of each client, by
 * process
 * @property {readonly Death[]} deaths
 * @property {readonly Start[]} starts
 */

/**
 * @param {readonly import('./layout.js').Seat[]} seats
 * @param {ReadonlyMap<string, readonly ProcessEvent[]>} events by process
 * @param {string | undefined} poison the digest that processes die of
 * @returns {Course}
 */
export function courseOf(seats, events, poison) {
  /** @type {Map<string, Change[][]>} */
  const changes = new Map()
  /** @type {Death[]} */
  const deaths = []
  /** @type {Start[]} */
  const starts = []
  for (const { name, members } of seats) {
    const said = events.get(name) ?? []
    for (const { client } of members) {
      changes.set(client, [...(changes.get(client) ?? []), changesOf(client, said)])
    }
    /** Who ran it first in this life. @type {string | undefined} */
    let victim
    let launchedAt = 0
    for (const { at, event, client, digest } of said) {
      if (event === 'launched') launchedAt = at
      if (event === 'started') {
        victim = undefined
        starts.push({ at, tookMs: at - launchedAt })
      }
      if (event === 'runs' && digest === poison) victim ??= client
      if (event === 'runs' && digest !== poison && client === victim) victim = undefined
      if (event === 'died') deaths.push({ at, process: name, client: victim })
    }
  }
  return { clients: [...changes.keys()], processes: seats.map(({ name }) => name), changes, deaths, starts }
}

/** @param {string} client @param {readonly ProcessEvent[]} said @returns {Change[]} */
function changesOf(client, said) {
  return said.flatMap(({ at, event, client: whose, digest }) => {
    if (event === 'died') return [{ at, runs: undefined }]
    return event === 'runs' && whose === client ? [{ at, runs: digest }] : []
  })
}

/**
 * What the processes of a client ran at a time: several where they differ, undefined for one that
 * is down.
 * @param {Course} course @param {string} client @param {number} at
 */
export function runAt({ changes }, client, at) {
  const ran = (changes.get(client) ?? []).map(of => of.findLast(change => change.at <= at)?.runs)
  return [...new Set(ran)]
}

/**
 * How many clients run one of these documents in every process, at a time. @param {Course} course
 * @param {readonly string[]} wanted @param {number} at
 */
export function countRunning(course, wanted, at) {
  const runsIt = (/** @type {string} */ client) =>
    runAt(course, client, at).every(digest => digest !== undefined && wanted.includes(digest))
  return course.clients.filter(runsIt).length
}
