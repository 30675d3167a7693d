import { beforeAll, describe, expect, test } from 'vitest'
import { defaultDeltas } from '#default-deltas'
import type { FetchInit } from '../../../src/contracts/system.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { boundMs, openPlace, runs, WAYS, type Obstacle, type Way } from './place.js'
import { MAX_RELEASE_BYTES } from '../../../src/core/limits.js'

const CHUNK_BYTES = 65_536
const SNAPSHOT_BYTES = 1_048_576
const LINE_BYTES = SNAPSHOT_BYTES + 32_768
const ERROR_BYTES = 16_384
/**
 * What nobody may read to; here the body ends, so that a reader without a limit fails and does not
 * hang.
 */
const ENDLESS_BYTES = 8_388_608

/** A body that goes on for as long as somebody takes from it, and how much was taken of each. */
function hostile(): {
  readonly taken: number[]
  /** How many are neither cancelled nor read to their end. */
  open(): number
  body(chunk: Uint8Array): ReadableStream<Uint8Array>
} {
  const taken: number[] = []
  let open = 0
  return {
    taken,
    open: () => open,
    body(chunk) {
      const index = taken.push(0) - 1
      open += 1
      return new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            taken[index] = (taken[index] ?? 0) + chunk.length
            controller.enqueue(chunk)
            if ((taken[index] ?? 0) < ENDLESS_BYTES) return
            open -= 1
            controller.close()
          },
          cancel() {
            open -= 1
          },
        },
        { highWaterMark: 0 },
      )
    },
  }
}

const filled = (text: string): Uint8Array => new TextEncoder().encode(text.repeat(CHUNK_BYTES / text.length))
const X = filled('x')
const json = { 'content-type': 'application/json' }
const events = { 'content-type': 'text/event-stream' }
const isPointer = (url: string): boolean => url.endsWith('/release.json')
const isSnapshot = (url: string): boolean => url.includes('/snapshots/')
const isStream = (url: string): boolean => url.includes('/~events')

interface Attack {
  readonly name: string
  readonly on: (url: string, init: FetchInit) => boolean
  readonly status?: number
  readonly headers: Readonly<Record<string, string>>
  readonly chunk: Uint8Array
  readonly mostBytes: number
  /** Whether a client that pulls meets it. */
  readonly pulled: boolean
}

const ATTACKS: readonly Attack[] = [
  { name: 'a release without an end', on: isPointer, headers: json, chunk: X, mostBytes: MAX_RELEASE_BYTES, pulled: true },
  { name: 'a snapshot without an end', on: isSnapshot, headers: json, chunk: X, mostBytes: SNAPSHOT_BYTES, pulled: true },
  {
    // As fetch shows it: the head tells the packed length, the body is what comes out.
    name: 'a compression bomb',
    on: isSnapshot,
    headers: { ...json, 'content-encoding': 'gzip', 'content-length': '1000' },
    chunk: new Uint8Array(CHUNK_BYTES),
    mostBytes: SNAPSHOT_BYTES,
    pulled: true,
  },
  {
    name: 'a refusal without an end',
    on: () => true,
    status: 500,
    headers: json,
    chunk: X,
    mostBytes: ERROR_BYTES,
    pulled: true,
  },
  { name: 'a line without an end', on: isStream, headers: events, chunk: X, mostBytes: LINE_BYTES, pulled: false },
  {
    name: 'an event without an end',
    on: isStream,
    headers: events,
    chunk: filled(`data: ${'x'.repeat(1_017)}\n`),
    mostBytes: 2 * SNAPSHOT_BYTES + 32_768,
    pulled: false,
  },
  {
    name: 'an event of empty lines without an end',
    on: isStream,
    headers: events,
    chunk: filled('data:\n').subarray(0, CHUNK_BYTES),
    mostBytes: 2 * SNAPSHOT_BYTES + 32_768,
    pulled: false,
  },
] // prettier-ignore

const attacksOn = ({ strategy, relayed }: Way): readonly Attack[] =>
  // A relay follows its server by the stream, whoever asks it.
  ATTACKS.filter(({ pulled }) => pulled || strategy !== 'pull').filter(
    ({ on }) => !(on === isPointer && strategy !== 'pull' && relayed),
  )

// What is loaded at its first use is loaded before, since virtual time waits for no disk.
beforeAll(async () => void (await defaultDeltas.codec()))

describe.each(WAYS)("21. a client's memory is bounded whatever the server sends (%s)", (_name, way) => {
  test.each(attacksOn(way).map(attack => [attack.name, attack] as const))('%s', async (_attack, attack) => {
    const clock = virtualClock({ turns: 1 })
    const store = memory({ system: { clock } })
    const place = openPlace({ clock, store })
    await place.publish({ n: 1 })
    const member = place.client(way)
    await place.until(() => runs(member)?.n === 1, boundMs(way))

    const { taken, open, body } = hostile()
    const obstacle: Obstacle = (url, init) =>
      attack.on(url, init) && init.method === 'GET'
        ? new Response(body(attack.chunk), { status: attack.status ?? 200, headers: attack.headers })
        : undefined
    // Whoever is attacked is the one who asks the origin: the client itself, or its relay.
    const victim = way.relayed ? place.relay : member
    victim.obstacle = obstacle
    // Too large to be sent along with its release.
    await place.publish({ n: 2, text: 'x'.repeat(300_000) })
    place.origin.start(store)
    // Who has a stream asks for the release in its sweep.
    await clock.advance(attack.on === isPointer ? 150_000 : 60_000)
    expect(taken.length).toBeGreaterThan(0)
    // Where a snapshot ends its release tells the client; a relay takes what a store may hold.
    const mostBytes = attack.on === isSnapshot && !way.relayed ? 300_100 : attack.mostBytes
    expect(Math.max(...taken)).toBeLessThanOrEqual(mostBytes + CHUNK_BYTES)
    expect(open()).toBe(0)
    // Neither does it ask for more in a loop.
    expect(taken.length).toBeLessThan(60)
    expect([1, 2]).toContain(runs(member)?.n)

    victim.obstacle = undefined
    await place.publish({ n: 3 })
    await place.until(() => runs(member)?.n === 3, boundMs(way))
  })
})
