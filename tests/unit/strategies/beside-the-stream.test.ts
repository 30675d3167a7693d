import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { defaultPeriods, hybrid, push } from '../../../src/strategies/index.js'
import { down, publish, run, setUp } from '../../support/session.js'

// A stream that brings nothing does not tell its heartbeat either, so the client goes by its own.
const { heartbeatMs } = defaultPeriods

// What a proxy that gathers streams makes of them: they are open, and nothing comes.
describe.each([
  ['push', push],
  ['hybrid', hybrid],
] as const)('%s through a proxy that gathers its streams', (_name, make) => {
  test('has its first value within the 2 s that ready() waits, by one look beside the stream', async () => {
    const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
    faults.mute = true
    const client = run(make(transport), { clock })
    await clock.advance(999)
    expect(calls.map(({ what }) => what)).toEqual(['watch'])
    await clock.advance(602)
    expect(client.sequences()).toEqual([1])
    expect(calls.map(({ what }) => what)).toEqual(['watch', 'latest'])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('has each change within two heartbeats', async () => {
    const { clock, store, transport, faults } = await setUp({ heartbeatMs })
    faults.mute = true
    const client = run(make(transport), { clock })
    await clock.advance(1_601)
    for (let sequence = 2; sequence < 40; sequence += 1) {
      await publish(store, sequence)
      await clock.advance(2 * heartbeatMs)
      expect(client.seen()?.sequence).toBe(sequence)
      // So that the changes fall on each part of the rhythm.
      await clock.advance(700 * sequence)
    }
    await client.stop()
  })

  test('has each change within two heartbeats of its second lost stream, when the proxy comes later', async () => {
    const { clock, store, transport, faults, cut } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(120_000)
    faults.mute = true
    cut()
    await clock.advance(30_000)
    for (const sequence of [2, 3, 4]) {
      await publish(store, sequence)
      await clock.advance(2 * heartbeatMs)
      expect(client.seen()?.sequence).toBe(sequence)
    }
    await client.stop()
  })

  test('is told at the first silent stream what gathers it, since the transport answered beside it', async () => {
    const { clock, transport, faults } = await setUp({ heartbeatMs })
    faults.mute = true
    const client = run(make(transport), { clock })
    await clock.advance(10_000)
    expect(client.messages()).toEqual([
      expect.stringMatching(/is open and silent.*although the transport answers.*proxy_buffering/s),
    ])
    // Each later one names it as well.
    await clock.advance(120_000)
    const later = client.messages().slice(1)
    expect(later.length).toBeGreaterThan(2)
    for (const message of later)
      expect(message).toMatch(
        /brought nothing within 10000 ms; as before, a proxy in between buffers.*proxy_buffering/,
      )
    await client.stop()
  })

  test('is told so, and looks once a heartbeat, also where its transport gives the stream up first', async () => {
    const { clock, store, transport } = await setUp({ heartbeatMs })
    // As http() does, whose own patience is as long.
    const impatient: typeof transport = {
      ...transport,
      watch: (_query, signal) => ({
        [Symbol.asyncIterator]: () => ({
          next: async () => {
            await new Promise<void>(resolve => {
              clock.after(10_000, resolve)
              signal.addEventListener('abort', () => resolve())
            })
            throw new NoticeboardError('unavailable', 'the event stream did not arrive within 10000 ms')
          },
        }),
      }),
    }
    const client = run(make(impatient), { clock })
    await clock.advance(60_000)
    expect(client.messages().length).toBeGreaterThan(2)
    for (const message of client.messages())
      expect(message).toMatch(/^the event stream did not arrive within 10000 ms; .*proxy_buffering/)
    await publish(store, 2)
    await clock.advance(2 * heartbeatMs)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
  })

  test('names the proxy at the second silent stream only if the transport answered within two poll intervals before it', async () => {
    const { pollIntervalMs } = defaultPeriods
    const gaps: { readonly gap: number; readonly named: boolean }[] = []
    for (let laterMs = 10_000; laterMs <= 70_000; laterMs += 1_000) {
      const { clock, transport, faults, calls, cut } = await setUp({ heartbeatMs })
      const client = run(make(transport, { backoff: { baseMs: 1_000, capMs: 2_000 } }), { clock })
      await clock.advance(60_000)
      faults.watch = down()
      cut()
      await clock.advance(2 * pollIntervalMs)
      const answeredMs = calls.findLast(({ what }) => what === 'latest')?.atMs ?? Number.NaN
      faults.latest = down()
      await clock.advance(laterMs)
      Object.assign(faults, { watch: undefined, mute: true })
      const before = calls.length
      await clock.advance(26_000)
      const [, second] = calls.slice(before).filter(({ what }) => what === 'watch')
      const silent = client.messages().filter(message => message.includes('brought nothing within'))
      gaps.push({
        gap: ((second?.atMs ?? Number.NaN) - answeredMs) / pollIntervalMs,
        named: silent[1]?.includes('although the transport answers') === true,
      })
      await client.stop()
    }
    for (const { gap, named } of gaps) expect.soft(named, `${gap} intervals`).toBe(gap <= 2)
    // Just before two of them and just after, so that no other number would do.
    expect(gaps.filter(({ gap }) => gap > 1.9 && gap <= 2).length).toBeGreaterThan(0)
    expect(gaps.filter(({ gap }) => gap > 2 && gap < 2.1).length).toBeGreaterThan(0)
  })

  test('hears that its stream is silent while nothing else answers either', async () => {
    const { clock, transport, faults } = await setUp({ heartbeatMs })
    Object.assign(faults, { mute: true, hang: true })
    const client = run(make(transport), { clock })
    await clock.advance(1_601)
    const silent = client.log.flatMap(({ arrival }) =>
      arrival.type === 'silent' ? [arrival.error.message] : [],
    )
    expect(silent).toEqual([
      expect.stringMatching(
        /the stream from \S+ is open and silent: nothing came within 1\d{3} ms.*proxy_buffering/,
      ),
    ])
    expect(client.errors()).toEqual([])
    await client.stop()
  })

  test('polls no more often than it did where nobody answers', async () => {
    const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
    Object.assign(faults, { mute: true, latest: down() })
    const client = run(make(transport), { clock })
    await clock.advance(600_000)
    await client.stop()
    expect(calls.filter(({ what }) => what === 'latest').length).toBeLessThan(25)
  })
})

test('a fleet whose streams answer never looks beside them', async () => {
  const { clock, transport, calls } = await setUp({ heartbeatMs })
  const clients = Array.from({ length: 200 }, (_, index) =>
    run(hybrid(transport), { clock, clientId: `web-${index}`, seed: index }),
  )
  // A heartbeat later it asks, as it does wherever no marks come.
  await clock.advance(0.85 * heartbeatMs)
  await Promise.all(clients.map(client => client.stop()))
  expect(calls.filter(({ what }) => what === 'latest')).toEqual([])
})

test('a fleet that connects through such a proxy looks beside its streams once each, over 0.6 s', async () => {
  const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
  faults.mute = true
  const size = 200
  const clients = Array.from({ length: size }, (_, index) =>
    run(hybrid(transport), { clock, clientId: `web-${index}`, seed: index }),
  )
  await clock.advance(1_650)
  const looks = calls.filter(({ what }) => what === 'latest').map(({ atMs }) => atMs)
  expect(looks.length).toBe(size)
  expect(clients.every(client => client.seen()?.sequence === 1)).toBe(true)
  const tenths = Array.from(
    { length: 6 },
    (_, index) => looks.filter(atMs => Math.floor((atMs - 1_000) / 100) === index).length,
  )
  expect(Math.max(...tenths)).toBeLessThan((2 * size) / 6)
  // From there on each in its own place within a heartbeat, and once a heartbeat.
  calls.length = 0
  await clock.advance(60_000)
  await Promise.all(clients.map(client => client.stop()))
  const polls = calls.filter(({ what }) => what === 'latest')
  expect(polls.length / size).toBeLessThanOrEqual(60_000 / (0.9 * heartbeatMs))
  for (let fromMs = 1_650; fromMs < 61_000; fromMs += 3_000) {
    const within = polls.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 3_000).length
    expect(within).toBeLessThanOrEqual((1.5 * size * 3_000) / heartbeatMs)
  }
})

test('a fleet that connects through such a proxy looks beside its streams from 1 s to 1.6 s', async () => {
  const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
  faults.mute = true
  const clients = Array.from({ length: 200 }, (_, index) =>
    run(hybrid(transport), { clock, clientId: `web-${index}`, seed: index }),
  )
  await clock.advance(1_650)
  await Promise.all(clients.map(client => client.stop()))
  const looks = calls.filter(({ what }) => what === 'latest').map(({ atMs }) => atMs)
  expect(looks).toHaveLength(200)
  const within = (fromMs: number): number =>
    looks.filter(atMs => atMs >= fromMs && atMs < fromMs + 100).length
  expect([within(1_000), within(1_500)]).toEqual([expect.toSatisfy(isSome), expect.toSatisfy(isSome)])
  expect(looks.every(atMs => atMs >= 1_000 && atMs <= 1_600)).toBe(true)
})

const isSome = (count: number): boolean => count > 0
