import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readCheckout } from './before/checkout.js'
import { bytesOf, makeDocument, readDocument } from './document.js'

export const partNames = /** @type {const} */ ([
  'strategies',
  'fanout',
  'connects',
  'stalled',
  'deltas',
  'encodings',
  'read',
  'poll',
  'registry',
  'client',
  'store',
  'held',
  'peers',
])

/**
 * @typedef {(typeof partNames)[number]} PartName
 * @typedef {object} Options
 * @property {boolean} quick
 * @property {import('./document.js').Document} document
 * @property {string} about where the document comes from
 * @property {number} bytes of the document
 * @property {number} clients of each strategy
 * @property {number} changesPerHour
 * @property {number} connections of a broadcast, and of streams that open at once
 * @property {number} readersOfForms of a large document, as deltas and compressed
 * @property {boolean} naive
 * @property {readonly PartName[]} parts
 * @property {string | undefined} json
 * @property {import('./before/checkout.js').Checkout | undefined} before
 */

export const help = `npm run bench -- [options]

  --quick                 a first look, in some minutes: fewer clients, fewer rounds
  --only PART             ${partNames.join(', ')}; may repeat
  --document FILE         the document that changes: JSON or YAML, an object at the top
  --bytes N               or one made to measure, 200 to 1,000,000 bytes; 20,480 unless given
  --clients N             the fleet, for each strategy: 1 to 5,000; 100 unless given, 30 with --quick
  --changes-per-hour N    how often the document changes; 6 unless given
  --connections N         event streams at once, 1 to 18,000; unless given 10,000, and 5,000 of
                          large documents; 500 with --quick
  --without-peers         without the part that measures others beside this
  --before DIR            beside this build that of another checkout, which has to be built, or of an
                          installed package; where DIR is this one, it tells what chance does
  --naive                 also what is lost with a string, and with a JSON.stringify, for each connection
  --json FILE             writes every figure of every round there, too
`

/** @param {readonly string[]} args @returns {Options | 'help' | { problem: string }} */
export function readOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        document: { type: 'string' },
        bytes: { type: 'string' },
        clients: { type: 'string' },
        'changes-per-hour': { type: 'string' },
        connections: { type: 'string' },
        naive: { type: 'boolean', default: false },
        'without-peers': { type: 'boolean', default: false },
        json: { type: 'string' },
        before: { type: 'string' },
      },
    })
    if (values.help) return 'help'
    const { quick, naive, json } = values
    const usual = partNames.filter(name => name !== 'peers' || !values['without-peers'])
    const parts = (values.only ?? usual).map(readPart)
    const { document, about } = chooseDocument(values)
    return {
      quick,
      document,
      about,
      bytes: bytesOf(document),
      clients: readNumber('--clients', values.clients, quick ? 30 : 100, [1, 5_000]),
      changesPerHour: readNumber('--changes-per-hour', values['changes-per-hour'], 6, [0, 100_000]),
      connections: readConnections(values.connections, quick ? 500 : 10_000),
      readersOfForms: readConnections(values.connections, quick ? 500 : 5_000),
      naive,
      parts: partNames.filter(name => parts.includes(name)),
      json: json === undefined ? undefined : resolve(json),
      before: values.before === undefined ? undefined : chooseBefore(values.before),
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** @param {string} path */
function chooseBefore(path) {
  try {
    return readCheckout(path)
  } catch (error) {
    throw new Error(`--before: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/** @param {{ document?: string, bytes?: string }} values */
function chooseDocument({ document: path, bytes }) {
  if (path === undefined) {
    const size = readNumber('--bytes', bytes, 20_480, [200, 1_000_000])
    return { document: makeDocument(size), about: 'a map of flags' }
  }
  if (bytes !== undefined) throw new Error('give --document or --bytes, not both')
  try {
    return { document: readDocument(path), about: path }
  } catch (error) {
    throw new Error(`--document ${path}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/** @param {string} name @returns {PartName} */
function readPart(name) {
  const part = partNames.find(known => known === name)
  if (part === undefined) throw new Error(`--only is one of ${partNames.join(', ')}`)
  return part
}

/** @param {string | undefined} text @param {number} otherwise */
function readConnections(text, otherwise) {
  return readNumber('--connections', text, otherwise, [1, 18_000])
}

/**
 * @param {string} name @param {string | undefined} text @param {number} otherwise
 * @param {readonly [number, number]} range
 */
function readNumber(name, text, otherwise, [least, most]) {
  if (text === undefined) return otherwise
  const number = Number(text.replaceAll(',', ''))
  if (
    Number.isFinite(number) &&
    number >= least &&
    number <= most &&
    (name === '--changes-per-hour' || Number.isInteger(number))
  )
    return number
  throw new Error(`${name} is a number from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`)
}
