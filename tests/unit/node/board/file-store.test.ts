import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import { systemHasher } from '../../../../src/system/system.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import {
  closeLater,
  EPOCH,
  NAMESPACE,
  never,
  nextOf,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'

const open = async () => {
  const folder = await temporaryFolder()
  return { folder, store: closeLater(fileStore(folder)) }
}

describe('fileStore', () => {
  it('has nothing at first, and then what was published', async () => {
    const { store } = await open()
    expect(await store.latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })
    const { bytes } = await publish(store, { pool: { size: 10 } })
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    expect(latest).toMatchObject({ type: 'release', bytes })
    expect(
      await store.latest(
        { namespace: NAMESPACE, tag: latest.type === 'release' ? latest.tag : undefined },
        never,
      ),
    ).toEqual({ type: 'unchanged' })
    const { digest, bytes: document } = snapshotOf({ pool: { size: 10 } })
    expect(await store.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1000 }, never)).toEqual(
      document,
    )
  })

  it('touches nothing before the first call', async () => {
    const folder = join(await temporaryFolder(), 'board')
    const store = fileStore(folder)
    await store.close()
    await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('lays the board out as the formats say', async () => {
    const { folder, store } = await open()
    const audit = encodeText('{"reason":"more","v":1}')
    await publish(store, { a: 1 }, { audit })
    const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter(entry => entry.isFile())
      .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .sort()
    const { digest } = snapshotOf({ a: 1 })
    const noted = digestOf(systemHasher, encodeText(NAMESPACE)).slice(0, 32)
    const isNote = (name: string) => /^private\/noted\/[0-9a-f]{32}\.\d+\.[^/]*$/.test(name)
    expect(names.map(name => (isNote(name) ? name.slice(0, 46) : name))).toEqual([
      `private/audit/${NAMESPACE}/${EPOCH}/1.json`,
      `private/noted/${noted}`,
      'private/reserve',
      `public/v1/${NAMESPACE}/release.json`,
      `public/v1/${NAMESPACE}/releases/${EPOCH}/1.json`,
      `public/v1/${NAMESPACE}/snapshots/${digest}.json`,
    ])
    const mode = async (path: string) => ((await stat(join(folder, path))).mode & 0o777).toString(8)
    expect(await mode(`public/v1/${NAMESPACE}/release.json`)).toBe('644')
    expect(await mode('public/v1')).toBe('755')
    expect(await mode('.')).toBe('700')
    expect(await mode('private')).toBe('700')
    expect(await mode(`private/audit/${NAMESPACE}/${EPOCH}/1.json`)).toBe('600')
  })

  it('takes one release at a position, and the same one again', async () => {
    const { store } = await open()
    const { at, bytes } = await publish(store, { a: 1 })
    expect(await store.append({ namespace: NAMESPACE, at, bytes }, never)).toBe('appended')
    const other = releaseOf(snapshotOf({ a: 1 }), { at, cause: 'rollback' })
    expect(await store.append({ namespace: NAMESPACE, at, bytes: other }, never)).toBe('taken')
    expect(
      await store.append(
        {
          namespace: NAMESPACE,
          at: { epoch: EPOCH, sequence: 3 },
          bytes: releaseOf(snapshotOf({ a: 1 }), { at: { epoch: EPOCH, sequence: 3 } }),
        },
        never,
      ),
    ).toBe('taken')
  })

  it('tells its log newest first, across epochs', async () => {
    const { store } = await open()
    for (const size of [1, 2, 3]) await publish(store, { size })
    await publish(store, { size: 4 }, { epoch: '2-00000001' })
    await publish(store, { size: 5 })
    const positions: string[] = []
    for await (const entry of store.history({ namespace: NAMESPACE }, never)) {
      const { epoch, sequence } = decodeRelease(entry.bytes).release
      positions.push(`${epoch}:${sequence}`)
    }
    expect(positions).toEqual(['2-00000001:2', '2-00000001:1', `${EPOCH}:3`, `${EPOCH}:2`, `${EPOCH}:1`])
  })

  it('gives the first release of an epoch to who asks from before it', async () => {
    const { store } = await open()
    const first = await publish(store, { a: 1 })
    await publish(store, { a: 2 })
    const answer = await store.next(
      { namespace: NAMESPACE, after: { epoch: EPOCH, sequence: 0 } },
      new AbortController().signal,
    )
    expect(answer).toMatchObject({ type: 'release', bytes: first.bytes })
  })

  it('follows what other processes append', async () => {
    const { folder, store } = await open()
    const other = closeLater(fileStore(folder))
    const first = await publish(store, { a: 1 })
    const abort = new AbortController()
    const deliveries = other
      .watch({ namespaces: [NAMESPACE], inline: false }, abort.signal)
      [Symbol.asyncIterator]()
    expect(await nextOf(deliveries)).toEqual({ type: 'release', namespace: NAMESPACE, bytes: first.bytes })
    const second = await publish(store, { a: 2 })
    expect(await nextOf(deliveries)).toEqual({ type: 'release', namespace: NAMESPACE, bytes: second.bytes })
    const end = deliveries.next()
    abort.abort()
    expect(await end).toEqual({ done: true, value: undefined })
  })

  it('moves the pointer with each release, a whole second on each time', async () => {
    const { folder, store } = await open()
    const published = join(folder, 'public/v1', NAMESPACE)
    const pointer = join(published, 'release.json')
    const pointers: number[] = []
    const releases: number[] = []
    for (const size of [1, 2, 3]) {
      const { at, bytes } = await publish(store, { size })
      expect(new Uint8Array(await readFile(pointer))).toEqual(bytes)
      pointers.push((await stat(pointer)).mtimeMs / 1000)
      const release = join(published, 'releases', at.epoch, `${at.sequence}.json`)
      releases.push((await stat(release)).mtimeMs / 1000)
    }
    for (const times of [pointers, releases]) {
      expect(times.every(Number.isInteger)).toBe(true)
      expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(1)
      expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(1)
    }
  })
})
