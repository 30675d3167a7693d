// Which clients there are, and in which processes they live.
import { createHash } from 'node:crypto'
import { fuseMs } from './periods.js'

/**
 * @typedef {object} Member a client within a process
 * @property {string} client its clientId
 * @property {boolean} keepsState whether it has a durable folder; processes with the same client
 * share it
 *
 * @typedef {object} Seat a process of the fleet
 * @property {string} name
 * @property {readonly Member[]} members
 * @property {number} fuseMs how long after it took the bad document the application dies
 */

/** A number from 0 to 1 that follows from the seed. @param {number} seed @param {string} name */
function drawn(seed, name) {
  return createHash('sha256').update(`${seed}/${name}`).digest().readUInt32BE(0) / 2 ** 32
}

/**
 * One host with eight processes that the supervisor forks, as node:cluster would its workers: they
 * have one folder and are one client; a tenth without a durable folder, as containers are; the
 * others with one. A process has two of them, four in large fleets: what it dies of takes its
 * neighbours down, as on a real machine.
 * @param {{ clients: number, seed: number, keepsState: boolean, name: string }} settings
 * @returns {Seat[]}
 */
export function layOut({ clients, seed, keepsState, name }) {
  const workers = 8
  const perProcess = { container: 2, machine: clients >= 60 ? 4 : 2 }
  const without = Math.max(2, Math.round(clients / 10))
  /** @type {{ name: string, members: Member[] }[]} */
  const seats = []
  for (let index = 1; index <= workers; index += 1) {
    seats.push({ name: `host-worker-${index}`, members: [{ client: 'host', keepsState }] })
  }
  seats.push(
    ...grouped('container', numbered('container', without), perProcess.container, false),
    ...grouped('machine', numbered('shop', clients - 1 - without), perProcess.machine, keepsState),
  )
  const { least, most } = fuseMs
  return seats.map(seat => ({
    ...seat,
    fuseMs: Math.round(least + drawn(seed, `${name}/${seat.name}`) * (most - least)),
  }))
}

/** @param {string} word @param {number} count */
function numbered(word, count) {
  return Array.from({ length: count }, (_, index) => `${word}-${index + 1}`)
}

/**
 * So many clients to a process. @param {string} word of the processes @param {readonly string[]}
 * clients @param {number} size @param {boolean} keepsState
 */
function grouped(word, clients, size, keepsState) {
  return Array.from({ length: Math.ceil(clients.length / size) }, (_, index) => ({
    name: `${word}-${index + 1}`,
    members: clients.slice(index * size, (index + 1) * size).map(client => ({ client, keepsState })),
  }))
}
