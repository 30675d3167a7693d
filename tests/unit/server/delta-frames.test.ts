import { expect, test } from 'vitest'
import type { DeltaCache } from '../../../src/server/stream/delta-cache.js'
import { createDeltaFrames } from '../../../src/server/stream/delta-frames.js'
import { describeNewest } from '../../../src/server/stream/newest-release.js'
import { systemHasher } from '../../../src/system/system.js'
import { NAMESPACE, releaseOf, snapshotOf } from '../../support/board-kit.js'

const snapshot = snapshotOf({ size: 4 })
const newest = describeNewest(
  NAMESPACE,
  releaseOf(snapshot, { at: { epoch: '1-9f3a01bc', sequence: 4 } }),
  systemHasher,
)
const digest = newest.read?.digest ?? ''
const baseOf = (index: number): string => index.toString(16).padStart(64, '0')

/** A cache that has a delta of every pair but those from one base, and notes what is asked for. */
function cacheWithout(base: string) {
  const asked: string[] = []
  const gave: number[] = []
  const cache: DeltaCache = {
    savings: {} as never,
    gave: bytes => void gave.push(bytes),
    async load(_namespace, _newest, pair) {
      asked.push(pair.base)
      return pair.base === base ? undefined : new Uint8Array([1, 2, 3])
    },
  }
  return { cache, asked, gave }
}

test('the frame of a pair is made once, and is there for whoever asks again', async () => {
  const { cache, asked } = cacheWithout(baseOf(9))
  const frames = createDeltaFrames(cache)
  const pair = { digest, base: baseOf(1) }
  expect(frames.peek(newest, pair)).toBeUndefined()
  expect(await frames.make(NAMESPACE, newest, pair)).toBe(true)
  const frame = frames.peek(newest, pair)
  expect(frame).toBeDefined()
  expect(await frames.make(NAMESPACE, newest, pair)).toBe(true)
  expect(frames.peek(newest, pair)).toBe(frame)
  expect(asked).toEqual([pair.base])
})

test('there is no frame of a pair without a delta, nor where none are made', async () => {
  const { cache } = cacheWithout(baseOf(9))
  const pair = { digest, base: baseOf(9) }
  for (const frames of [createDeltaFrames(cache), createDeltaFrames(undefined)]) {
    expect(await frames.make(NAMESPACE, newest, pair)).toBe(false)
    expect(frames.peek(newest, pair)).toBeUndefined()
  }
})

test('a release has frames of 64 pairs, and readers of others are sent the whole snapshot', async () => {
  const { cache, asked } = cacheWithout('')
  const frames = createDeltaFrames(cache)
  const made: boolean[] = []
  for (let index = 0; index < 66; index += 1)
    made.push(await frames.make(NAMESPACE, newest, { digest, base: baseOf(index) }))
  expect(made).toEqual([...Array.from({ length: 64 }, () => true), false, false])
  expect(asked).toHaveLength(64)
  // Those that are there stay.
  expect(await frames.make(NAMESPACE, newest, { digest, base: baseOf(0) })).toBe(true)
})

test('what a delta saved is counted as often as its frame was given', async () => {
  const { cache, gave } = cacheWithout('')
  const frames = createDeltaFrames(cache)
  const pair = { digest, base: baseOf(1) }
  await frames.make(NAMESPACE, newest, pair)
  const frame = frames.peek(newest, pair)!
  frames.gave(frame)
  frames.gave(frame)
  frames.gave(newest.frame)
  expect(gave).toHaveLength(2)
  expect(gave[0]).toBe(gave[1])
})
