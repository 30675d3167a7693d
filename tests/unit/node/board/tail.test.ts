import { describe, expect, test } from 'vitest'
import type { Namespace } from '../../../../src/contracts/names.js'
import type { LogState } from '../../../../src/node/board/log.js'
import type { Entry } from '../../../../src/node/board/places.js'
import { boardTail } from '../../../../src/node/board/tail.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'

const prefix = (namespace: Namespace): string => Buffer.from(namespace).toString('hex').padEnd(32, '0')

/** A tail over logs of one release each, which counts the looks; a look takes a millisecond. */
function open() {
  const clock = virtualClock()
  const sequences = new Map<Namespace, number>()
  const notes: string[] = []
  const counts = { listings: 0, looks: 0, inFlight: 0, mostInFlight: 0, sweeps: 0 }
  const heard: string[] = []
  /** When looks began. */
  const looksAtMs: number[] = []
  const read = async (namespace: Namespace): Promise<LogState> => {
    counts.looks += 1
    looksAtMs.push(clock.monotonic())
    counts.inFlight += 1
    counts.mostInFlight = Math.max(counts.mostInFlight, counts.inFlight)
    await clock.sleep(1, new AbortController().signal)
    counts.inFlight -= 1
    const position = { epoch: '1-00000000', sequence: sequences.get(namespace) ?? 1 }
    return { newest: { position } as Entry, highestEpoch: 1 }
  }
  const tail = boardTail({
    read,
    clock,
    pollIntervalMs: 500,
    logger: undefined,
    folderWatch: undefined,
    folderOf: namespace => namespace,
    notes: {
      async standing() {
        counts.listings += 1
        return notes
      },
    },
    prefixOf: namespace => prefix(namespace),
    sweep: async () => void (counts.sweeps += 1),
    sweepNow: () => false,
  })
  const follow = (namespace: Namespace) =>
    tail.follow(namespace, {
      release: ({ position }) => void heard.push(`${namespace}:${position.sequence}`),
      failed() {},
    })
  return { clock, sequences, counts, looksAtMs, heard, tail, follow, notes }
}

