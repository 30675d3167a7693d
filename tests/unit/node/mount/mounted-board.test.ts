import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemHasher } from '../../../../src/system/system.js'
import { decodeRelease, type Release } from '../../../../src/core/release/release.js'
import { boardManifest } from '../../../../src/kubernetes/index.js'
import { mountedBoard } from '../../../../src/node/index.js'
import { boardOnVolume } from '../../../../src/node/mount/mounted-board.js'
import { nodeFolderWatch } from '../../../../src/node/disk/folder-watch.js'
import { nodeVolumeDisk } from '../../../../src/node/mount/node-volume-disk.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { driven } from '../../../support/at-each-step.js'
import {
  EPOCH,
  NAMESPACE,
  never,
  nextOf,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { fakeKubelet, KUBELET_STEPS, mountPoint, type KubeletStep } from '../../../support/kubelet.js'

const MIB = 1_048_576

/** The values of a board at the given sequence, whose document says it as well. */
function boardAt(sequence: number, more: Partial<Release> = {}): Record<string, string> {
  const snapshot = snapshotOf({ sequence })
  const release = releaseOf(snapshot, { at: { epoch: EPOCH, sequence }, ...more })
  return { ...boardManifest({ release, snapshots: [snapshot] }, { hasher: systemHasher }).data }
}

const sequenceOf = (bytes: Uint8Array): number => decodeRelease(bytes).release.sequence

describe('a mounted board', () => {
  test('answers what stands in the volume, and `unchanged` to the tag of the same generation', async () => {
    const folder = await mountPoint(await temporaryFolder())
    const kubelet = fakeKubelet(folder)
    const board = mountedBoard(folder)
    await kubelet.write(boardAt(1))

    const first = await board.latest({ namespace: NAMESPACE }, never)
    if (first.type !== 'release') throw new Error('there is a release')
    expect(sequenceOf(first.bytes)).toBe(1)
    expect(await board.latest({ namespace: NAMESPACE, tag: first.tag }, never)).toEqual({ type: 'unchanged' })
    expect(await board.latest({ namespace: 'billing/prod', tag: undefined }, never)).toEqual({ type: 'none' })
    const { digest, bytes } = snapshotOf({ sequence: 1 })
    const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: MIB }
    expect(await board.snapshot(query, never)).toEqual(bytes)

    await kubelet.write(boardAt(2))
    const second = await board.latest({ namespace: NAMESPACE, tag: first.tag }, never)
    expect(second.type === 'release' && sequenceOf(second.bytes)).toBe(2)
    await expect(board.snapshot(query, never)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('is `none` where the ConfigMap is optional and not there', async () => {
    const folder = await mountPoint(await temporaryFolder())
    await fakeKubelet(folder).write({})
    expect(await mountedBoard(folder).latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })
  })

  test('reads `..data` and never the links of single keys, which are made later', async () => {
    const folder = await mountPoint(await temporaryFolder())
    await fakeKubelet(folder).write(boardAt(1))
    for (const key of Object.keys(boardAt(1))) await rm(join(folder, key))
    expect(await mountedBoard(folder).latest({ namespace: NAMESPACE }, never)).toMatchObject({
      type: 'release',
    })
  })

  test.each<[string, (folder: string) => Promise<string>]>([
    [
      'of a folder whose files were mounted with subPath',
      async folder => {
        for (const [key, value] of Object.entries(boardAt(1))) await writeFile(join(folder, key), value)
        return folder
      },
    ],
    [
      'of one key that was mounted with subPath',
      async folder => {
        await writeFile(join(folder, 'release.json'), '{}')
        return join(folder, 'release.json')
      },
    ],
    [
      'of ..data itself',
      async folder => {
        await fakeKubelet(folder).write(boardAt(1))
        return join(folder, '..data')
      },
    ],
    [
      'of a folder in which ..data is no link',
      async folder => {
        await mkdir(join(folder, '..data'))
        return folder
      },
    ],
  ])('%s, every call says that it never changes and what to mount', async (_, prepare) => {
    const board = mountedBoard(await prepare(await mountPoint(await temporaryFolder())))
    const refusal = { code: 'unsupported', message: expect.stringMatching(/subPath.*mountPath/) }
    await expect(board.latest({ namespace: NAMESPACE }, never)).rejects.toMatchObject(refusal)
    const { digest } = snapshotOf({})
    await expect(
      board.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: MIB }, never),
    ).rejects.toMatchObject(refusal)
    const watch = board.watch({ namespaces: [NAMESPACE], inline: false }, never)[Symbol.asyncIterator]()
    await expect(watch.next()).rejects.toMatchObject(refusal)
  })

  test('is unavailable while there is no folder, and works once it is mounted', async () => {
    const parent = await temporaryFolder()
    const board = mountedBoard(join(parent, 'etc-config'))
    await expect(board.latest({ namespace: NAMESPACE }, never)).rejects.toMatchObject({ code: 'unavailable' })
    await fakeKubelet(await mountPoint(parent)).write(boardAt(1))
    expect(await board.latest({ namespace: NAMESPACE }, never)).toMatchObject({ type: 'release' })
  })

  test('gives up on a volume that changes whenever it is read', async () => {
    let generation = 0
    const disk = {
      ...nodeVolumeDisk(),
      readLink: async () => `..${(generation += 1)}`,
      read: async () => undefined,
    }
    const board = boardOnVolume('/etc/config', {}, { disk, folderWatch: undefined })
    await expect(board.latest({ namespace: NAMESPACE }, never)).rejects.toMatchObject({ code: 'unavailable' })
    expect(generation).toBeLessThan(20)
  })
})

