import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Clock } from '../../../src/contracts/system.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Mirror } from '../../../src/contracts/transport.js'
import {
  decodeRelease,
  encodeRelease,
  releaseDigest,
  type Release,
} from '../../../src/core/release/release.js'
import { anything } from '../../../src/core/schema/anything.js'
import { systemClock, systemHasher } from '../../../src/system/system.js'
import {
  createPublisher,
  everyone,
  type Publisher,
  type PublisherOptions,
} from '../../../src/publisher/index.js'
import { errorOf } from '../../support/error-of.js'
import { scriptedStore, type ScriptedStore } from './scripted-store.js'

const schema = z.object({ pool: z.object({ size: z.number().int().min(1).max(1000) }) })
type Document = z.input<typeof schema>
const size = (n: number): Document => ({ pool: { size: n } })
const why = { rollout: everyone(), reason: 'a test' }

/** Time that passes as soon as somebody waits for it. */
const clock: Clock = { ...systemClock, now: () => Date.UTC(2026, 0, 1), sleep: async () => {} }

function setUp(options: Partial<PublisherOptions<Document, any>> = {}): {
  store: ScriptedStore
  publisher: Publisher<Document>
} {
  const store = scriptedStore()
  return {
    store,
    publisher: createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock }, ...options }),
  }
}

const releases = (store: ScriptedStore): Release[] =>
  store.log.map(({ bytes }) => decodeRelease(bytes).release)

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

test('the first release opens epoch 1, and each names its predecessor', async () => {
  const { store, publisher } = setUp({ author: 'ada' })
  const first = await publisher.publish(size(1), why)
  const second = await publisher.publish(size(2), {
    ...why,
    author: 'bob',
    spreadMs: 500,
    activateAt: new Date('2026-01-02'),
  })
  const [one, two] = releases(store)
  expect(one).toMatchObject({
    sequence: 1,
    prev: null,
    cause: 'publish',
    issuedAt: '2026-01-01T00:00:00.000Z',
    stable: { version: 1 },
  })
  expect(one?.epoch).toMatch(/^1-[0-9a-f]{8}$/)
  expect(two).toMatchObject({
    epoch: one?.epoch,
    sequence: 2,
    spreadMs: 500,
    activateAt: '2026-01-02T00:00:00.000Z',
    stable: { version: 2 },
  })
  expect(two?.prev).toBe(releaseDigest(systemHasher, store.log[0]!.bytes))
  expect(first).toMatchObject({ outcome: 'published', version: 1, position: { sequence: 1 } })
  expect(second).toMatchObject({ outcome: 'published', version: 2, digest: two?.stable.variants[0].digest })
  expect(store.snapshots.has(second.digest)).toBe(true)
  await expect(second.settled).resolves.toBe('completed')

  const history = await collect(publisher.history())
  expect(history.map(({ version, audit, cause }) => [version, audit?.author, audit?.reason, cause])).toEqual([
    [2, 'bob', 'a test', 'publish'],
    [1, 'ada', 'a test', 'publish'],
  ])
  // Guesses at author and reason cannot be tested against the digest that readers see.
  expect(store.appends.map(({ audit }) => JSON.parse(Buffer.from(audit!).toString()).nonce)).toEqual(
    Array(2).fill(expect.stringMatching(/^[0-9a-f]{32}$/)),
  )
  expect(await publisher.current()).toMatchObject({ version: 2, document: size(2) })
})

test('nothing is published without a reason, or by what is no rollout policy', async () => {
  const { store, publisher } = setUp()
  const noPolicy = await errorOf(
    publisher.publish(size(1), { rollout: { type: 'all' } as never, reason: 'x' }),
  )
  expect([noPolicy.code, noPolicy.message]).toEqual(['invalid-option', expect.stringContaining('everyone()')])
  expect((await errorOf(publisher.publish(size(1), { rollout: everyone(), reason: ' ' }))).code).toBe(
    'invalid-option',
  )
  expect((await errorOf(publisher.publish(size(1), undefined as never))).code).toBe('invalid-option')
  expect(store.log).toEqual([])
  expect(store.snapshots.size).toBe(0)
})

test('a refused document is told by path and reason, and nothing is written', async () => {
  const { store, publisher } = setUp({
    validators: [
      {
        name: 'odd',
        validate: value => (value.pool.size % 2 === 0 ? { path: 'pool.size', message: 'must be odd' } : []),
      },
    ],
  })
  const bySchema = await errorOf(publisher.publish(size(0), why))
  expect([bySchema.code, bySchema.issues]).toEqual([
    'invalid-document',
    [{ path: 'pool.size', message: 'expected at least 1', validator: 'schema' }],
  ])
  expect(bySchema.message).toContain('pool.size: expected at least 1')
  expect((await errorOf(publisher.publish(size(2), why))).issues).toEqual([
    { path: 'pool.size', message: 'must be odd', validator: 'odd' },
  ])
  expect((await errorOf(publisher.publish({ pool: { size: Number.NaN } }, why))).code).toBe('invalid-data')
  expect([store.log.length, store.snapshots.size]).toEqual([0, 0])
})

