import { isDigest } from '../../../../src/contracts/names.js'
import { createEventParser, type ServerSentEvent } from '../../../../src/transports/http/event-parser.js'
import { readDelivery } from '../../../../src/transports/http/deliveries.js'
import type { Chance } from '../../../support/chance.js'
import { joined, JSON_WORDS, mutateBytes } from '../mutations.js'
import { attempt, SECRET, violation } from '../oracle.js'
import { marks, releases } from '../seeds.js'
import type { Target } from '../target.js'

const encoder = new TextEncoder()
const releaseText = JSON.stringify(releases[0])

const SEEDS: readonly Uint8Array[] = [
  'event: alive\ndata: {"heartbeatMs":15000}\n\n',
  `event: release\ndata: checkout/prod\ndata: ${releaseText}\n\nevent: mark\ndata: checkout/prod\ndata: ${JSON.stringify(marks[0])}\n\n`,
  `event: release\ndata: a\ndata: ${releaseText}\ndata: ${'0a'.repeat(32)} {"name":"${SECRET}"}\ndata: ${'1b'.repeat(32)} []\n\n`,
  'event: goodbye\ndata: {"delayMs":1830}\n\n',
  ': a comment\nid: 7\nretry: 10\nevent:later\ndata\ndata:\ndata:  two\n\n\n\ndata: tail',
  '\ufeffevent: alive\r\ndata: {}\r\n\r\nevent: alive\rdata: {"heartbeatMs":-1}\r\r',
].map(text => encoder.encode(text))

const WORDS: readonly Uint8Array[] = [
  ...JSON_WORDS,
  ...['\n', '\r', '\r\n', '\n\n', '\r\n\r\n', ':', ': ', 'data', 'data:', 'data: ', 'event', 'event: ', 'event: release\n', 'event: mark\n', 'event: goodbye\n', 'id: ', 'retry: ', '\ufeff', 'x'.repeat(300)].map(
    text => encoder.encode(text),
  ),
] // prettier-ignore

export const eventStream: Target = {
  name: 'event stream',
  weight: 14,
  draw(chance) {
    let bytes = joined(...Array.from({ length: 1 + chance.below(3) }, () => chance.pick(SEEDS)))
    for (let changes = chance.below(5); changes > 0; changes -= 1)
      bytes = mutateBytes(bytes, chance.pick(SEEDS), chance, WORDS)
    return bytes
  },
  check(bytes, chance) {
    const limits = chance.oneIn(3)
      ? { maxLineBytes: chance.pick([8, 60, 200]), maxEventBytes: chance.pick([70, 150, 400]) }
      : ROOMY
    const expected = reference(bytes, limits)
    const read: ServerSentEvent[] = []
    const outcome = attempt(() => {
      const parse = createEventParser(limits)
      for (const chunk of chunksOf(bytes, chance)) read.push(...parse(chunk))
    }, ['too-large'])
    if ((outcome.type === 'refused') !== expected.tooLarge)
      throw violation('the limits of the stream hold in one way of cutting it and not in another')
    if (outcome.type === 'read' && read.length !== expected.events.length)
      throw violation('another number of events than the standard says')
    for (const [index, event] of read.entries()) {
      if (spell(event) !== expected.events[index]) throw violation('an event is not what the standard says')
      checkDelivery(event)
    }
  },
}

const ROOMY = { maxLineBytes: 1_000_000, maxEventBytes: 2_000_000 }
const latin = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
const spell = ({ name, data }: ServerSentEvent): string => JSON.stringify([name, ...data.map(latin)])

function checkDelivery(event: ServerSentEvent): void {
  const outcome = attempt(() => readDelivery(event), ['invalid-data', 'unavailable'])
  if (outcome.type === 'refused') {
    if (outcome.error.code === 'unavailable' && event.name !== 'goodbye')
      throw violation('only a goodbye ends a stream')
    if (outcome.error.retryAfterMs !== undefined && !(outcome.error.retryAfterMs >= 0))
      throw violation('a goodbye asks for a time that is none')
    return
  }
  const delivery = outcome.value
  if (delivery === undefined) return
  if (delivery.type !== event.name) throw violation('a delivery of another kind than its event')
  if (delivery.type === 'alive') return
  if (!delivery.bytes.every((byte, index) => byte === event.data[1]?.[index]))
    throw violation('the bytes of a delivery are not those that came')
  if (delivery.type === 'release' && !(delivery.snapshots ?? []).every(({ digest }) => isDigest(digest)))
    throw violation('a snapshot without a digest')
}

/** The bytes in pieces: whole, one at a time, or cut anywhere; empty pieces among them. */
function* chunksOf(bytes: Uint8Array, chance: Chance): Iterable<Uint8Array> {
  const longest = chance.pick([1, 20, 100, 100_000, 100_000])
  for (let at = 0; at < bytes.length;) {
    if (chance.oneIn(10)) yield new Uint8Array()
    const length = 1 + chance.below(longest)
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/**
 * The standard's algorithm over the whole text at once, a byte being a character, in the most
 * obvious way.
 */
function reference(
  bytes: Uint8Array,
  { maxLineBytes, maxEventBytes }: typeof ROOMY,
): { readonly events: readonly string[]; readonly tooLarge: boolean } {
  const lines = latin(bytes).split(/\r\n|\r|\n/)
  const events: string[] = []
  let name = ''
  let data: string[] = []
  let size = 0
  for (const [index, raw] of lines.entries()) {
    if (raw.length > maxLineBytes) return { events, tooLarge: true }
    // What follows the last line's end is a line that has not come yet.
    if (index === lines.length - 1) break
    const line = index === 0 ? raw.replace(/^\xef\xbb\xbf/, '') : raw
    if (line === '') {
      if (data.length > 0) events.push(JSON.stringify([name === '' ? 'message' : name, ...data]))
      name = ''
      data = []
      size = 0
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') {
      data.push(value)
      size += value.length + 64
    } else if (field === 'event') name = Buffer.from(value, 'latin1').toString()
    if (size > maxEventBytes) return { events, tooLarge: true }
  }
  return { events, tooLarge: false }
}
