import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Digest } from '../../../src/contracts/names.js'
import type { Store } from '../../../src/contracts/transport.js'
import { decodeRelease, digestsOf, encodeRelease, type Release } from '../../../src/core/release/release.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { timed } from '../../../src/rollouts/index.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/index.js'
import { memory } from '../../../src/transports/memory.js'
import { errorOf } from '../../support/error-of.js'

const NAMESPACE = 'checkout/prod'
const DAY_MS = 86_400_000
const never = new AbortController().signal
const schema = z.looseObject({})
const settings = { rollout: everyone(), reason: 'a test' }
const back = { reason: 'a test' }

interface Place {
  readonly clock: VirtualClock
  readonly store: Store
  readonly publisher: Publisher
  publish(pool: number): Promise<Digest>
  /** The log, newest first. */
  releases(): Promise<readonly Release[]>
  /** Those of these snapshots that the store has. */
  present(digests: Iterable<Digest>): Promise<ReadonlySet<Digest>>
}

function place(change: (store: Store) => Partial<Store> = () => ({})): Place {
  const clock = virtualClock()
  const system = { clock }
  const made = memory({ system })
  const store: Store = { ...made, ...change(made) }
  const publisher = createPublisher({ namespace: NAMESPACE, schema, store, system })
  const releases: Place['releases'] = async () => {
    const found: Release[] = []
    for await (const { bytes } of made.history({ namespace: NAMESPACE }, never))
      found.push(decodeRelease(bytes).release)
    return found
  }
  return {
    clock,
    store,
    publisher,
    releases,
    async publish(pool) {
      return (await publisher.publish({ pool }, settings)).digest
    },
    async present(digests) {
      const here = new Set<Digest>()
      for (const digest of digests) {
        const found = await made
          .snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, never)
          .catch(() => undefined)
        if (found !== undefined) here.add(digest)
      }
      return here
    },
  }
}

test('what neither the newest releases nor the last days name goes, and the rest can still be read', async () => {
  const { clock, publisher, publish, present, releases } = place()
  const old: Digest[] = []
  for (let pool = 0; pool < 60; pool += 1) old.push(await publish(pool))
  await clock.advance(40 * DAY_MS)
  const recent = [await publish(100), await publish(101)]
  expect(await publisher.prune()).toEqual({ removed: 12, removedBytes: 122, refused: 0, kept: 50, lost: 0 })
  expect([...(await present([...old, ...recent]))]).toEqual([...old.slice(12), ...recent])
  expect(await releases()).toHaveLength(62)
  expect(await publisher.prune()).toEqual({ removed: 0, removedBytes: 0, refused: 0, kept: 50, lost: 0 })

  // The 60th ran until two days ago, so it counts by days as well.
  await clock.advance(2 * DAY_MS)
  expect(await publisher.prune({ keepReleases: 1, keepDays: 3 })).toMatchObject({ removed: 47, kept: 3 })
  expect([...(await present([...old, ...recent]))]).toEqual([...old.slice(-1), ...recent])
  await clock.advance(2 * DAY_MS)
  // What a rollback goes back to stays, whatever its age.
  expect(await publisher.prune({ keepReleases: 1, keepDays: 0 })).toMatchObject({ removed: 1, kept: 2 })
  expect((await publisher.rollback(back)).digest).toBe(recent[0])
})

/** One thing that happens to a board; what the board refuses is passed over. */
type Step = (place: Place) => Promise<unknown>

