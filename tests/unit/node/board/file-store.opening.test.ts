import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Position } from '../../../../src/contracts/position.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { systemHasher } from '../../../../src/system/system.js'
import { toHex } from '../../../../src/core/release/digest.js'
import { encodeText } from '../../../../src/core/json/text.js'
import {
  closeLater,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { interceptedDisk } from '../../../support/disks.js'
import { scaled, SCALED_LIMIT_MS } from '../../../support/scale.js'

const epochOf = (number: number, seed: string): string =>
  `${number}-${toHex(systemHasher.sha256(encodeText(seed))).slice(0, 8)}`
const snapshot = snapshotOf({ size: 1 })

/** The epochs that hold a release. */
const opened = async (folder: string): Promise<readonly string[]> => {
  const releases = join(folder, 'public/v1', NAMESPACE, 'releases')
  const found: string[] = []
  for (const epoch of await readdir(releases))
    if ((await readdir(join(releases, epoch))).length > 0) found.push(epoch)
  return found
}

describe('epochs that are opened at the same time', () => {
  it(
    'never share a number: one opener wins, however their steps interleave',
    { timeout: SCALED_LIMIT_MS },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.integer({ min: 2, max: 4 }),
          fc.boolean(),
          async (scheduler, openers, onEmpty) => {
            const folder = await temporaryFolder()
            const number = onEmpty ? 1 : 2
            const setUp = closeLater(fileStore(folder))
            if (!onEmpty) await publish(setUp, { size: 1 })
            await setUp.put({ namespace: NAMESPACE, ...snapshot }, never)
            const appends = Array.from({ length: openers }, (_, index) => {
              const disk = interceptedDisk(async (operation, path) => {
                await scheduler.schedule(
                  Promise.resolve(),
                  `${index} ${operation} ${path.slice(folder.length)}`,
                )
              })
              const store = closeLater(
                fileStore(folder, { fs: disk, owner: { tag: `opener-${index}`, isGone: () => false } }),
              )
              const at = { epoch: epochOf(number, `${index}`), sequence: 1 }
              return store.append({ namespace: NAMESPACE, at, bytes: releaseOf(snapshot, { at }) }, never)
            })
            const outcomes = await scheduler.waitFor(Promise.all(appends))
            expect(outcomes.filter(outcome => outcome === 'appended')).toHaveLength(1)
            const winner = epochOf(number, `${outcomes.indexOf('appended')}`)
            expect((await opened(folder)).filter(epoch => epoch.startsWith(`${number}-`))).toEqual([winner])
            expect(await readdir(join(folder, 'private/epochs', NAMESPACE))).toEqual([])
            const fresh = closeLater(fileStore(folder))
            expect((await publish(fresh, { size: 2 })).at).toEqual({ epoch: winner, sequence: 2 })
          },
        ),
        { numRuns: scaled({ share: 20, whole: 300 }) },
      )
    },
  )

  it('a number whose taker died is used by its release, and the next opener goes on from there', async () => {
    const folder = await temporaryFolder()
    const store = closeLater(fileStore(folder))
    await store.put({ namespace: NAMESPACE, ...snapshot }, never)
    const dead = { epoch: '1-dddddddd', sequence: 1 }
    await mkdir(join(folder, 'private/epochs', NAMESPACE), { recursive: true })
    await writeFile(join(folder, 'private/epochs', NAMESPACE, '1.json'), releaseOf(snapshot, { at: dead }))
    const at = { epoch: '1-aaaaaaaa', sequence: 1 }
    expect(await store.append({ namespace: NAMESPACE, at, bytes: releaseOf(snapshot, { at }) }, never)).toBe(
      'taken',
    )
    expect(await opened(folder)).toEqual(['1-dddddddd'])
    expect((await publish(store, { size: 2 })).at).toEqual({ epoch: '1-dddddddd', sequence: 2 })
    expect(await readdir(join(folder, 'private/epochs', NAMESPACE))).toEqual([])
  })

  it('a number that was used and given up while an opener looked away is not used again', async () => {
    const folder = await temporaryFolder()
    const winner = closeLater(fileStore(folder))
    await winner.put({ namespace: NAMESPACE, ...snapshot }, never)
    const [won, lost] = ['1-aaaaaaaa', '1-bbbbbbbb'].map(epoch => ({ epoch, sequence: 1 })) as [
      Position,
      Position,
    ]
    let stolen: string | undefined
    const disk = interceptedDisk(async (operation, _, to) => {
      if (operation !== 'link' || stolen !== undefined || to?.includes('/private/epochs/') !== true) return
      stolen = 'begun'
      stolen = await winner.append(
        { namespace: NAMESPACE, at: won, bytes: releaseOf(snapshot, { at: won }) },
        never,
      )
    })
    const loser = closeLater(fileStore(folder, { fs: disk }))
    expect(
      await loser.append({ namespace: NAMESPACE, at: lost, bytes: releaseOf(snapshot, { at: lost }) }, never),
    ).toBe('taken')
    expect(stolen).toBe('appended')
    expect(await opened(folder)).toEqual([won.epoch])
    expect(await readdir(join(folder, 'private/epochs', NAMESPACE))).toEqual([])
  })

  it('what stands for a number and is no first release is put away', async () => {
    for (const text of [
      '',
      '{"release":',
      new TextDecoder().decode(releaseOf(snapshot, { at: { epoch: '2-dddddddd', sequence: 1 } })),
    ]) {
      const folder = await temporaryFolder()
      const store = closeLater(fileStore(folder))
      await mkdir(join(folder, 'private/epochs', NAMESPACE), { recursive: true })
      await writeFile(join(folder, 'private/epochs', NAMESPACE, '1.json'), text)
      const { outcome } = await publish(store, { size: 1 })
      expect(outcome === 'appended' || (await publish(store, { size: 1 })).outcome === 'appended').toBe(true)
    }
  })
})

describe('appends that race at one position', () => {
  it('are won by exactly one, however their steps interleave', { timeout: SCALED_LIMIT_MS }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), async (scheduler, writers) => {
        const folder = await temporaryFolder()
        const first = await publish(closeLater(fileStore(folder)), { size: 1 })
        const at = { epoch: first.at.epoch, sequence: 2 }
        const { digestOfRelease } = await import('../../../support/board-kit.js')
        const appends = Array.from({ length: writers }, (_, index) => {
          const disk = interceptedDisk(async (operation, path) => {
            await scheduler.schedule(Promise.resolve(), `${index} ${operation} ${path.slice(folder.length)}`)
          })
          const store = closeLater(
            fileStore(folder, { fs: disk, owner: { tag: `writer-${index}`, isGone: () => false } }),
          )
          return store.append(
            {
              namespace: NAMESPACE,
              at,
              bytes: releaseOf(snapshot, {
                at,
                prev: digestOfRelease(first.bytes),
                cause: `writer ${index}`,
              }),
            },
            never,
          )
        })
        const outcomes = await scheduler.waitFor(Promise.all(appends))
        expect(outcomes.filter(outcome => outcome === 'appended')).toHaveLength(1)
        const latest = await closeLater(fileStore(folder)).latest({ namespace: NAMESPACE }, never)
        const text = latest.type === 'release' ? new TextDecoder().decode(latest.bytes) : ''
        expect(text).toContain(`"writer ${outcomes.indexOf('appended')}"`)
      }),
      { numRuns: scaled({ share: 20, whole: 300 }) },
    )
  })
})