test('a document over the limit is refused before anything else looks at it', async () => {
  const { publisher } = setUp({ maxSnapshotBytes: 20 })
  expect((await errorOf(publisher.publish(size(1000), why))).code).toBe('too-large')
})

test.each([
  ['what the store takes', 500, 500],
  ['1 MiB, of a store that takes more', 10_000_000, 1_048_576],
])('unless it is told otherwise, the limit is %s', async (_, taken, limit) => {
  const store = { ...scriptedStore(), maxSnapshotBytes: taken }
  const publisher = createPublisher({
    namespace: 'checkout/prod',
    schema: anything,
    store,
    system: { clock },
  })
  // With its quotation marks.
  const document = (bytes: number): string => 'x'.repeat(bytes - 2)
  const refused = await errorOf(publisher.publish(document(limit + 1), why))
  expect([refused.code, refused.message]).toEqual([
    'too-large',
    expect.stringContaining(`${limit} are allowed`),
  ])
  expect((await publisher.publish(document(limit), why)).outcome).toBe('published')
})

test('what already runs is unchanged, and a damaged snapshot of it is repaired', async () => {
  const { store, publisher } = setUp()
  const { digest } = await publisher.publish(size(1), why)
  store.snapshots.set(digest, Buffer.from('damaged'))
  const again = await publisher.publish(size(1), why)
  expect([again.outcome, again.version, store.log.length]).toEqual(['unchanged', 1, 1])
  expect(Buffer.from(store.snapshots.get(digest)!).toString()).toBe('{"pool":{"size":1}}')
})

test('an old document gets its old version back, also from a publisher that was not there', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  expect((await publisher.publish(size(1), why)).version).toBe(1)
  expect((await publisher.publish(size(4), why)).version).toBe(5)
  const stranger = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  expect((await stranger.publish(size(2), why)).version).toBe(2)
  expect((await stranger.publish(size(9), why)).version).toBe(7)
})

test('a dry run checks everything and writes nothing', async () => {
  const { store, publisher } = setUp()
  const dry = await publisher.publish(size(1), { ...why, dryRun: true })
  expect(dry).toMatchObject({ outcome: 'dry-run', version: 1 })
  expect((await errorOf(publisher.publish(size(0), { ...why, dryRun: true }))).code).toBe('invalid-document')
  expect([store.log.length, store.snapshots.size, store.kept]).toEqual([0, 0, undefined])
  await publisher.publish(size(1), why)
  expect((await publisher.publish(size(1), { ...why, dryRun: true })).outcome).toBe('unchanged')
})

test('compare and swap refuses what moved on, and says what is there', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), { ...why, ifVersion: 0 })
  expect((await errorOf(publisher.publish(size(2), { ...why, ifVersion: 0 }))).code).toBe('conflict')
  const { position } = await publisher.publish(size(2), { ...why, ifVersion: 1 })
  const late = await errorOf(publisher.publish(size(3), { ...why, ifVersion: 1 }))
  expect([late.code, late.message]).toEqual([
    'conflict',
    expect.stringMatching(/version 2 \(1-[0-9a-f]{8}:2\) is current/),
  ])
  await publisher.publish(size(3), { ...why, ifPosition: position })
  expect((await errorOf(publisher.publish(size(4), { ...why, ifPosition: position }))).code).toBe('conflict')
  expect(store.log.length).toBe(3)
})

test('a publisher that lost a race evaluates anew: on top of what won, or a conflict with ifVersion', async () => {
  const { store, publisher } = setUp()
  const rival = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  await publisher.publish(size(1), why)
  const raceOnce = (n: number): void => {
    store.before = async operation => {
      if (operation !== 'append') return
      store.before = () => {}
      await rival.publish(size(n), why)
    }
  }
  raceOnce(2)
  expect((await publisher.publish(size(3), why)).position.sequence).toBe(3)
  expect(releases(store).map(({ sequence }) => sequence)).toEqual([1, 2, 3])
  raceOnce(4)
  expect((await errorOf(publisher.publish(size(5), { ...why, ifVersion: 3 }))).code).toBe('conflict')
})

test('an acknowledgement that was lost does not publish twice', async () => {
  const { store, publisher } = setUp()
  store.afterAppend = () => {
    store.afterAppend = () => {}
    throw new NoticeboardError('unavailable', 'the connection was lost')
  }
  expect((await publisher.publish(size(1), why)).outcome).toBe('published')
  expect(store.log.length).toBe(1)
})

test('a store that asks to be left alone for ever is asked again after 15 s each time; then the error says for how long', async () => {
  const slept: number[] = []
  const { store, publisher } = setUp({
    system: { clock: { ...clock, sleep: async ms => void slept.push(ms) } },
  })
  store.before = operation => {
    if (operation === 'put')
      throw new NoticeboardError('unavailable', 'busy', { retryAfterMs: 999_999_999_000 })
  }
  const error = await errorOf(publisher.publish(size(1), why))
  expect(error).toMatchObject({ code: 'unavailable', retryAfterMs: 999_999_999_000 })
  expect(slept).toHaveLength(4)
  expect(Math.max(...slept)).toBeLessThan(19_000)
})