const pool = fc.integer({ min: 0, max: 30 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: pool.map(
      (pool): Step =>
        ({ publish }) =>
          publish(pool),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(pool, pool).map(([pool, eu]): Step => ({ publisher }) => {
      const variants = [{ when: { region: ['eu'] }, document: { pool: eu } }]
      return publisher.publish({ pool }, { ...settings, variants })
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(pool, fc.boolean()).map(
      ([pool, supersede]): Step =>
        ({ publisher }) =>
          publisher.publish({ pool }, { rollout: timed(), drive: true, reason: 'a test', supersede }),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom('pause', 'resume', 'promote', 'abort', 'retreat', 'rollback').map(
      (verb): Step =>
        ({ publisher }) =>
          publisher[verb](back),
    ),
  },
  {
    weight: 1,
    arbitrary: pool.map(
      (pool): Step =>
        ({ publisher }) =>
          publisher.kill({ patch: { pool }, ...back }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Step>(({ publisher }) => publisher.openEpoch({ ...back, ignoreReports: true })),
  },
  {
    weight: 4,
    arbitrary: fc.integer({ min: 1, max: 9 }).map(
      (days): Step =>
        ({ clock }) =>
          clock.advance(days * DAY_MS),
    ),
  },
)

const passedOver = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: unknown) => {
    if (!isNoticeboardError(error)) throw error
  })
}

test('after whatever happened, what is within the bounds can be read, and rollouts and ways back end as if nothing had been removed', async () => {
  let removed = 0
  let rollouts = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 10 }),
      fc.constantFrom('resume', 'abort', 'rollback', 'promote', 'retreat'),
      async (steps, keepReleases, keepDays, verb) => {
        const [pruned, untouched] = [place(), place()]
        for (const at of [pruned, untouched]) for (const step of steps) await passedOver(step(at))
        const log = await pruned.releases()
        const sinceMs = pruned.clock.now() - keepDays * DAY_MS
        const within = log.filter(({ issuedAt }, index) => {
          const endedMs = Date.parse(log[index - 1]?.issuedAt ?? '2999-01-01')
          return index < keepReleases || Date.parse(issuedAt) >= sinceMs || endedMs >= sinceMs
        })
        const needed = new Set(within.flatMap(digestsOf))
        const told = await pruned.publisher.prune({ keepReleases, keepDays })
        removed += told.removed
        if (log[0]?.candidate !== undefined) rollouts += 1
        expect(await pruned.present(needed)).toEqual(needed)
        expect(told.kept).toBeGreaterThanOrEqual(needed.size)
        const all = new Set(log.flatMap(digestsOf))
        expect((await pruned.present(all)).size).toBe(all.size - told.removed)
        // One step on from here, on both boards.
        for (const at of [pruned, untouched]) await passedOver(at.publisher[verb](back))
        const [here, there] = [(await pruned.releases())[0], (await untouched.releases())[0]]
        expect([here?.stable, here?.candidate]).toEqual([there?.stable, there?.candidate])
        const named = here === undefined ? [] : digestsOf(here)
        expect(await pruned.present(named)).toEqual(new Set(named))
      },
    ),
    { numRuns: 30 },
  )
  expect(removed).toBeGreaterThan(30)
  expect(rollouts).toBeGreaterThan(2)
}, 120_000)

test('what a rollout leads to stays, forward and back, where older releases alone name it', async () => {
  const tried = { rollout: timed(), drive: true, reason: 'a test' }
  const bounds = { keepReleases: 1, keepDays: 0 }
  const retreated = place()
  await retreated.publish(1)
  await retreated.publisher.publish({ pool: 2 }, tried)
  await retreated.publisher.retreat(back)
  await retreated.clock.advance(DAY_MS)
  expect(await retreated.publisher.prune(bounds)).toMatchObject({ removed: 0, kept: 2 })
  await retreated.publisher.resume(back)
  const [resumed] = await retreated.releases()
  expect(resumed?.candidate).toBeDefined()
  expect((await retreated.present(digestsOf(resumed!))).size).toBe(2)

  // A rollback would pass over the version from before the rollout, since some had the new one
  // there.
  const watched = place()
  await watched.publish(1)
  const variants = [{ when: { region: ['eu'] }, document: { pool: 2 } }]
  await watched.publisher.publish({ pool: 3 }, { ...settings, variants })
  await watched.publisher.publish({ pool: 2 }, tried)
  expect((await watched.publisher.promote(back)).state).toBe('watching')
  await watched.clock.advance(DAY_MS)
  expect(await watched.publisher.prune(bounds)).toMatchObject({ removed: 0, kept: 3 })
  await watched.publisher.abort(back)
  expect((await watched.present(digestsOf((await watched.releases())[0]!))).size).toBe(2)
})

test('a dry run tells what would go, and removes nothing', async () => {
  const { clock, publisher, publish, present } = place()
  const all: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) all.push(await publish(pool))
  await clock.advance(DAY_MS)
  const bounds = { keepReleases: 3, keepDays: 0 }
  const told = await publisher.prune({ ...bounds, dryRun: true })
  expect(told).toEqual({ removed: 6, removedBytes: 60, refused: 0, kept: 3, lost: 0 })
  expect((await present(all)).size).toBe(9)
  expect(await publisher.prune(bounds)).toEqual(told)
  expect([...(await present(all))]).toEqual(all.slice(6))
})

test('what releases name that are appended meanwhile stays, also when it was old', async () => {
  let meanwhile: (() => Promise<unknown>) | undefined
  const { clock, publisher, publish, present } = place(({ snapshot }) => ({
    async snapshot(query, signal) {
      const act = query.digest === old[1] ? meanwhile : undefined
      try {
        return await snapshot(query, signal)
      } finally {
        if (act !== undefined) {
          meanwhile = undefined
          await act()
        }
      }
    },
  }))
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  meanwhile = async () => {
    // The newest release alone is what a store looks at.
    await publisher.rollback({ ...back, to: 2 })
    await publish(100)
  }
  await publisher.prune({ keepReleases: 3, keepDays: 0 })
  expect(meanwhile).toBeUndefined()
  expect(await present(old.slice(0, 6))).toEqual(new Set([old[1]]))
  expect((await publisher.rollback(back)).digest).toBe(old[1])
})

