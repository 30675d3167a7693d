import { describe, expect, test } from 'vitest'
import { createFleetClock } from '../../../../src/client/receive/fleet-clock.js'
import {
  createReleaseOrder,
  readSeen,
  type ReleaseOrder,
  type Verdict,
} from '../../../../src/client/receive/release-order.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Position } from '../../../../src/contracts/position.js'
import type { StrategyEvent } from '../../../../src/contracts/strategy.js'
import type { Hasher } from '../../../../src/contracts/system.js'
import { encodeMark } from '../../../../src/core/release/mark.js'
import {
  encodeRelease,
  identifyRelease,
  releaseDigest,
  type Release,
} from '../../../../src/core/release/release.js'
import { systemHasher } from '../../../../src/system/system.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { namespace, testBoard } from '../board.js'

const EPOCH = '1-0000000a'

/** A hasher that counts. */
function countingHasher(): Hasher & { count: number } {
  const hasher = {
    count: 0,
    sha256(bytes: Uint8Array) {
      hasher.count += 1
      return systemHasher.sha256(bytes)
    },
  }
  return hasher
}

function releaseAt(sequence: number, parts: Partial<Release> = {}): Uint8Array {
  return encodeRelease({
    v: 1,
    namespace,
    epoch: EPOCH,
    sequence,
    issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'publish',
    prev: sequence === 1 ? null : releaseDigest(systemHasher, releaseAt(sequence - 1)),
    stable: { version: 1, variants: [{ digest: 'd'.repeat(64), bytes: 2 }] },
    ...parts,
  })
}

interface Place {
  readonly order: ReleaseOrder
  readonly hasher: Hasher & { count: number }
  judge(bytes: Uint8Array, more?: object): Verdict
  mark(sequence: number, parts?: object): Verdict
}

function place(before: { seen?: Uint8Array; floor?: Position } = {}): Place {
  const clock = virtualClock()
  const hasher = countingHasher()
  const { transport } = testBoard()
  const seen = readSeen(before.seen, { namespace, hasher })
  const order = createReleaseOrder({
    namespace,
    clock,
    hasher,
    fleetClock: createFleetClock(clock),
    seen,
    floor: before.floor ?? seen?.position,
  })
  hasher.count = 0
  const now = new Date(clock.now()).toISOString()
  const later = new Date(clock.now() + 60_000).toISOString()
  return {
    order,
    hasher,
    judge: (bytes, more = {}) => order.judge({ type: 'release', bytes, from: { ...transport, ...more } }),
    mark: (sequence, parts = {}) =>
      order.judge({
        type: 'mark',
        bytes: encodeMark({
          v: 1,
          namespace,
          epoch: EPOCH,
          sequence,
          digest: releaseDigest(systemHasher, releaseAt(sequence)),
          asOf: now,
          validUntil: later,
          ...parts,
        }),
      }),
  }
}

const codeOf = (verdict: Verdict): string => (verdict.type === 'trouble' ? verdict.error.code : verdict.type)

describe('a release', () => {
  test('is newer than nothing, the same again, and older than the next', () => {
    const { order, judge } = place()
    expect(judge(releaseAt(1))).toMatchObject({
      type: 'newer',
      fork: undefined,
      pending: { position: { sequence: 1 } },
    })
    expect(codeOf(judge(releaseAt(1)))).toBe('same')
    expect(codeOf(judge(releaseAt(2)))).toBe('newer')
    expect(codeOf(judge(releaseAt(1)))).toBe('older')
    expect(order.position).toEqual({ epoch: EPOCH, sequence: 2 })
    expect(order.seen?.digest).toBe(releaseDigest(systemHasher, releaseAt(2)))
  })

  test.each<[string, Partial<Release>]>([
    ['invalid-data', { namespace: 'another' }],
    ['fork', { epoch: '1-ffffffff' }],
    ['fork', { sequence: 2, cause: 'rollback' }],
  ])('that cannot be followed is %s and moves nothing: %o', (code, parts) => {
    const { order, judge } = place({ seen: releaseAt(2) })
    expect(codeOf(judge(releaseAt(2, parts)))).toBe(code)
    expect(order.position).toEqual({ epoch: EPOCH, sequence: 2 })
  })

  test('that cannot be read moves nothing', () => {
    const { order, judge } = place({ seen: releaseAt(1) })
    expect(codeOf(judge(new TextEncoder().encode('{')))).toBe('invalid-data')
    expect(order.seen?.position.sequence).toBe(1)
  })

  test('whose predecessor was another is followed, and says so', () => {
    const { judge } = place({ seen: releaseAt(1) })
    const verdict = judge(releaseAt(2, { prev: 'f'.repeat(64) }))
    expect(verdict).toMatchObject({ type: 'newer', fork: { code: 'fork' } })
  })

  test('of a bare document has no predecessor to compare', () => {
    const { judge } = place({ seen: releaseAt(1) })
    const verdict = judge(releaseAt(2, { prev: null }), { unmanaged: true })
    expect(verdict).toMatchObject({ type: 'newer', fork: undefined, pending: { origin: 'unmanaged' } })
  })

  test('that was lost here is news again, and nothing before it is', () => {
    const { judge } = place({ floor: { epoch: EPOCH, sequence: 2 } })
    expect(codeOf(judge(releaseAt(1)))).toBe('older')
    expect(codeOf(judge(releaseAt(2)))).toBe('newer')
  })
})

