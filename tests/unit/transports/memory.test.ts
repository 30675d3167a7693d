import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Delivery, LogEntry, Store, WatchQuery } from '../../../src/contracts/transport.js'
import { encodeRelease, type Release } from '../../../src/core/release/release.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'

const namespace = 'checkout/prod'
const signal = new AbortController().signal
const first = '1-00000001'
const second = '2-00000002'

const text = encodeText('{"size":1}')
const digest = digestOf(systemHasher, text)

function release(epoch: string, sequence: number, more: Partial<Release> = {}): Uint8Array {
  return encodeRelease({
    v: 1,
    namespace,
    epoch,
    sequence,
    issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'publish',
    stable: { version: sequence, variants: [{ digest, bytes: text.length }] },
    prev: null,
    ...more,
  })
}

async function withSnapshot() {
  const store = memory()
  await store.put({ namespace, digest, bytes: text }, signal)
  return store
}

const append = (
  store: Store,
  epoch: string,
  sequence: number,
  more: Partial<Release> = {},
  audit?: Uint8Array,
) =>
  store.append({ namespace, at: { epoch, sequence }, bytes: release(epoch, sequence, more), audit }, signal)

describe('append', () => {
  test('takes the next of an epoch or the first of a higher one, and nothing else', async () => {
    const store = await withSnapshot()
    const steps: [string, number, 'appended' | 'taken'][] = [
      [first, 2, 'taken'],
      [first, 1, 'appended'],
      [first, 3, 'taken'],
      [first, 2, 'appended'],
      ['1-0000000f', 1, 'taken'],
      [second, 2, 'taken'],
      ['3-00000003', 1, 'appended'],
      [second, 1, 'taken'],
      [first, 3, 'taken'],
      ['3-00000003', 2, 'appended'],
    ]
    for (const [epoch, sequence, outcome] of steps) {
      expect(await append(store, epoch, sequence), `${epoch}:${sequence}`).toBe(outcome)
    }
  })

  test('of two at one position takes one; the same bytes again are a success', async () => {
    const store = await withSnapshot()
    expect(await append(store, first, 1)).toBe('appended')
    expect(await append(store, first, 1, { cause: 'rollback' })).toBe('taken')
    expect(await append(store, first, 2)).toBe('appended')
    expect(await append(store, first, 1)).toBe('appended')
    const outcomes = await Promise.all(['a', 'b', 'c'].map(cause => append(store, first, 3, { cause })))
    expect(outcomes.filter(outcome => outcome === 'appended')).toHaveLength(1)
  })

  test('does not look at prev: that is for those who read the log', async () => {
    const store = await withSnapshot()
    expect(await append(store, first, 1, { prev: digest })).toBe('appended')
  })

  test('refuses a release that is for another place, or names a snapshot that is not here', async () => {
    const store = await withSnapshot()
    const bytes = release(first, 1)
    await expect(
      store.append({ namespace: 'other', at: { epoch: first, sequence: 1 }, bytes }, signal),
    ).rejects.toMatchObject({ code: 'invalid-data' })
    await expect(
      store.append({ namespace, at: { epoch: first, sequence: 2 }, bytes }, signal),
    ).rejects.toMatchObject({ code: 'invalid-data' })
    const missing = 'f'.repeat(64)
    const stable = { version: 1, variants: [{ digest: missing, bytes: 1 }] } as const
    await expect(append(store, first, 1, { stable })).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('ffffffffffff'),
    })
    const audience = { salt: 's', clauses: [{ below: 1 }] }
    await expect(append(store, first, 1, { candidate: stable, audience })).rejects.toMatchObject({
      code: 'invalid-data',
    })
    await expect(
      store.append({ namespace, at: { epoch: first, sequence: 1 }, bytes: encodeText('{}') }, signal),
    ).rejects.toMatchObject({ code: 'invalid-data' })
    expect(await store.latest({ namespace }, signal)).toEqual({ type: 'none' })
    expect(await store.namespaces(signal)).toEqual([])
  })

  test('refuses names that are not namespaces', async () => {
    const store = memory()
    await expect(store.put({ namespace: '../x', digest, bytes: text }, signal)).rejects.toMatchObject({
      code: 'invalid-option',
    })
  })
})

