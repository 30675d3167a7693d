// Event files: one line of JSON an event. Each client writes its own, and every figure comes from
// them.
import { openSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * What a client saw and when. `requests` and `bytes` are all of its application's until then, in
 * this process.
 * @typedef {object} ClientEvent
 * @property {number} at milliseconds since 1970, the same clock for all processes of one machine
 * @property {string} client
 * @property {'started' | 'runs' | 'refused' | 'trouble' | 'reads' | 'counted'} event
 * @property {number} requests
 * @property {number} bytes
 * @property {string} [namespace]
 * @property {number} [sequence] of the release that asked for what runs, or was refused
 * @property {string} [digest]
 * @property {string} [origin]
 * @property {number} [issuedAt] when the publisher made that release, in milliseconds since 1970
 * @property {string} [path] where a refused document is wrong
 * @property {string} [reason]
 * @property {string} [code]
 * @property {number} [count] how often the configuration was read
 * @property {number} [failed] and how often that failed
 */

/**
 * Appends lines to a file. Written at once, so that a process that is killed leaves all it said.
 * @param {string} path
 */
export function openEventFile(path) {
  const file = openSync(path, 'a')
  return (/** @type {object} */ event) => void writeSync(file, `${JSON.stringify(event)}\n`)
}

/**
 * The events of a file. A line that a kill cut off is left out. @param {string} path
 * @returns {any[]}
 */
export function readEventFile(path) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}

/** All clients' events, by client. @param {string} folder @returns {Map<string, ClientEvent[]>} */
export function readClients(folder) {
  const files = readdirSync(folder).filter(name => name.endsWith('.ndjson'))
  return new Map(
    files.sort().map(name => [name.slice(0, -'.ndjson'.length), readEventFile(join(folder, name))]),
  )
}
