// What travels: a document of the user's, or one made to measure; and the same with one key
// changed.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** @typedef {Record<string, unknown>} Document */

/**
 * The key that changes from one version to the next; always as long, so that every version has the
 * same size.
 */
const roundKey = 'benchmark-round'

/** The document of a round. @param {Document} document @param {number} round @returns {Document} */
export function versionOf(document, round) {
  return { ...document, [roundKey]: 1_000_000 + round }
}

/** How many bytes a version has as it travels. @param {Document} document */
export function bytesOf(document) {
  return Buffer.byteLength(JSON.stringify(versionOf(document, 0)))
}

/**
 * Reads JSON or YAML. Throws when it is not an object at the top. @param {string} path
 * @returns {Document}
 */
export function readDocument(path) {
  const text = readFileSync(path, 'utf8')
  const document = /\.ya?ml$/.test(path) ? parse(text) : JSON.parse(text)
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error('it must be an object at the top, since one key of it is changed again and again')
  }
  return document
}

/**
 * A map of flags of exactly so many bytes. @param {number} bytes 200 at least @returns {Document}
 */
export function makeDocument(bytes) {
  /** @type {Record<string, object>} */
  const flags = {}
  const document = { flags, padding: '' }
  for (let index = 0; ; index += 1) {
    const name = `flag-${String(index).padStart(5, '0')}`
    flags[name] = { enabled: index % 3 === 0, owner: `team-${index % 7}`, share: (index * 37) % 101 }
    if (bytesOf(document) <= bytes) continue
    delete flags[name]
    break
  }
  document.padding = 'x'.repeat(bytes - bytesOf(document))
  return document
}