test('a store that stays away is unavailable after some attempts, and a refusal is told at once', async () => {
  const { store, publisher } = setUp()
  let attempts = 0
  store.before = () => {
    attempts += 1
    throw new NoticeboardError('unavailable', 'nobody answers')
  }
  expect((await errorOf(publisher.publish(size(1), why))).code).toBe('unavailable')
  expect(attempts).toBe(5)
  attempts = 0
  store.before = () => {
    attempts += 1
    throw new NoticeboardError('unauthorized', 'no token')
  }
  expect((await errorOf(publisher.publish(size(1), why))).code).toBe('unauthorized')
  expect(attempts).toBe(1)
})

test('a variant goes to those with its labels, and each is validated', async () => {
  const { store, publisher } = setUp()
  const variants = [{ when: { region: ['eu'] }, document: size(5) }]
  const { digest } = await publisher.publish(size(1), { ...why, variants })
  const arm = releases(store)[0]!.stable
  expect(arm.variants).toMatchObject([{ when: { region: ['eu'] } }, { digest }])
  expect(store.snapshots.size).toBe(2)
  expect(
    (
      await errorOf(
        publisher.publish(size(1), { ...why, variants: [{ when: { region: ['eu'] }, document: size(0) }] }),
      )
    ).code,
  ).toBe('invalid-document')
  expect(
    (await errorOf(publisher.publish(size(1), { ...why, variants: [{ when: {}, document: size(2) }] }))).code,
  ).toBe('invalid-option')
})

test('the author of a document is told the key that the schema does not know, and for which clients', async () => {
  const strict = z.strictObject({ pool: z.strictObject({ size: z.number() }) })
  const { publisher } = setUp({ schema: strict as never })
  const misspelt = { pool: { size: 1, szie: 2 } } as Document
  const eu = { when: { region: ['eu'] }, document: misspelt }
  const error = await errorOf(publisher.publish(size(1), { ...why, variants: [eu] }))
  expect([error.code, error.message]).toEqual([
    'invalid-document',
    'checkout/prod was not published: pool.szie for clients with region=eu: unrecognized key (schema)',
  ])
  const issue = { path: 'pool.szie', message: 'unrecognized key', validator: 'schema' }
  expect(error.issues).toEqual([{ ...issue, when: { region: ['eu'] } }])
  const both = await errorOf(publisher.publish(misspelt, { ...why, variants: [eu] }))
  expect(both.issues).toEqual([{ ...issue, when: { region: ['eu'] } }, issue])
})

test('a release beyond 16,384 bytes is warned of, since every client fetches it', async () => {
  const { store, publisher } = setUp()
  const lengthOfNewest = (): number => store.log.at(-1)?.bytes.length ?? 0
  const to = (names: number) => {
    const shop = Array.from({ length: names }, (_, index) => `${index}`.padStart(200, 'x'))
    return publisher.publish(size(1), { ...why, variants: [{ when: { shop }, document: size(2) }] })
  }
  expect((await to(75)).warnings).toEqual([])
  expect(lengthOfNewest()).toBeGreaterThan(15_000)
  expect(lengthOfNewest()).toBeLessThanOrEqual(16_384)
  const { warnings } = await to(90)
  expect(lengthOfNewest()).toBeGreaterThan(16_384)
  expect(warnings).toEqual([
    expect.stringContaining(`the release has ${lengthOfNewest()} bytes, and every client fetches it`),
  ])
})

test('a schema that is not strict warns of the keys that it drops, also in a dry run and a kill', async () => {
  const logged: string[] = []
  const logger = { debug() {}, info() {}, error() {}, warn: (text: string) => void logged.push(text) }
  const { publisher } = setUp({ schema: z.object({ pool: z.object({ size: z.number() }) }), logger })
  const misspelt = { pool: { size: 1, szie: 2 } } as Document
  const says = 'the schema drops pool.szie, so no program sees it; is it misspelt?'
  const eu = 'the schema drops pool.szie for clients with region=eu, so no program sees it; is it misspelt?'
  expect((await publisher.publish(misspelt, { ...why, dryRun: true })).warnings).toEqual([says])
  expect(logged).toEqual([says])
  expect((await publisher.publish(misspelt, why)).warnings).toEqual([says])
  const variants = [{ when: { region: ['eu'] }, document: misspelt }]
  expect((await publisher.publish(size(2), { ...why, variants })).warnings).toEqual([eu])
  const killed = await publisher.kill({ patch: { pol: { size: 0 } }, reason: 'a test' })
  expect(killed.warnings).toEqual([
    'the schema drops pool.szie, pol for clients with region=eu, so no program sees it; is it misspelt?',
    'the schema drops pol, so no program sees it; is it misspelt?',
  ])
  expect((await publisher.publish(size(4), why)).warnings).toEqual([])
})

