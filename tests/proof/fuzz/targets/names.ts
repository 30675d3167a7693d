import { isDigest, namespaceProblem, parseNamespace } from '../../../../src/contracts/names.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  isEpoch,
  parsePosition,
  type Position,
} from '../../../../src/contracts/position.js'
import { isInstant } from '../../../../src/core/release/instant.js'
import { isInstanceId } from '../../../../src/core/report/report-codec.js'
import { isLine } from '../../../../src/core/json/text.js'
import { parseEventsQuery } from '../../../../src/server/routes/events-query.js'
import { mutateBytes } from '../mutations.js'
import { attempt, hasHalfPair, violation } from '../oracle.js'
import type { Target } from '../target.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const SEEDS = [
  'checkout/prod', 'a', 'a/b/c/d', 'x.y-z_0/1', 'con', 'com1.x/a', 'releases', 'a/snapshots', 'a.json', 'a.', '..', 'a/../b', 'a%2fb', `${'a'.repeat(63)}/b`, `${'a'.repeat(64)}`,
  '1-9f3a01bc', '999999999-00000000', '1000000000-00000000', '01-9f3a01bc', '1-9f3a01bc:42', '1-9f3a01bc:9007199254740991', '1-9f3a01bc:9007199254740992', '1-9f3a01bc:0', ':1',
  '2026-11-21T09:30:00.000Z', '2024-02-29T23:59:59.999Z', 'f'.repeat(64), 'Ab3_-x', 'a b\u2028c',
  `ns=checkout%2Fprod&ns=a&inline=1&client=web-1&label=region%3Deu&have=a%3D${'0'.repeat(64)}`,
].map(text => encoder.encode(text)) // prettier-ignore

const WORDS = [
  '/',
  '.',
  '..',
  '-',
  ':',
  '%',
  '%2f',
  '&',
  '=',
  'ns=',
  'label=',
  'have=',
  'client=',
  '0',
  '1',
  'A',
  '\0',
  '\n',
  '\r',
  '\u2028',
  'é',
  '１',
  'aux',
  '.json',
  ' ',
  '\\',
  'Z',
  '+',
].map(text => encoder.encode(text))

const SEGMENT_CHARACTERS = new Set('abcdefghijklmnopqrstuvwxyz0123456789._-')
const DEVICES = new Set([
  'con',
  'prn',
  'aux',
  'nul',
  ...'0123456789'.split('').flatMap(digit => [`com${digit}`, `lpt${digit}`]),
])

/** What docs/formats.md says of a namespace, written down a second time. */
function isNamespace(text: string): boolean {
  const segments = text.split('/')
  return (
    text.length <= 200 &&
    segments.length <= 4 &&
    segments.every(
      segment =>
        segment.length >= 1 &&
        segment.length <= 63 &&
        [...segment].every(character => SEGMENT_CHARACTERS.has(character)) &&
        !'._-'.includes(segment[0]!) &&
        !segment.endsWith('.json') &&
        !segment.endsWith('.') &&
        segment !== 'releases' &&
        segment !== 'snapshots' &&
        !DEVICES.has(segment.split('.')[0]!),
    )
  )
}

function isEpochText(text: string): boolean {
  const [number = '', suffix = '', ...rest] = text.split('-')
  const value = Number(number)
  return (
    rest.length === 0 &&
    Number.isInteger(value) &&
    String(value) === number &&
    value >= 1 &&
    value <= 999_999_999 &&
    suffix.length === 8 &&
    [...suffix].every(digit => '0123456789abcdef'.includes(digit))
  )
}

let before: Position = { epoch: '1-9f3a01bc', sequence: 42 }

/** Every text that becomes a path, an address or an order. */
export const names: Target = {
  name: 'names and positions',
  weight: 20,
  draw(chance) {
    let bytes: Uint8Array = chance.pick(SEEDS)
    for (let changes = chance.below(4); changes > 0; changes -= 1)
      bytes = mutateBytes(bytes, chance.pick(SEEDS), chance, WORDS)
    return bytes
  },
  check(bytes) {
    const text = decoder.decode(bytes)
    if ((namespaceProblem(text) === undefined) !== isNamespace(text))
      throw violation('a namespace is judged otherwise than docs/formats.md says')
    const namespace = attempt(() => parseNamespace(text), ['invalid-option'])
    if ((namespace.type === 'read') !== isNamespace(text))
      throw violation('a namespace is parsed otherwise than it is judged')
    // What a terminal or a log would take for more than text is escaped.
    if (
      namespace.type === 'refused' &&
      /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(namespace.error.message)
    )
      throw violation('a message holds control characters')

    if (isEpoch(text) !== isEpochText(text))
      throw violation('an epoch is judged otherwise than docs/formats.md says')
    const number = attempt(() => epochNumber(text), ['invalid-data'])
    if ((number.type === 'read') !== isEpoch(text))
      throw violation('the number of an epoch is read where there is none')

    const position = attempt(() => parsePosition(text), ['invalid-option'])
    if (position.type === 'read') {
      if (formatPosition(position.value) !== text)
        throw violation('a position that is written again reads otherwise')
      checkOrder(position.value, before)
      before = position.value
    }

    const query = attempt(() => parseEventsQuery(text), ['invalid-option'])
    if (
      query.type === 'read' &&
      !(query.value.namespaces.length <= 64 && query.value.namespaces.every(isNamespace))
    )
      throw violation('a stream is opened for what is no namespace')

    if (isInstant(text) && new Date(text).toISOString() !== text)
      throw violation('a time that is written again reads otherwise')
    if (isDigest(text) && !/^[0-9a-f]{64}$/.test(text)) throw violation('a digest is not one')
    if (isInstanceId(text) && /[^\w-]/.test(text)) throw violation('an instance could name a path')
    if (
      isLine(text) &&
      (/[\u0000-\u001f\u007f\u2028\u2029]/.test(text) || hasHalfPair(text) || text.length > 256)
    )
      throw violation('a line of text is more than one')
  },
}

const OPPOSITE = { newer: 'older', older: 'newer', same: 'same', fork: 'fork' } as const

function checkOrder(a: Position, b: Position): void {
  if (comparePositions(b, a) !== OPPOSITE[comparePositions(a, b)])
    throw violation('the order of two positions depends on who is asked')
  if (comparePositions(a, a) !== 'same') throw violation('a position is not the same as itself')
}