describe('while the kubelet swaps the volume', () => {
  test('a read at each of its steps gives the old generation or the new one, whole', async () => {
    const folder = await mountPoint(await temporaryFolder())
    const kubelet = fakeKubelet(folder)
    const board = mountedBoard(folder)
    await kubelet.write(boardAt(1))
    const seen: [KubeletStep, number][] = []
    await kubelet.write(boardAt(2), async step => {
      const latest = await board.latest({ namespace: NAMESPACE }, never)
      if (latest.type !== 'release') throw new Error(`${latest.type} once ${step}`)
      const sequence = sequenceOf(latest.bytes)
      const { digest, bytes } = snapshotOf({ sequence })
      const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: MIB }
      expect(await board.snapshot(query, never)).toEqual(bytes)
      seen.push([step, sequence])
    })
    expect(seen).toEqual(KUBELET_STEPS.map((step, index) => [step, index < 4 ? 1 : 2]))
  })

  test.each(['readLink', 'read'] as const)(
    'a read whose %s the swap falls into, before it and after it, answers whole at each step',
    async method => {
      for (const when of ['before', 'after'] as const)
        for (const until of KUBELET_STEPS) {
          const folder = await mountPoint(await temporaryFolder())
          const kubelet = fakeKubelet(folder)
          await kubelet.write(boardAt(1))
          const within = nodeVolumeDisk()
          let swapping: Promise<void> | undefined
          let finish = (): void => {}
          /** Lets the kubelet come so far, and stop there until the read is over. */
          const swap = async (): Promise<void> => {
            if (swapping !== undefined) return
            const over = new Promise<void>(resolve => (finish = resolve))
            await new Promise<void>(reached => {
              swapping = kubelet.write(boardAt(2), async step => {
                if (step !== until) return
                reached()
                await over
              })
            })
          }
          const disk = {
            ...within,
            async [method](path: string, maxBytes: number) {
              if (when === 'before') await swap()
              const answer = await (within[method] as (...args: unknown[]) => Promise<unknown>)(
                path,
                maxBytes,
              )
              if (when === 'after') await swap()
              return answer as never
            },
          }
          const board = boardOnVolume(folder, {}, { disk, folderWatch: undefined })
          const latest = await board.latest({ namespace: NAMESPACE }, never)
          expect(latest, `${method}, ${when}, ${until}`).toMatchObject({ type: 'release' })
          finish()
          await swapping
        }
    },
  )

  test('a watch never tells of namespaces from two generations', async () => {
    const other = 'billing/prod'
    const both = (sequence: number): Record<string, string> => ({
      ...boardAt(sequence),
      ...boardAt(sequence, { namespace: other }),
    })
    const folder = await mountPoint(await temporaryFolder())
    const kubelet = fakeKubelet(folder)
    await kubelet.write(both(1))
    const within = nodeVolumeDisk()
    let reads = 0
    const disk = {
      ...within,
      async read(path: string, maxBytes: number) {
        reads += 1
        // Between the first namespace and the second.
        if (reads === 2) await kubelet.write(both(2))
        return within.read(path, maxBytes)
      },
    }
    const board = boardOnVolume(folder, {}, { disk, folderWatch: undefined })
    const own = new AbortController()
    const told: number[] = []
    for await (const delivery of board.watch({ namespaces: [NAMESPACE, other], inline: false }, own.signal)) {
      if (delivery.type === 'release') told.push(sequenceOf(delivery.bytes))
      if (told.length === 2) own.abort()
    }
    expect(told).toEqual([2, 2])
  })
})

