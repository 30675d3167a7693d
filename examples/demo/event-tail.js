import { closeSync, fstatSync, openSync, readSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** @import { ClientEvent } from './event-file.js' */

/** Follows a folder of event files while they are written. @param {string} folder */
export function createEventTail(folder) {
  /** @type {Map<string, { offset: number, rest: string }>} */
  const places = new Map()
  /** @type {Map<string, ClientEvent[]>} */
  const clients = new Map()

  return {
    /** What every client has said until now. */
    read() {
      for (const name of readdirSync(folder)) {
        if (!name.endsWith('.ndjson')) continue
        const client = name.slice(0, -'.ndjson'.length)
        const place = places.get(client) ?? { offset: 0, rest: '' }
        const lines = (place.rest + readFrom(join(folder, name), place)).split('\n')
        place.rest = lines.pop() ?? ''
        places.set(client, place)
        const events = clients.get(client) ?? []
        for (const line of lines) events.push(JSON.parse(line))
        clients.set(client, events)
      }
      return clients
    },
  }
}

/**
 * What was added to a file, and moves the place behind it. @param {string} path
 * @param {{ offset: number }} place
 */
function readFrom(path, place) {
  const file = openSync(path, 'r')
  try {
    const added = Buffer.alloc(fstatSync(file).size - place.offset)
    place.offset += readSync(file, added, 0, added.length, place.offset)
    return added.toString()
  } finally {
    closeSync(file)
  }
}