describe('a board that is followed', () => {
  test('polls a few namespaces each at its interval', async () => {
    const { clock, counts, follow, tail } = open()
    for (let name = 0; name < 32; name += 1) follow(`n${name}`)
    await clock.advance(100)
    counts.looks = 0
    await clock.advance(5_000)
    expect(counts.looks).toBeGreaterThanOrEqual(32 * 9)
    tail.close()
  })

  test('polls many so that all of them together cost no more, a few at a time, and each has its turn within 63 ms for each of them and a round', async () => {
    const { clock, counts, sequences, heard, follow, tail } = open()
    const names = Array.from({ length: 1_000 }, (_, name) => `n${name}`)
    for (const name of names) follow(name)
    await clock.advance(1_500)
    Object.assign(counts, { looks: 0, mostInFlight: 0, sweeps: 0 })
    for (const name of names) sequences.set(name, 2)
    await clock.advance(1_000 * 63 + 4_000)
    expect(counts.looks).toBeLessThanOrEqual(1_000 * 2)
    expect(counts.mostInFlight).toBeLessThanOrEqual(2)
    expect(new Set(heard.filter(line => line.endsWith(':2'))).size).toBe(1_000)
    tail.close()
  })

  test('polls many in rounds from one timer, so that the disk is woken once for all that have their turn', async () => {
    const { clock, looksAtMs, follow, tail } = open()
    for (let name = 0; name < 640; name += 1) follow(`n${name}`)
    await clock.advance(2_000)
    // The next round and the next listing of the notes, whatever the number of namespaces.
    expect(clock.pending).toBe(2)
    looksAtMs.length = 0
    await clock.advance(40_000)
    const rounds = looksAtMs.filter((atMs, at) => atMs - (looksAtMs[at - 1] ?? 0) > 1_000)
    expect(looksAtMs.length).toBeGreaterThanOrEqual(640)
    expect(rounds.length).toBeLessThanOrEqual(11)
    tail.close()
  })

  test('sweeps at the next poll what changed, and of many none for being there at the start', async () => {
    const { clock, counts, sequences, follow, tail } = open()
    for (let name = 0; name < 640; name += 1) follow(`n${name}`)
    await clock.advance(1_000)
    counts.sweeps = 0
    await clock.advance(42_000)
    // Those that came while there were few, and those whose time it is.
    expect(counts.sweeps).toBeLessThanOrEqual(32 + 64)
    counts.sweeps = 0
    for (let name = 320; name < 640; name += 1) {
      sequences.set(`n${name}`, 2)
      tail.poke(`n${name}`)
    }
    await clock.advance(42_000)
    expect(counts.sweeps).toBeGreaterThanOrEqual(320)
    tail.close()
  })

  test('looks at once where something is said to be new, and polls on as often as before', async () => {
    const { clock, counts, sequences, heard, follow, tail } = open()
    for (let name = 0; name < 640; name += 1) follow(`n${name}`)
    await clock.advance(1_000)
    sequences.set('n7', 2)
    tail.poke('n7')
    await clock.advance(2)
    expect(heard).toContain('n7:2')
    // While polls wait for their places, and others do not.
    for (let time = 0; time < 20; time += 1) {
      for (let name = 0; name < 640; name += 1) tail.poke(`n${name}`)
      await clock.advance(500)
    }
    await clock.advance(20_000)
    counts.looks = 0
    await clock.advance(40_000)
    expect(counts.looks).toBeLessThanOrEqual(640 * 2 + 64)
    tail.close()
    await clock.advance(2)
    expect(clock.pending).toBe(0)
  })

  test('of many is heard of within an interval where a note says that it is written to, also when the release comes after it', async () => {
    const { clock, sequences, counts, notes, heard, follow, tail } = open()
    for (let name = 0; name < 640; name += 1) follow(`n${name}`)
    await clock.advance(2_000)
    notes.push(`${prefix('n7')}.1.me.file`, `${prefix('nobody')}.1.me.file`, 'later')
    await clock.advance(1_200)
    expect(heard).not.toContain('n7:2')
    sequences.set('n7', 2)
    await clock.advance(600)
    expect(heard).toContain('n7:2')
    Object.assign(counts, { looks: 0, listings: 0 })
    await clock.advance(20_000)
    expect(counts.listings).toBe(40)
    expect(counts.looks).toBeLessThanOrEqual(640 + 32)
    tail.close()
    await clock.advance(2)
    expect(clock.pending).toBe(0)
  })

  test('of few is listed by nobody', async () => {
    const { clock, counts, follow, tail } = open()
    const stops = Array.from({ length: 33 }, (_, name) => follow(`n${name}`))
    await clock.advance(10_000)
    expect(counts.listings).toBeGreaterThan(10)
    stops[0]?.()
    counts.listings = 0
    await clock.advance(10_000)
    expect(counts.listings).toBe(0)
    tail.close()
  })
})

test('640 namespaces are polled in ten rounds of 64 within 40 s', async () => {
  const { clock, looksAtMs, follow, tail } = open()
  for (let name = 0; name < 640; name += 1) follow(`n${name}`)
  await clock.advance(2_000)
  looksAtMs.length = 0
  await clock.advance(40_000)
  const begins = looksAtMs.flatMap((atMs, at) => (atMs - (looksAtMs[at - 1] ?? -2_000) > 1_000 ? [at] : []))
  expect(begins.map((at, index) => (begins[index + 1] ?? looksAtMs.length) - at)).toEqual(Array(10).fill(64))
  const beginsAtMs = begins.map(at => looksAtMs[at] ?? 0)
  expect(beginsAtMs.slice(1).map((atMs, index) => atMs - (beginsAtMs[index] ?? 0))).toEqual(
    Array(9).fill(4_000),
  )
  tail.close()
})