test('a validator compares each variant with what the same clients run', async () => {
  const compared: string[] = []
  const { publisher } = setUp({
    validators: [
      {
        name: 'compares',
        validate: (value, { previous }) =>
          void compared.push(`${JSON.stringify(previous)} -> ${JSON.stringify(value)}`),
      },
    ],
  })
  const eu = (document: Document) => ({ variants: [{ when: { region: ['eu'] }, document }] })
  const euOrUs = (document: Document) => ({ variants: [{ when: { region: ['eu', 'us'] }, document }] })
  await publisher.publish(size(1), { ...why, ...eu(size(5)) })
  compared.length = 0
  await publisher.publish(size(2), { ...why, ...euOrUs(size(6)) })
  const told = (from: number, to: number): string =>
    `${JSON.stringify(size(from))} -> ${JSON.stringify(size(to))}`
  expect(compared.toSorted()).toEqual([told(1, 2), told(1, 6), told(5, 6)])
  compared.length = 0
  await publisher.publish(size(3), why)
  expect(compared.toSorted()).toEqual([told(2, 3), told(6, 3)])
})

test('a publish that takes the documents of some clients away says whose', async () => {
  const { publisher } = setUp()
  const variants = [{ when: { region: ['eu', 'us'] }, document: size(5) }]
  const says = (labels: string): string =>
    `clients with ${labels} had a variant of their own, and now get the document of all others`
  expect((await publisher.publish(size(1), { ...why, variants })).notes).not.toContain(
    says('region=eu or us'),
  )
  const eu = [{ when: { region: ['eu'] }, document: size(5) }]
  expect((await publisher.publish(size(1), { ...why, variants: eu })).notes).toContain(says('region=us'))
  expect((await publisher.publish(size(2), { ...why, dryRun: true })).notes).toContain(says('region=eu'))
  expect((await publisher.publish(size(2), why)).notes).toContain(says('region=eu'))
  expect((await publisher.publish(size(3), why)).notes.join()).not.toContain('of their own')
})

test('a release is read as clients with certain labels get it, and compared for each of them', async () => {
  const { publisher } = setUp()
  const variants = [{ when: { region: ['eu'] }, document: size(5) }]
  await publisher.publish(size(1), { ...why, variants })
  const labels = { region: 'eu' }
  expect((await publisher.current())?.document).toEqual(size(1))
  expect((await publisher.current({ labels }))?.document).toEqual(size(5))
  expect((await publisher.read(1, { labels }))?.document).toEqual(size(5))
  expect(await publisher.diff('current', 1)).toEqual([])
  expect(await publisher.diff(1, { document: size(1), variants })).toEqual([])
  const changed = { path: 'pool.size', change: 'changed', after: 7 }
  expect(await publisher.diff(1, { document: size(7) })).toEqual([
    { ...changed, before: 1 },
    { ...changed, before: 5, when: { region: ['eu'] } },
  ])
  expect((await errorOf(publisher.diff(1, { document: size(7), variant: [] } as never))).code).toBe(
    'invalid-option',
  )
  const [entry] = await collect(publisher.history())
  expect(entry?.variants).toEqual(entry?.release.stable.variants)
})

test('a rollback goes to the newest earlier version and withdraws what ran', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  const bad = releases(store)[2]!.stable.variants[0].digest
  const back = await publisher.rollback({ reason: 'three is bad', author: 'ada' })
  expect(back).toMatchObject({
    outcome: 'published',
    version: 2,
    position: { sequence: 4 },
    withdrawn: [bad],
  })
  expect(releases(store)[3]).toMatchObject({ cause: 'rollback', withdrawn: [bad] })
  expect(store.appends.at(-1)?.urgent).toBe(true)
  // The next one does not go back to what was withdrawn.
  expect((await publisher.rollback({ reason: 'two is bad too' })).version).toBe(1)
  expect(releases(store)[4]?.withdrawn).toHaveLength(2)
  expect((await errorOf(publisher.rollback({ reason: 'one more' }))).code).toBe('not-found')
  // Publishing it again wants a reason of its own. It ends the withdrawal; the other one stays
  // withdrawn, since only the newest release counts.
  expect((await errorOf(publisher.publish(size(3), why))).code).toBe('withdrawn')
  await publisher.publish(size(3), { ...why, readmit: 'it was the network' })
  expect(releases(store)[5]?.readmit).toEqual([{ digest: bad, reason: 'it was the network' }])
  expect(releases(store)[5]?.withdrawn).not.toContain(bad)
  expect(releases(store)[5]?.withdrawn).toHaveLength(1)
})

test('a rollback goes where it is told: a version, a digest, a position', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  const [one, two] = releases(store)
  expect((await publisher.rollback({ reason: 'a test', to: 1 })).version).toBe(1)
  expect(
    (await publisher.rollback({ reason: 'a test', to: two!.stable.variants[0].digest.slice(0, 10) })).version,
  ).toBe(2)
  expect(
    (await publisher.rollback({ reason: 'a test', to: { epoch: one!.epoch, sequence: 1 } })).version,
  ).toBe(1)
  expect((await publisher.rollback({ reason: 'a test', to: 1 })).outcome).toBe('unchanged')
  for (const [to, named] of [
    [99, 'version 99'],
    ['deadbeef', 'snapshot deadbeef'],
    [{ epoch: one!.epoch, sequence: 77 }, `release at ${one!.epoch}:77`],
  ] as const)
    expect(await errorOf(publisher.rollback({ reason: 'a test', to }))).toMatchObject({
      code: 'not-found',
      message: `checkout/prod has no ${named}; see which there are in its history`,
    })
  expect((await errorOf(publisher.rollback({ reason: 'a test', to: 'x' }))).code).toBe('invalid-option')
})

