import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { anything } from '../../../src/core/schema/anything.js'
import { decodeRelease, releaseDigest, type Release } from '../../../src/core/release/release.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { closeLater, NAMESPACE, temporaryFolder } from '../../support/board-kit.js'
import { errorOf } from '../../support/error-of.js'

const size = (n: number) => ({ pool: { size: n } })
const why = { rollout: everyone(), reason: 'a test' }

/** A board whose third release a later version wrote. */
async function prepared(change: object = {}) {
  const folder = await temporaryFolder()
  const first = fileStore(folder)
  const writer = createPublisher({ namespace: NAMESPACE, schema: anything, store: first })
  for (const n of [1, 2, 3]) await writer.publish(size(n), why)
  await writer.close()
  await first.close()

  const root = join(folder, 'public/v1', NAMESPACE)
  const [epoch = ''] = await readdir(join(root, 'releases'))
  const path = (sequence: number): string => join(root, 'releases', epoch, `${sequence}.json`)
  const release = async (sequence: number): Promise<Release> =>
    decodeRelease(await readFile(path(sequence))).release
  const digests = await Promise.all(
    [1, 2, 3].map(async sequence => (await release(sequence)).stable.variants[0].digest),
  )
  const later = canonicalize({ release: { ...(await release(3)), v: 2, ...change }, signatures: [] })
  for (const file of [path(3), join(root, 'release.json')]) await writeFile(file, later)
  const store = closeLater(fileStore(folder))
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store, retries: 0 })
  return { publisher, digests, release, later: Buffer.from(later) }
}

describe('a release of a format that this version does not read', () => {
  test.each([
    ['as this one writes it', {}, true],
    ['with an arm of another form', { stable: { everybody: 'x' } }, false],
    ['with members of another form', { issuedAt: 7, cause: null, rollout: [], prev: 1, withdrawn: {} }, true],
  ])('%s: a publish is refused, and a rollback leaves it behind', async (_, change, isNamed) => {
    const { publisher, digests, release, later } = await prepared(change)
    expect((await errorOf(publisher.publish(size(4), why))).code).toBe('unsupported')
    const back = await publisher.rollback({ reason: 'x' })
    expect([back.version, back.position.sequence, back.withdrawn]).toEqual([
      2,
      4,
      isNamed ? [digests[2]] : [],
    ])
    expect((await release(4)).prev).toBe(releaseDigest(systemHasher, later))
    expect((await publisher.publish(size(5), why)).version).toBe(5)
  })

  test('is left behind for a version that is named', async () => {
    const { publisher } = await prepared()
    expect((await publisher.rollback({ reason: 'x', to: 1 })).version).toBe(1)
  })

  test('keeps what it withdrew', async () => {
    const digest = (await prepared()).digests[1]!
    const { publisher } = await prepared({ withdrawn: [digest] })
    expect((await publisher.rollback({ reason: 'x' })).version).toBe(1)
  })

  test('does not stop an epoch, which goes on from it where it can and asks for a document where not', async () => {
    const { publisher, digests } = await prepared()
    expect(await publisher.openEpoch({ reason: 'x' })).toMatchObject({ digest: digests[2] })
    const other = await prepared({ stable: 7 })
    expect(await errorOf(other.publisher.openEpoch({ reason: 'x' }))).toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('pass { document }'),
    })
    expect((await other.publisher.openEpoch({ reason: 'x', document: size(9) })).position.sequence).toBe(1)
  })
})