describe('reading', () => {
  test('answers unchanged to the tag of the newest release only', async () => {
    const store = await withSnapshot()
    expect(await store.latest({ namespace }, signal)).toEqual({ type: 'none' })
    await append(store, first, 1)
    const one = await store.latest({ namespace }, signal)
    expect(one).toMatchObject({ type: 'release', bytes: release(first, 1) })
    const tag = one.type === 'release' ? one.tag : undefined
    expect(await store.latest({ namespace, tag }, signal)).toEqual({ type: 'unchanged' })
    await append(store, first, 2)
    expect(await store.latest({ namespace, tag }, signal)).toMatchObject({
      type: 'release',
      bytes: release(first, 2),
    })
  })

  test('walks the log across epochs', async () => {
    const store = await withSnapshot()
    for (const [epoch, sequence] of [
      [first, 1],
      [first, 2],
      [second, 1],
    ] as const)
      await append(store, epoch, sequence)
    const next = (epoch: string, sequence: number) =>
      store.next({ namespace, after: { epoch, sequence } }, signal)
    expect(await next(first, 1)).toMatchObject({ bytes: release(first, 2) })
    expect(await next(first, 2)).toMatchObject({ bytes: release(second, 1) })
    expect(await next(second, 1)).toEqual({ type: 'none' })
  })

  test('gives the history newest first, with its audit records, up to a limit', async () => {
    const store = await withSnapshot()
    const audit = encodeText('{"reason":"because"}')
    const named = { audit: digestOf(systemHasher, audit) }
    await expect(append(store, first, 1, {}, audit)).rejects.toMatchObject({ code: 'digest-mismatch' })
    await append(store, first, 1, named, audit)
    await append(store, first, 2)
    await append(store, second, 1)
    const all: LogEntry[] = []
    for await (const entry of store.history({ namespace }, signal)) all.push(entry)
    expect(all).toEqual([
      { bytes: release(second, 1) },
      { bytes: release(first, 2) },
      { bytes: release(first, 1, named), audit },
    ])
    const some: LogEntry[] = []
    for await (const entry of store.history({ namespace, limit: 1 }, signal)) some.push(entry)
    expect(some).toHaveLength(1)
  })

  test('hands out copies, so that nobody can change what others read', async () => {
    const store = await withSnapshot()
    await append(store, first, 1)
    const one = await store.latest({ namespace }, signal)
    if (one.type === 'release') one.bytes.fill(0)
    ;(await store.snapshot({ namespace, digest, maxSnapshotBytes: 100 }, signal)).fill(0)
    expect(await store.latest({ namespace }, signal)).toMatchObject({ bytes: release(first, 1) })
    expect(await store.snapshot({ namespace, digest, maxSnapshotBytes: 100 }, signal)).toEqual(text)
  })

  test('keeps namespaces apart', async () => {
    const store = await withSnapshot()
    await append(store, first, 1)
    expect(await store.latest({ namespace: 'checkout' }, signal)).toEqual({ type: 'none' })
    await expect(
      store.snapshot({ namespace: 'checkout', digest, maxSnapshotBytes: 100 }, signal),
    ).rejects.toMatchObject({ code: 'not-found' })
    expect(await store.namespaces(signal)).toEqual([namespace])
  })
})

describe('snapshots', () => {
  test('must be what their digest names, and not too large', async () => {
    const store = memory({ maxSnapshotBytes: 20 })
    await expect(store.put({ namespace, digest, bytes: encodeText('{}') }, signal)).rejects.toMatchObject({
      code: 'digest-mismatch',
    })
    await expect(store.put({ namespace, digest, bytes: new Uint8Array(21) }, signal)).rejects.toMatchObject({
      code: 'too-large',
    })
    await store.put({ namespace, digest, bytes: text }, signal)
    await expect(store.snapshot({ namespace, digest, maxSnapshotBytes: 5 }, signal)).rejects.toMatchObject({
      code: 'too-large',
    })
  })

  test('are removed unless the newest release names them', async () => {
    const store = await withSnapshot()
    await append(store, first, 1)
    await expect(store.remove({ namespace, digest }, signal)).rejects.toMatchObject({ code: 'forbidden' })
    const other = encodeText('{"size":2}')
    const otherDigest = digestOf(systemHasher, other)
    await store.put({ namespace, digest: otherDigest, bytes: other }, signal)
    await store.remove({ namespace, digest: otherDigest }, signal)
    await expect(
      store.snapshot({ namespace, digest: otherDigest, maxSnapshotBytes: 99 }, signal),
    ).rejects.toMatchObject({ code: 'not-found' })
  })
})

test('keeps the schema beside a namespace', async () => {
  const store = memory()
  expect(await store.schema({ namespace }, signal)).toBeUndefined()
  await store.putSchema({ namespace, bytes: text }, signal)
  expect(await store.schema({ namespace }, signal)).toEqual(text)
})