test('a rollback of a document that clients with a label had first goes behind that, and withdraws it', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), why)
  await publisher.publish(size(1), { ...why, variants: [{ when: { canary: ['1'] }, document: size(666) }] })
  await publisher.publish(size(666), why)
  const bad = releases(store)[2]?.stable.variants[0].digest
  const back = await publisher.rollback({ reason: 'it loses orders' })
  expect(back).toMatchObject({ version: 1, withdrawn: [bad] })
  expect(releases(store)[3]?.stable.variants).toHaveLength(1)
})

test('a rollback of what changed for some goes to what the others still have', async () => {
  const { publisher } = setUp()
  const eu = { variants: [{ when: { region: ['eu'] }, document: size(9) }] }
  await publisher.publish(size(1), { ...why, ...eu })
  await publisher.publish(size(2), { ...why, ...eu })
  expect((await publisher.rollback({ reason: 'two is bad' })).version).toBe(1)
})

test('a rollback to a version that clients refused says so, and how many', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  const two = releases(store)[1]?.stable.variants[0].digest ?? ''
  const verdicts = [{ digest: two, verdict: 'rejected' as const }]
  store.heard = [
    report({ clientId: 'a', instanceId: 'a', verdicts }),
    report({ clientId: 'b', instanceId: 'b', verdicts: [{ ...verdicts[0]!, overridden: true }] }),
    report({ clientId: 'c', instanceId: 'c' }),
    // Each client counts once, however often it was started.
    report({ clientId: 'a', instanceId: 'a2', verdicts }),
    report({ clientId: 'a', instanceId: 'a3', verdicts }),
  ]
  const back = await publisher.rollback({ reason: 'three is bad' })
  expect(back.version).toBe(2)
  expect(back.warnings).toContainEqual(expect.stringContaining('1 of 3 clients refused version 2'))
})

describe('a rollback, where report tokens name the clients that refused a version', () => {
  /** A publisher of three versions, and what of its fleet refused the second. */
  const refusedBy = async (
    refusing: number,
    { of, ...said }: Partial<ClientReport> & { of: number },
  ): Promise<ReturnType<typeof setUp>> => {
    const made = setUp()
    for (const n of [1, 2, 3]) await made.publisher.publish(size(n), why)
    const digest = releases(made.store)[1]?.stable.variants[0].digest ?? ''
    const verdicts = [{ digest, verdict: 'rejected' as const }]
    made.store.heard = Array.from({ length: of }, (_, index) =>
      report({
        clientId: `c${index}`,
        instanceId: `i${index}`,
        ...(index < refusing && { verdicts }),
        ...said,
      }),
    )
    return made
  }

  test('passes over that version, and says which and by how many', async () => {
    const { store, publisher } = await refusedBy(4, { of: 6, bound: true })
    const back = await publisher.rollback({ reason: 'three is bad' })
    expect(back.version).toBe(1)
    expect(back.warnings).toEqual([
      'the rollback passes over version 2, which 4 of 6 refused of the clients that report tokens name; to go back to it all the same, name it: noticeboard rollback --to VERSION, or { to }',
    ])
    expect(releases(store)[3]?.withdrawn).toHaveLength(1)
    expect((await publisher.rollback({ reason: 'after all', to: 2 })).version).toBe(2)
  })

  test('only warns where no token is bound to them, however many they are', async () => {
    const { publisher } = await refusedBy(60, { of: 60 })
    const back = await publisher.rollback({ reason: 'three is bad' })
    expect(back.version).toBe(2)
    expect(back.warnings).toEqual([expect.stringContaining('60 of 60 clients refused version 2')])
  })

  test('is not steered by strangers, in neither direction', async () => {
    const { store, publisher } = await refusedBy(3, { of: 5, bound: true })
    const strangers = Array.from({ length: 100 }, (_, index) =>
      report({ clientId: `c${index % 5}`, instanceId: `s${index}` }),
    )
    store.heard = [...(store.heard ?? []), ...strangers]
    expect((await publisher.rollback({ reason: 'three is bad' })).version).toBe(1)
  })

  test.each([
    ['half of them', 3, 6],
    ['two, who are all there are', 2, 2],
  ])('passes over nothing for %s', async (_, refusing, of) => {
    const { publisher } = await refusedBy(refusing, { of, bound: true })
    expect((await publisher.rollback({ reason: 'three is bad' })).version).toBe(2)
  })

  test('counts a client once, however many instances it makes up', async () => {
    const { publisher } = await refusedBy(9, { of: 9, bound: true, clientId: 'one' })
    expect((await publisher.rollback({ reason: 'three is bad' })).version).toBe(2)
  })

  test('goes to the newest where they refused every earlier version, and says that', async () => {
    const { store, publisher } = await refusedBy(0, { of: 3, bound: true })
    const verdicts = releases(store).map(({ stable }) => ({
      digest: stable.variants[0].digest,
      verdict: 'rejected' as const,
    }))
    store.heard = store.heard?.map(word => ({ ...word, verdicts }))
    const back = await publisher.rollback({ reason: 'three is bad' })
    expect(back.version).toBe(2)
    expect(back.warnings).toEqual([expect.stringContaining('3 of 3 clients refused version 2')])
  })
})