test('a publish of a document that is removed meanwhile fails and appends nothing, and succeeds when it is repeated', async () => {
  let meanwhile: (() => Promise<unknown>) | undefined
  const { clock, publisher, publish, present, releases } = place(({ append }) => ({
    async append(query, signal) {
      const act = meanwhile
      meanwhile = undefined
      await act?.()
      return append(query, signal)
    },
  }))
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  meanwhile = () => publisher.prune({ keepReleases: 3, keepDays: 0 })
  expect((await errorOf(publish(0))).code).toBe('invalid-data')
  expect(await releases()).toHaveLength(9)
  expect(await publish(0)).toBe(old[0])
  expect([...(await present(old))]).toEqual([old[0], ...old.slice(6)])
})

test('what the store refuses to remove stays, and is counted', async () => {
  const { clock, publisher, publish, present, store } = place(({ remove }) => ({
    async remove(query, signal) {
      if (query.digest === old[2])
        throw Object.assign(await errorOf(store.remove!({ ...query, digest: old[8]! }, signal)))
      await remove!(query, signal)
    },
  }))
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  expect(await publisher.prune({ keepReleases: 3, keepDays: 0 })).toEqual({
    removed: 5,
    removedBytes: 50,
    refused: 1,
    kept: 3,
    lost: 0,
  })
  expect([...(await present(old))]).toEqual([old[2], ...old.slice(6)])
})

test('what the store lost of what should be kept is told apart, in a dry run too', async () => {
  const { clock, store, publisher, publish } = place()
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  for (const digest of [old[0], old[6], old[7]])
    await store.remove?.({ namespace: NAMESPACE, digest: digest as Digest }, never)
  const bounds = { keepReleases: 4, keepDays: 0 }
  const told = { removed: 4, removedBytes: 40, refused: 0, kept: 2, lost: 2 }
  expect(await publisher.prune({ ...bounds, dryRun: true })).toEqual(told)
  expect(await publisher.prune(bounds)).toEqual(told)
})

test('what is kept is looked for, and read only where a rollback leads to it', async () => {
  const brought = new Set<Digest>()
  const { clock, publisher, publish } = place(({ snapshot }) => ({
    async snapshot(query, signal) {
      const bytes = await snapshot(query, signal)
      brought.add(query.digest)
      return bytes
    },
  }))
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  brought.clear()
  const pruned = await publisher.prune({ keepReleases: 4, keepDays: 0, dryRun: true })
  expect(pruned).toMatchObject({ removed: 5, kept: 4 })
  expect([...brought]).toEqual([old[7]])
})

test('a release that cannot be read ends it before anything is removed, unless it is too old to be kept', async () => {
  let unreadable = -1
  const { clock, publisher, publish, present } = place(({ history }) => ({
    async *history(query, signal) {
      let index = 0
      for await (const entry of history(query, signal)) {
        const { release } = decodeRelease(entry.bytes)
        yield index++ === unreadable ? { bytes: encodeRelease({ ...release, crit: ['sorcery'] }) } : entry
      }
    },
  }))
  const old: Digest[] = []
  for (let pool = 0; pool < 9; pool += 1) old.push(await publish(pool))
  await clock.advance(DAY_MS)
  const bounds = { keepReleases: 3, keepDays: 0 }
  for (unreadable of [1, 3]) {
    const error = await errorOf(publisher.prune(bounds))
    expect([error.code, error.message]).toEqual(['unsupported', expect.stringContaining('"sorcery"')])
    expect((await present(old)).size).toBe(9)
  }
  unreadable = 7
  expect(await publisher.prune(bounds)).toMatchObject({ removed: 5, kept: 3 })
})

test('a store that removes nothing is told as that, and bounds that make no sense as those', async () => {
  const { publisher, publish } = place(() => ({ remove: undefined }) as never)
  await publish(1)
  const error = await errorOf(publisher.prune())
  expect([error.code, error.message]).toEqual([
    'unsupported',
    expect.stringContaining('noticeboard prune --board FOLDER'),
  ])
  const whole = place()
  expect(await whole.publisher.prune()).toEqual({ removed: 0, removedBytes: 0, refused: 0, kept: 0, lost: 0 })
  for (const options of [{ keepReleases: 0 }, { keepReleases: 1.5 }, { keepDays: -1 }, { dryRun: 'no' }])
    expect((await errorOf(whole.publisher.prune(options as never))).code).toBe('invalid-option')
})