describe('a watch of a mounted board', () => {
  test('tells of each generation by its poll alone, and of nothing that went back', async () => {
    const clock = virtualClock()
    const folder = await mountPoint(await temporaryFolder())
    const kubelet = fakeKubelet(folder)
    const tools = { disk: nodeVolumeDisk(), folderWatch: undefined }
    const board = boardOnVolume(folder, { system: { clock } }, tools)
    const own = new AbortController()
    const watch = board.watch({ namespaces: [NAMESPACE], inline: false }, own.signal)[Symbol.asyncIterator]()
    const next = () => driven(clock, nextOf(watch), { readsDisk: true })
    await kubelet.write({})
    expect(await next()).toMatchObject({ type: 'alive' })
    for (const sequence of [1, 4]) {
      await kubelet.write(boardAt(sequence))
      // The time that a kubelet takes: its sync period, and its cache.
      const delivery = await next()
      expect(delivery.type === 'release' && sequenceOf(delivery.bytes)).toBe(sequence)
    }
    await kubelet.write(boardAt(3))
    expect(await next()).toMatchObject({ type: 'alive', heartbeatMs: 8_000 })
    own.abort()
    expect(await watch.next()).toMatchObject({ done: true })
    expect(clock.pending).toBe(0)
  })

  test('hears of a swap from the system, without a poll', async () => {
    const folder = await mountPoint(await temporaryFolder())
    const kubelet = fakeKubelet(folder)
    await kubelet.write(boardAt(1))
    // Time stands still, so nothing but the system can tell.
    const system = { clock: virtualClock() }
    const tools = { disk: nodeVolumeDisk(), folderWatch: nodeFolderWatch }
    const board = boardOnVolume(folder, { system }, tools)
    const own = new AbortController()
    const told: number[] = []
    for await (const delivery of board.watch({ namespaces: [NAMESPACE], inline: false }, own.signal)) {
      if (delivery.type !== 'release') continue
      told.push(sequenceOf(delivery.bytes))
      if (told.length === 1) await kubelet.write(boardAt(2))
      else own.abort()
    }
    expect(told).toEqual([1, 2])
  })

  test('is lost with its folder', async () => {
    const clock = virtualClock()
    const folder = await mountPoint(await temporaryFolder())
    await fakeKubelet(folder).write(boardAt(1))
    const board = boardOnVolume(
      folder,
      { system: { clock } },
      { disk: nodeVolumeDisk(), folderWatch: undefined },
    )
    const watch = board.watch({ namespaces: [NAMESPACE], inline: false }, never)[Symbol.asyncIterator]()
    await nextOf(watch)
    await rm(folder, { recursive: true })
    await expect(driven(clock, nextOf(watch), { readsDisk: true })).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(clock.pending).toBe(0)
  })

  test('follows a folder that is itself reached by a link', async () => {
    const parent = await temporaryFolder()
    const folder = await mountPoint(parent)
    await fakeKubelet(folder).write(boardAt(1))
    await symlink(folder, join(parent, 'link'))
    expect(await mountedBoard(join(parent, 'link')).latest({ namespace: NAMESPACE }, never)).toMatchObject({
      type: 'release',
    })
  })
})