test('nothing holds up a rollback: not the schema, not an unreadable document, not a race', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  store.snapshots.delete(releases(store)[2]!.stable.variants[0].digest)
  const strict = createPublisher({
    namespace: 'checkout/prod',
    schema: z.object({ never: z.string() }),
    store,
    system: { clock },
  })
  const rival = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  let races = 0
  store.before = async operation => {
    if (operation !== 'append' || races === 40) return
    races += 1
    const { before } = store
    store.before = () => {}
    await rival.publish(size(100 + races), why)
    store.before = before
  }
  const back = await strict.rollback({ reason: 'now' })
  expect([back.outcome, back.version]).toEqual(['published', 2])
  // Whatever ran on the way is left behind too.
  expect(back.withdrawn).toHaveLength(41)
})

test('while a rollout is under way publishing waits for it, and a rollback takes its candidate away', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), why)
  const before = releases(store)[0]!
  const candidate = { version: 2, variants: [{ digest: 'c'.repeat(64), bytes: 9 }] as const }
  const audience = { salt: 's', clauses: [{ below: 1 }] }
  const running: Release = {
    ...before,
    sequence: 2,
    candidate,
    audience,
    prev: releaseDigest(systemHasher, store.log[0]!.bytes),
  }
  store.log.push({ bytes: encodeRelease(running) })

  expect((await errorOf(publisher.publish(size(3), why))).code).toBe('rollout-in-progress')
  expect(await publisher.rollback({ reason: 'x' })).toMatchObject({ version: 1, withdrawn: ['c'.repeat(64)] })
  expect(releases(store)[2]).not.toHaveProperty('candidate')
  store.log[2] = { bytes: encodeRelease({ ...running, sequence: 3 }) }
  const next = createPublisher({ namespace: 'checkout/prod', schema, store: { ...store }, system: { clock } })
  expect((await next.publish(size(3), { ...why, supersede: true })).outcome).toBe('published')
})

test('a release that needs a newer version of the library stops a publish and not a rollback', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2]) await publisher.publish(size(n), why)
  store.log[1] = { bytes: encodeRelease({ ...releases(store)[1]!, crit: ['sorcery'] }) }
  const next = createPublisher({ namespace: 'checkout/prod', schema, store: { ...store }, system: { clock } })
  expect((await errorOf(next.publish(size(3), why))).code).toBe('unsupported')
  expect((await next.rollback({ reason: 'x' })).version).toBe(1)
})

test('of two people who roll back at the same time the second does not go one version further', async () => {
  const { store, publisher } = setUp()
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  const rival = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  store.before = async operation => {
    if (operation !== 'append') return
    store.before = () => {}
    await rival.rollback({ reason: 'me too' })
  }
  expect(await publisher.rollback({ reason: 'me' })).toMatchObject({ outcome: 'unchanged', version: 2 })
  expect(store.log.length).toBe(4)
})

test('a rollback passes over a version whose snapshot is gone, and says so in the log', async () => {
  const logs: unknown[] = []
  const warn = (...said: unknown[]): void => void logs.push(said)
  const { store, publisher } = setUp({ logger: { debug() {}, info() {}, warn, error() {} } })
  for (const n of [1, 2, 3]) await publisher.publish(size(n), why)
  const { digest } = releases(store)[1]!.stable.variants[0]
  store.snapshots.delete(digest)
  expect((await publisher.rollback({ reason: 'x' })).version).toBe(1)
  expect(logs).toEqual([
    [
      'a rollback passes over a version whose snapshot cannot be read',
      { namespace: 'checkout/prod', digest },
    ],
  ])
  expect((await errorOf(publisher.rollback({ reason: 'x', to: 2 }))).code).toBe('not-found')
})

const report = (over: Partial<ClientReport>): ClientReport => ({
  v: 1, namespace: 'checkout/prod', clientId: 'a', instanceId: 'a1', ephemeral: false, labels: {}, strategy: 'pull', count: 1,
  phase: 'healthy', protection: 'none', lookMs: 30_000, upMs: 0, sinceMs: 0, nextReportWithinMs: 1000, ...over,
}) // prettier-ignore

test('a store that is behind its fleet is refused until a new epoch is opened', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), why)
  const { epoch } = releases(store)[0]!
  store.heard = [report({ seen: { epoch, sequence: 7 } })]
  const refused = await errorOf(publisher.publish(size(2), why))
  expect([refused.code, refused.message]).toEqual([
    'store-damaged',
    expect.stringContaining('open a new epoch'),
  ])
  expect((await publisher.publish(size(2), { ...why, dryRun: true, ignoreReports: true })).outcome).toBe(
    'dry-run',
  )
  // A rollback is never held up, and says that it may go unheard.
  const back = await publisher.rollback({ reason: 'x', to: 1 })
  expect(back.warnings.join()).toContain('behind its fleet')

  const opened = await publisher.openEpoch({ reason: 'restored from the backup of Monday' })
  expect(opened.position).toEqual({ epoch: expect.stringMatching(/^2-[0-9a-f]{8}$/), sequence: 1 })
  expect(releases(store).at(-1)).toMatchObject({
    cause: 'epoch',
    stable: { version: 1 },
    prev: expect.any(String),
  })
  expect((await publisher.publish(size(2), why)).position.sequence).toBe(2)
})