test('keeps the last word of each instance, in whatever order they come', async () => {
  const clock = virtualClock({ startMs: Date.UTC(2026, 0, 1) })
  const store = memory({ system: { clock } })
  const report = (instanceId: string, count: number): ClientReport =>
    reportOf({ namespace, instanceId, clientId: 'web', count, nextReportWithinMs: 1_000 })
  await store.report([report('a', 2), report('b', 1), report('a', 1)], signal)
  await clock.advance(1_000)
  await store.report([report('b', 3), report('b', 2)], signal)
  // The time is the receiver's, whatever a report says.
  const { reports } = await store.reports({ namespace }, signal)
  expect(reports).toEqual([
    {
      ...report('a', 2),
      receivedAt: '2026-01-01T00:00:00.000Z',
      firstHeardAt: '2026-01-01T00:00:00.000Z',
    },
    {
      ...report('b', 3),
      receivedAt: '2026-01-01T00:00:01.000Z',
      firstHeardAt: '2026-01-01T00:00:00.000Z',
    },
  ])
  const many = Array.from({ length: 10_001 }, (_, index) => report(`c${index}`, 1))
  await store.report(many, signal)
  const { reports: kept } = await store.reports({ namespace }, signal)
  expect(kept).toHaveLength(10_000)
  expect(kept.map(({ instanceId }) => instanceId)).not.toContain('a')
  expect(kept.map(({ instanceId }) => instanceId)).toContain('c10000')
})

test('refuses what was given up before it began', async () => {
  await expect(memory().latest({ namespace }, AbortSignal.abort())).rejects.toMatchObject({ code: 'closed' })
})

describe('watching', () => {
  const query: WatchQuery = { namespaces: [namespace], inline: false }

  /** Reads a watch into a list until it is stopped. */
  function read(deliveries: (signal: AbortSignal) => AsyncIterable<Delivery>) {
    const controller = new AbortController()
    const got: Delivery[] = []
    const ended = (async () => {
      for await (const delivery of deliveries(controller.signal)) got.push(delivery)
    })()
    return { got, stop: () => (controller.abort(), ended) }
  }

  test('says alive where nothing was published, then brings what is', async () => {
    const clock = virtualClock()
    const store = await withSnapshot()
    const watch = read(own => store.watch(query, own))
    await clock.advance(0)
    expect(watch.got).toEqual([{ type: 'alive' }])
    await append(store, first, 1)
    await clock.advance(0)
    expect(watch.got.at(-1)).toEqual({ type: 'release', namespace, bytes: release(first, 1) })
    await watch.stop()
  })

  test('begins with the current release and may leave out superseded ones', async () => {
    const clock = virtualClock()
    const store = await withSnapshot()
    await append(store, first, 1)
    const watch = read(own => store.watch(query, own))
    await clock.advance(0)
    for (let sequence = 2; sequence < 10; sequence += 1) await append(store, first, sequence)
    await clock.advance(0)
    expect(watch.got[0]).toMatchObject({ bytes: release(first, 1) })
    expect(watch.got.at(-1)).toMatchObject({ bytes: release(first, 9) })
    await watch.stop()
  })

  test('keeps its heartbeat, and leaves no timer when it ends', async () => {
    const clock = virtualClock()
    const store = memory({ system: { clock }, heartbeatMs: 1_000 })
    const watch = read(own => store.watch(query, own))
    await clock.advance(3_500)
    expect(watch.got).toEqual(Array.from({ length: 4 }, () => ({ type: 'alive', heartbeatMs: 1_000 })))
    await watch.stop()
    expect(clock.pending).toBe(0)
    await clock.advance(5_000)
    expect(watch.got).toHaveLength(4)
  })

  test('sends along the snapshot that is for the asking client, unless it holds it', async () => {
    const clock = virtualClock()
    const store = await withSnapshot()
    const eu = encodeText('{"size":2}')
    const euDigest = digestOf(systemHasher, eu)
    await store.put({ namespace, digest: euDigest, bytes: eu }, signal)
    const variants = [
      { when: { region: ['eu'] }, digest: euDigest, bytes: eu.length },
      { digest, bytes: text.length },
    ] as const
    await append(store, first, 1, { stable: { version: 1, variants } })
    const identity = { clientId: 'a', instanceId: 'a1', ephemeral: false, labels: { region: 'eu' } }
    const snapshotsFor = async (more: Partial<WatchQuery>) => {
      const watch = read(own => store.watch({ ...query, inline: true, ...more }, own))
      await clock.advance(0)
      await watch.stop()
      return watch.got.flatMap(delivery => (delivery.type === 'release' ? (delivery.snapshots ?? []) : []))
    }
    expect(await snapshotsFor({ identity })).toEqual([{ digest: euDigest, bytes: eu }])
    expect(await snapshotsFor({ identity: { ...identity, labels: {} } })).toEqual([{ digest, bytes: text }])
    expect(await snapshotsFor({ identity, have: { [namespace]: euDigest } })).toEqual([])
    expect(await snapshotsFor({})).toEqual([])
    expect(await snapshotsFor({ inline: false, identity })).toEqual([])
  })
})