describe('a mark', () => {
  test('says that the client is current, behind, or nothing', () => {
    const { mark } = place({ seen: releaseAt(2) })
    expect(codeOf(mark(2))).toBe('current')
    expect(codeOf(mark(3))).toBe('behind')
    expect(codeOf(mark(1))).toBe('nothing')
    expect(codeOf(mark(2, { namespace: 'another' }))).toBe('nothing')
  })

  test('at the position of the client is a proof whatever its time, and once', () => {
    const { mark } = place({ seen: releaseAt(2) })
    const past = { asOf: '2000-01-01T00:00:00.000Z', validUntil: '2000-01-01T00:00:01.000Z' }
    const ahead = { asOf: '2100-01-01T00:00:00.000Z', validUntil: '2100-01-01T00:00:01.000Z' }
    expect([ahead, past, past, ahead].map(parts => codeOf(mark(2, parts)))).toEqual([
      'current',
      'current',
      'nothing',
      'current',
    ])
  })

  test('of another log is a fork', () => {
    const { mark } = place({ seen: releaseAt(2) })
    expect(codeOf(mark(2, { digest: 'f'.repeat(64) }))).toBe('fork')
    expect(codeOf(mark(2, { epoch: '1-ffffffff' }))).toBe('fork')
  })

  test('to a client that has nothing says that it is behind', () => {
    expect(codeOf(place().mark(1))).toBe('behind')
  })
})

test('the tag of a transport moves with what was verified, not with what was received', () => {
  const { order } = place({ seen: releaseAt(1) })
  const { transport: from } = testBoard()
  const judge = (bytes: Uint8Array, tag: string): Verdict =>
    order.judge({ type: 'release', bytes, from, tag })
  judge(releaseAt(2), 'good')
  judge(new TextEncoder().encode('{'), 'unreadable')
  judge(releaseAt(1), 'old')
  expect(order.tag(from)).toBe('good')
  judge(releaseAt(2), 'again')
  expect(order.tag(from)).toBe('again')
})

test('a release is hashed once: neither its repetitions nor marks hash it again', () => {
  const { hasher, judge, mark } = place()
  judge(releaseAt(1))
  expect(hasher.count).toBe(1)
  judge(releaseAt(1))
  mark(1)
  mark(1)
  expect(hasher.count).toBe(1)
})

test('what else a strategy brings is handed on', () => {
  const { order } = place()
  const error = new NoticeboardError('unavailable', 'gone')
  const events: readonly StrategyEvent[] = [
    { type: 'current' },
    { type: 'none' },
    { type: 'interrupted', error },
  ]
  expect(events.map(order.judge)).toEqual([{ type: 'current' }, { type: 'none' }, { type: 'trouble', error }])
})

test('bytes of an earlier life that cannot be read any more count as lost', () => {
  const options = { namespace, hasher: systemHasher }
  expect(readSeen(undefined, options)).toBeUndefined()
  expect(readSeen(new TextEncoder().encode('{'), options)).toBeUndefined()
  expect(readSeen(releaseAt(1, { namespace: 'another' }), options)).toBeUndefined()
  expect(readSeen(releaseAt(1), options)).toEqual(identifyRelease(systemHasher, releaseAt(1)))
})