test('one forged report stops no publish over a fleet, and the note says how many claim it, and who', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), why)
  const { epoch } = releases(store)[0]!
  const fleet = Array.from({ length: 339 }, (_, index) =>
    report({ clientId: `c${index}`, instanceId: `c${index}`, seen: { epoch, sequence: 1 } }),
  )
  const last = { epoch: '999999998-ffffffff', sequence: 1 }
  store.heard = [...fleet, report({ clientId: 'stranger', instanceId: 'x', seen: last })]
  const published = await publisher.publish(size(2), why)
  expect(published.notes.join()).toContain(
    '1 of 340 instances (stranger) claims to have seen 999999998-ffffffff:1',
  )
  const opened = await publisher.openEpoch({ reason: 'x' })
  expect(opened.position.epoch).toMatch(/^2-/)
  expect(opened.warnings.join()).toContain('1 of 340 instances (stranger)')
})

test('a refusal for what is claimed names both ways out, and no epoch is opened where no store can come after it', async () => {
  const { store, publisher } = setUp()
  await publisher.publish(size(1), why)
  store.heard = [report({ seen: { epoch: '999999998-ffffffff', sequence: 1 } })]
  const refused = await errorOf(publisher.publish(size(2), why))
  expect(refused.message).toMatch(/1 of 1 instances \(a\) claims.*open a new epoch.*--ignore-reports/)
  const epoch = await errorOf(publisher.openEpoch({ reason: 'x' }))
  expect([epoch.code, epoch.message]).toEqual(['invalid-data', expect.stringContaining('--ignore-reports')])
  expect((await publisher.openEpoch({ reason: 'x', ignoreReports: true })).position.epoch).toMatch(/^2-/)
})

test('an empty store whose fleet has seen releases starts in a higher epoch, with a document', async () => {
  const { store, publisher } = setUp()
  store.heard = [report({ seen: { epoch: '4-00000000', sequence: 7 } })]
  expect((await errorOf(publisher.publish(size(2), why))).code).toBe('store-damaged')
  expect((await errorOf(publisher.openEpoch({ reason: 'lost the disk' }))).code).toBe('invalid-option')
  const opened = await publisher.openEpoch({ reason: 'lost the disk', document: size(2) })
  expect(opened.position.epoch).toMatch(/^5-/)
  expect(releases(store)[0]?.prev).toBeNull()
})

test('a mirror that fails stops nobody and catches up with the next publish', async () => {
  const board = new Map<string, Uint8Array>()
  let broken = true
  const mirror: Mirror = {
    name: 'bucket',
    async put({ digest, bytes }) {
      if (broken) throw new NoticeboardError('forbidden', 'no space')
      board.set(digest, bytes)
    },
    async announce({ bytes }) {
      board.set('release', bytes)
    },
  }
  const { publisher, store } = setUp({ mirrors: [mirror] })
  const first = await publisher.publish(size(1), why)
  expect(first.mirrors).toEqual([{ name: 'bucket', ok: false, code: 'forbidden', message: 'no space' }])
  broken = false
  expect((await publisher.publish(size(1), why)).mirrors).toEqual([{ name: 'bucket', ok: true }])
  expect(board.get('release')).toEqual(store.log[0]!.bytes)
  expect(board.has(first.digest)).toBe(true)
  expect(await publisher.sync()).toEqual([{ name: 'bucket', ok: true }])
})

test('the JSON Schema is kept beside the documents, and only when it changed', async () => {
  const { store, publisher } = setUp()
  let written = 0
  store.before = operation => void (operation === 'putSchema' && (written += 1))
  await publisher.publish(size(1), why)
  await publisher.publish(size(2), why)
  expect(written).toBe(1)
  expect(JSON.parse(Buffer.from(store.kept!).toString())).toMatchObject({
    properties: { pool: { properties: { size: { maximum: 1000 } } } },
  })
})

test('a store that may lose writes is warned of', async () => {
  const warnings: string[] = []
  const store = { ...scriptedStore(), durability: 'may-lose' as const }
  const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) }
  const publisher = createPublisher({ namespace: 'a', schema, store, system: { clock }, logger })
  expect((await publisher.publish(size(1), why)).warnings).toEqual(warnings)
  expect(warnings.join()).toContain('may lose')
})

test('two releases are compared by path', async () => {
  const { publisher } = setUp()
  await publisher.publish(size(1), why)
  await publisher.publish(size(2), why)
  expect(await publisher.diff(1, 'current')).toEqual([
    { path: 'pool.size', change: 'changed', before: 1, after: 2 },
  ])
})

