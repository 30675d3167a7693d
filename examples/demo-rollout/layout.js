// Which clients there are, and in which processes they live.
import { createHash } from 'node:crypto'
import { fuseMs } from './periods.js'

/**
 * @typedef {object} Member a client within a process
 * @property {string} client its clientId
 * @property {boolean} keepsState whether it has a durable folder; processes with the same client share it
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
 * One host with several workers, which are one client; a tenth without a durable folder, as containers are;
 * the others three to a process in large fleets, else one.
 * @param {{ clients: number, seed: number, keepsState: boolean, name: string }} settings
 * @returns {Seat[]}
 */
export function layOut({ clients, seed, keepsState, name }) {
  const isLarge = clients >= 60
  const workers = isLarge ? 8 : 3
  const perProcess = isLarge ? 3 : 1
  const without = Math.max(2, Math.round(clients / 10))
  /** @type {{ name: string, members: Member[] }[]} */
  const seats = []
  for (let index = 1; index <= workers; index += 1) {
    seats.push({ name: `host-worker-${index}`, members: [{ client: 'host', keepsState }] })
  }
  for (let index = 1; index <= without; index += 1) {
    const client = `container-${index}`
    seats.push({ name: client, members: [{ client, keepsState: false }] })
  }
  const others = Array.from({ length: clients - 1 - without }, (_, index) => `shop-${index + 1}`)
  for (let first = 0; first < others.length; first += perProcess) {
    const members = others.slice(first, first + perProcess).map(client => ({ client, keepsState }))
    seats.push({ name: `machine-${first / perProcess + 1}`, members })
  }
  const { least, most } = fuseMs
  return seats.map(seat => ({
    ...seat,
    fuseMs: Math.round(least + drawn(seed, `${name}/${seat.name}`) * (most - least)),
  }))
}