test('whoever iterates a rollout sees the fleet take it', async () => {
  const store = scriptedStore()
  let looks = 0
  const publisher = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  await publisher.publish(size(1), why)
  const rollout = await publisher.publish(size(2), why)
  store.before = operation => {
    if (operation !== 'reports') return
    looks += 1
    const at = { seen: rollout.position, applied: rollout.position, digest: rollout.digest, version: 2 }
    if (looks === 2)
      store.heard = [report({ ...at }), report({ clientId: 'b', instanceId: 'b1', phase: 'waiting' })]
    if (looks === 4)
      store.heard = [
        report({ ...at }),
        report({
          clientId: 'b',
          instanceId: 'b1',
          phase: 'rejected',
          seen: rollout.position,
          code: 'invalid-document',
        }),
      ]
  }
  const steps = await collect(rollout)
  expect(
    steps.map(({ exposed, applied, behind, rejected, fleet }) => [
      fleet.type,
      exposed,
      applied,
      behind,
      rejected,
    ]),
  ).toEqual([
    ['unknown', 0, 0, 0, 0],
    ['known', 2, 1, 1, 0],
    ['known', 2, 1, 0, 1],
  ])
})

test('a rollout counts clients, each once as the worst of its live instances, and none that is replaced', async () => {
  const store = scriptedStore()
  const publisher = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  const { position, digest } = await publisher.publish(size(1), why)
  const rollout = await publisher.publish(size(2), why)
  const before = { seen: position, applied: position, digest, version: 1 }
  const after = {
    ...{ seen: rollout.position, applied: rollout.position, digest: rollout.digest, version: 2 },
    phase: 'healthy' as const,
  }
  const previous = { instanceId: 'a1', digest, end: 'clean', ranMs: 9 } as const
  store.heard = [
    report({ ...before, clientId: 'a', instanceId: 'a1' }),
    report({ ...after, clientId: 'a', instanceId: 'a2', previous }),
    report({ ...after, clientId: 'b', instanceId: 'b1' }),
    report({ ...after, clientId: 'b', instanceId: 'b2', phase: 'applied' }),
    report({
      ...after,
      ...{ clientId: 'c', instanceId: 'c1', phase: 'applied' },
      previous: { instanceId: 'c0', digest: rollout.digest, end: 'abrupt', ranMs: 9 },
    }),
  ]
  expect(await collect(rollout)).toMatchObject([
    { exposed: 3, applied: 2, healthy: 1, behind: 0, rejected: 0, failed: 1, missing: 0 },
  ])
})

test('a source is published, and again at each change', async () => {
  const { store, publisher } = setUp()
  expect((await publisher.publish({ name: 'object', read: async () => size(1) }, why)).version).toBe(1)
  // Each is read twice, apart, before it is taken.
  const contents = [2, 2, 3, 3, -1, -1]
  const source = {
    name: 'counter',
    read: async () => size(contents.shift() ?? 0),
    async *changes() {
      yield
      yield
    },
  }
  const steps = await collect(publisher.follow(source, why))
  expect(steps.map(step => (step.type === 'published' ? step.rollout.version : step.error.code))).toEqual([
    2,
    3,
    'invalid-document',
  ])
  expect(store.log.length).toBe(3)
})

test('a rollback, and a source that is followed, go on after a store named a foolish time to stay away', async () => {
  const slept: number[] = []
  const { store, publisher } = setUp({
    system: { clock: { ...clock, sleep: async ms => void slept.push(ms) } },
  })
  for (const n of [1, 2]) await publisher.publish(size(n), why)
  let refusals = 3
  store.before = () => {
    refusals -= 1
    if (refusals >= 0) throw new NoticeboardError('rate-limited', 'later', { retryAfterMs: 1e15 })
  }
  expect((await publisher.rollback({ reason: 'x' })).version).toBe(1)
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60_000)

  slept.length = 0
  refusals = 5
  const source = { name: 'file', read: async () => size(3), async *changes() {} }
  const steps = await collect(publisher.follow(source, why))
  expect(steps.map(step => (step.type === 'published' ? step.rollout.version : step.error.code))).toEqual([
    'rate-limited',
    expect.any(Number),
  ])
  expect(Math.max(...slept)).toBe(60_000)
})

test('a closed publisher says so, and an aborted call ends with its reason', async () => {
  const { publisher } = setUp()
  const reason = new Error('enough')
  await expect(publisher.publish(size(1), { ...why, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  await publisher.close()
  await publisher.close()
  expect((await errorOf(publisher.publish(size(1), why))).code).toBe('closed')
  expect((await errorOf(publisher.fleet())).code).toBe('closed')
})

test.each([
  ['a namespace that climbs', { namespace: '../x' }],
  ['a store that only reads', { store: { latest() {}, snapshot() {} } }],
  ['no schema', { schema: undefined }],
  ['a limit above that of the store', { maxSnapshotBytes: 9_999_999 }],
  ['a schema that is neither kept nor not', { keepSchema: 'yes' }],
  ['a rollout that is no policy', { rollout: { name: 'mine' } }],
  ['a policy among others that is none', { policies: [everyone(), {}] }],
  ['a gate without a check', { gates: [{ name: 'errors' }] }],
  ['two gates of one name', { gates: ['errors', 'errors'].map(name => ({ name, check: () => 'good' })) }],
])('%s is refused at once', (_name, over) => {
  expect(() => createPublisher({ namespace: 'a', schema, store: scriptedStore(), ...over } as never)).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  )
})
