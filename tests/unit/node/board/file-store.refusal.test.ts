import { access, chmod, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import type { LogEntry } from '../../../../src/contracts/transport.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import {
  closeLater,
  digestOfRelease,
  EPOCH,
  NAMESPACE,
  never,
  nextOf,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { failing, interceptedDisk, unavailable } from '../../../support/disks.js'
import { scaled, SCALED_LIMIT_MS } from '../../../support/scale.js'

/** Of the steps at which a disk fails every so many is tried, from a drawn one on. */
const STRIDE = scaled({ share: 4, whole: 1 })

const firstStep = (): number => 1 + Math.floor(STRIDE * Math.random())

const open = async (options = {}) => {
  const folder = await temporaryFolder()
  return { folder, store: closeLater(fileStore(folder, options)) }
}

const filesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))

const first = { epoch: EPOCH, sequence: 1 }
const snapshot = snapshotOf({ size: 1 })

describe('fileStore refuses', () => {
  it('names that lead elsewhere, before it touches the disk', async () => {
    const { folder, store } = await open()
    for (const namespace of [
      '../x',
      'a/../b',
      '/etc',
      'a\\b',
      'a\0b',
      '%2e%2e',
      'Checkout',
      '',
      'a//b',
      'releases',
      'a/snapshots',
      'x.json',
      'a~b',
      'a/b/c/d/e',
    ]) {
      const query = { namespace, ...snapshot, at: first, after: first, maxSnapshotBytes: 10, states: [] }
      const calls: (() => Promise<unknown>)[] = [
        () => store.latest(query, never),
        () => store.next(query, never),
        () => store.snapshot(query, never),
        () => store.put(query, never),
        () => store.append(query, never),
        () => store.reports(query, never),
        () => store.schema(query, never),
        () => store.putSchema(query, never),
        () => store.remove(query, never),
        () => store.report([{ namespace } as never], never),
        async () => nextOf(store.history(query, never)[Symbol.asyncIterator]()),
        async () =>
          nextOf(store.watch({ namespaces: [namespace], inline: false }, never)[Symbol.asyncIterator]()),
      ]
      for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'invalid-option' })
    }
    expect(await readdir(folder)).toEqual([])
  })

  it('digests and positions that lead elsewhere', async () => {
    const { store } = await open()
    for (const digest of ['../../x', 'A'.repeat(64), 'a'.repeat(63), `${'a'.repeat(63)}/`]) {
      await expect(
        store.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 10 }, never),
      ).rejects.toMatchObject({ code: 'invalid-option' })
      await expect(
        store.put({ namespace: NAMESPACE, digest, bytes: snapshot.bytes }, never),
      ).rejects.toMatchObject({ code: 'invalid-option' })
      await expect(store.remove({ namespace: NAMESPACE, digest }, never)).rejects.toMatchObject({
        code: 'invalid-option',
      })
    }
    await expect(
      store.next({ namespace: NAMESPACE, after: { epoch: '../1', sequence: 1 } }, never),
    ).rejects.toMatchObject({ code: 'invalid-option' })
    await expect(
      store.next({ namespace: NAMESPACE, after: { epoch: EPOCH, sequence: 1.5 } }, never),
    ).rejects.toMatchObject({ code: 'invalid-option' })
  })

  it('options that make no sense, at once', () => {
    expect(() => fileStore('')).toThrow(/path of a folder/)
    expect(() => fileStore('a\0b')).toThrow(/path of a folder/)
    expect(() => fileStore('x', { pollIntervalMs: 0 })).toThrow(/pollIntervalMs/)
    expect(() => fileStore('x', { maxSnapshotBytes: Number.NaN })).toThrow(/maxSnapshotBytes/)
  })

  it('snapshots that are not what their digest says, or too large', async () => {
    const { store } = await open({ maxSnapshotBytes: 100 })
    await expect(
      store.put({ namespace: NAMESPACE, digest: snapshot.digest, bytes: encodeText('{"size":2}') }, never),
    ).rejects.toMatchObject({ code: 'digest-mismatch' })
    await expect(
      store.put({ namespace: NAMESPACE, ...snapshotOf('x'.repeat(200)) }, never),
    ).rejects.toMatchObject({ code: 'too-large' })
    await expect(
      store.putSchema({ namespace: NAMESPACE, bytes: new Uint8Array(200) }, never),
    ).rejects.toMatchObject({ code: 'too-large' })
  })

  it('releases that do not belong where they are appended', async () => {
    const { store } = await open()
    await publish(store, { size: 1 })
    const second = { epoch: EPOCH, sequence: 2 }
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    const prev = latest.type === 'release' ? digestOfRelease(latest.bytes) : null
    const cases: readonly (readonly [string, Uint8Array, Uint8Array?])[] = [
      ['invalid-data', encodeText('{}')],
      ['invalid-data', releaseOf(snapshot, { at: second, prev, namespace: 'other' })],
      ['invalid-data', releaseOf(snapshot, { at: { epoch: EPOCH, sequence: 3 }, prev })],
      ['invalid-data', releaseOf(snapshot, { at: { epoch: '1-00000000', sequence: 2 }, prev })],
      ['invalid-data', releaseOf(snapshot, { at: second, prev: null })],
      ['invalid-data', releaseOf(snapshot, { at: second, prev: 'f'.repeat(64) })],
      ['invalid-data', releaseOf(snapshotOf({ size: 9 }), { at: second, prev })],
      [
        'invalid-data',
        releaseOf({ digest: snapshot.digest, bytes: new Uint8Array(3) }, { at: second, prev }),
      ],
      [
        'digest-mismatch',
        releaseOf(snapshot, { at: second, prev, audit: 'f'.repeat(64) }),
        encodeText('{"v":1}'),
      ],
      ['digest-mismatch', releaseOf(snapshot, { at: second, prev }), encodeText('{"v":1}')],
      ['too-large', releaseOf(snapshot, { at: second, prev, audit: 'f'.repeat(64) }), new Uint8Array(65_537)],
    ]
    for (const [code, bytes, audit] of cases) {
      await expect(
        store.append({ namespace: NAMESPACE, at: second, bytes, audit }, never),
      ).rejects.toMatchObject({ code })
    }
    expect(
      await store.append(
        { namespace: NAMESPACE, at: second, bytes: releaseOf(snapshot, { at: second, prev }) },
        never,
      ),
    ).toBe('appended')
  })

  it('positions but the next one and the first of a higher epoch', async () => {
    const { store } = await open()
    await publish(store, { size: 1 }, { epoch: '3-00000003' })
    await publish(store, { size: 1 })
    for (const at of [
      { epoch: '3-00000003', sequence: 1 },
      { epoch: '3-00000003', sequence: 4 },
      { epoch: '3-00000004', sequence: 1 },
      { epoch: '2-00000003', sequence: 1 },
      { epoch: '4-00000003', sequence: 2 },
    ]) {
      expect(
        await store.append(
          { namespace: NAMESPACE, at, bytes: releaseOf(snapshot, { at, cause: 'rollback' }) },
          never,
        ),
      ).toBe('taken')
    }
    const at = { epoch: '9-00000009', sequence: 1 }
    expect(await store.append({ namespace: NAMESPACE, at, bytes: releaseOf(snapshot, { at }) }, never)).toBe(
      'appended',
    )
  })

  it('to forget a snapshot that is in use or young', async () => {
    let nowMs = Date.now()
    const { folder, store } = await open({
      system: {
        clock: { ...(await import('../../../../src/system/system.js')).systemClock, now: () => nowMs },
      },
    })
    await publish(store, { size: 1 })
    await publish(store, { size: 2 })
    const named = snapshotOf({ size: 2 })
    const kept = () => access(join(folder, 'public/v1', NAMESPACE, 'snapshots', `${snapshot.digest}.json`))
    await expect(store.remove({ namespace: NAMESPACE, digest: named.digest }, never)).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(
      store.remove({ namespace: NAMESPACE, digest: snapshot.digest }, never),
    ).rejects.toMatchObject({ code: 'forbidden' })
    await kept()
    nowMs += 3_700_000
    await store.remove({ namespace: NAMESPACE, digest: snapshot.digest }, never)
    await expect(kept()).rejects.toMatchObject({ code: 'ENOENT' })
    await store.remove({ namespace: NAMESPACE, digest: snapshot.digest }, never)
  })

  it('every call after it was closed, and closes twice', async () => {
    const { store } = await open()
    const deliveries = store.watch({ namespaces: [NAMESPACE], inline: false }, never)[Symbol.asyncIterator]()
    expect(await nextOf(deliveries)).toMatchObject({ type: 'alive' })
    const lost = deliveries.next()
    await store.close()
    await store.close()
    await expect(lost).rejects.toMatchObject({ code: 'closed' })
    await expect(store.latest({ namespace: NAMESPACE }, never)).rejects.toMatchObject({ code: 'closed' })
    await expect(publish(store, {})).rejects.toMatchObject({ code: 'closed' })
  })

  it('a call that was given up before it began', async () => {
    const { store } = await open()
    await expect(store.latest({ namespace: NAMESPACE }, AbortSignal.abort())).rejects.toMatchObject({
      code: 'closed',
    })
  })

  it('a file system without hard links, in words, when it is first written to', async () => {
    for (const code of ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'EXDEV', 'ENOSYS', 'EISDIR']) {
      const { store } = await open({
        fs: interceptedDisk(operation => void (operation === 'link' && failing(code))),
      })
      const error = await publish(store, { size: 1 }).catch((thrown: unknown) => thrown)
      expect(isNoticeboardError(error, 'unsupported')).toBe(true)
      expect((error as Error).message).toMatch(/hard links .*ext4/)
    }
  })

  it('with words that say what to do when the disk fails', async () => {
    for (const [system, code, words] of [
      ['ENOSPC', 'unavailable', /disk is full; free some space/],
      ['EDQUOT', 'unavailable', /quota/],
      ['EACCES', 'unavailable', /no permission/],
      ['EROFS', 'unavailable', /read-only/],
      ['EIO', 'unavailable', /check it/],
      ['EMFILE', 'unavailable', /ulimit/],
    ] as const) {
      let broken = false
      const { store } = await open({
        fs: interceptedDisk(operation => void (broken && operation === 'create' && failing(system))),
      })
      await publish(store, { size: 1 })
      broken = true
      const error = await publish(store, { size: 2 }).catch((thrown: unknown) => thrown)
      expect(isNoticeboardError(error, code)).toBe(true)
      expect((error as Error).message).toMatch(words)
      expect((error as Error).message).toContain(NAMESPACE)
      expect((await store.latest({ namespace: NAMESPACE }, never)).type).toBe('release')
      broken = false
      expect((await publish(store, { size: 2 })).at.sequence).toBe(2)
    }
  })

  it('a file in the place of the board, or of one of its folders', async () => {
    const parent = await temporaryFolder()
    await writeFile(join(parent, 'file'), '')
    const store = closeLater(fileStore(join(parent, 'file')))
    expect(await store.latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })
    await expect(publish(store, {})).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringMatching(/a file stands where a folder is expected/) as string,
    })

    const { folder, store: other } = await open()
    await mkdir(join(folder, 'public/v1/checkout'), { recursive: true })
    await writeFile(join(folder, 'public/v1/checkout/prod'), '')
    await expect(publish(other, {})).rejects.toMatchObject({ code: 'invalid-data' })
  })

  it('a folder in the place of a snapshot or the schema', async () => {
    const { folder, store } = await open()
    const base = join(folder, 'public/v1', NAMESPACE)
    await mkdir(join(base, 'snapshots', `${snapshot.digest}.json`), { recursive: true })
    await mkdir(join(base, 'schema.json'))
    await expect(store.put({ namespace: NAMESPACE, ...snapshot }, never)).rejects.toMatchObject({
      code: 'invalid-data',
    })
    await expect(
      store.snapshot({ namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 100 }, never),
    ).rejects.toMatchObject({ code: 'invalid-data' })
    await expect(store.schema({ namespace: NAMESPACE }, never)).rejects.toMatchObject({
      code: 'invalid-data',
    })
    await expect(
      store.putSchema({ namespace: NAMESPACE, bytes: encodeText('{}') }, never),
    ).rejects.toMatchObject({ code: 'invalid-data' })
  })

  // may be skipped: root is refused nothing
  it.skipIf(process.getuid?.() === 0)('a folder without permission, in words', async () => {
    const { folder, store } = await open()
    await chmod(folder, 0o500)
    await expect(publish(store, {})).rejects.toMatchObject({ code: 'unavailable' })
    await chmod(folder, 0o700)
  })
})

describe('a disk that fails once', () => {
  /**
   * Publishes twice with a failure before one operation of the second; then the same again without.
   */
  const failAt = async (step: number, code: string): Promise<boolean> => {
    let count = Number.NEGATIVE_INFINITY
    const { folder, store } = await open({
      fs: interceptedDisk(() => {
        count += 1
        if (count === step) failing(code)
      }),
    })
    const before = await publish(store, { size: 1 })
    const at = { epoch: EPOCH, sequence: 2 }
    const next = snapshotOf({ size: 2 })
    const audit = encodeText('{"reason":"more","v":1}')
    const bytes = releaseOf(next, {
      at,
      prev: digestOfRelease(before.bytes),
      audit: snapshotOf({ reason: 'more', v: 1 }).digest,
    })
    const attempt = async (on: FileStore): Promise<string> => {
      await on.put({ namespace: NAMESPACE, ...next }, never)
      return on.append({ namespace: NAMESPACE, at, bytes, audit }, never)
    }
    count = 0
    const outcome = await attempt(store).catch((error: unknown) => error)
    const reached = count >= step
    count = Number.NEGATIVE_INFINITY
    if (typeof outcome !== 'string') expect(isNoticeboardError(outcome, 'unavailable')).toBe(true)
    expect(await attempt(store)).toBe('appended')

    const again = closeLater(fileStore(folder, { owner: { tag: 'next', isGone: () => true } }))
    expect(await attempt(again)).toBe('appended')
    const entries: LogEntry[] = []
    for await (const entry of again.history({ namespace: NAMESPACE }, never)) entries.push(entry)
    expect(entries).toHaveLength(2)
    expect(entries[0]).toEqual({ bytes, audit })
    expect(new Uint8Array(await readFile(join(folder, 'public/v1', NAMESPACE, 'release.json')))).toEqual(
      bytes,
    )
    expect(
      (await filesIn(join(folder, 'private'))).filter(
        name => !/reserve$|noted\/.*\.file$|audit\/.*\/\d+\.json$/.test(name),
      ),
    ).toEqual([])
    return reached
  }

  for (const code of ['EIO', 'ENOENT']) {
    it(
      `with ${code} at each step of a publish leaves a board that takes the same release again`,
      async () => {
        let step = firstStep()
        while (await failAt(step, code)) step += STRIDE
        expect(step).toBeGreaterThan(20)
      },
      SCALED_LIMIT_MS,
    )
  }

  it.each([
    // What is only tidied up may stay.
    ['EIO', () => failing('EIO'), 'unavailable', ['remove', 'remove']],
    [
      'a bug',
      () => {
        throw new TypeError('no function')
      },
      'internal',
      [],
    ],
    ["an error of Node's own", () => failing('ERR_INVALID_ARG_TYPE'), 'internal', []],
  ] as const)(
    'with %s at each step of the first write says so, and the next write succeeds',
    async (_name, fail, code, silent) => {
      const kept: string[] = []
      let step = 0
      let reached = true
      while (reached) {
        step += 1
        const folder = await temporaryFolder()
        const temporary = join(folder, 'private/tmp')
        await mkdir(temporary, { recursive: true })
        await writeFile(join(temporary, 'gone.0123456789ab.file'), 'x')
        let count = 0
        let failedAt = ''
        const disk = interceptedDisk(operation => {
          count += 1
          if (count !== step) return
          failedAt = operation
          fail()
        })
        const store = closeLater(fileStore(folder, { fs: disk, owner: { tag: 'me', isGone: () => true } }))
        const put = (): Promise<void> => store.put({ namespace: NAMESPACE, ...snapshot }, never)
        const error = await put().catch((thrown: unknown) => thrown)
        reached = count >= step
        count = Number.NEGATIVE_INFINITY
        if (error !== undefined) expect(error).toMatchObject({ name: 'NoticeboardError', code })
        else if (reached) kept.push(failedAt)
        await put()
        expect(
          await store.snapshot(
            { namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 100 },
            never,
          ),
        ).toEqual(snapshot.bytes)
      }
      expect(kept).toEqual(silent)
      expect(step).toBeGreaterThan(15)
    },
  )
})

it('a release that cannot be read just now is no damage, and its place is not taken', async () => {
  let broken = false
  const { folder, store } = await open({
    fs: interceptedDisk((operation, path) => {
      if (broken && operation === 'read' && path.includes('releases')) unavailable()
    }),
  })
  const { at, bytes } = await publish(store, { size: 1 })
  broken = true
  await expect(store.append({ namespace: NAMESPACE, at, bytes }, never)).rejects.toMatchObject({
    code: 'unavailable',
  })
  const fresh = closeLater(
    fileStore(folder, { fs: interceptedDisk(operation => void (operation === 'read' && unavailable())) }),
  )
  await expect(fresh.latest({ namespace: NAMESPACE }, never)).rejects.toMatchObject({ code: 'unavailable' })
  broken = false
  expect(await store.append({ namespace: NAMESPACE, at, bytes }, never)).toBe('appended')
})

it('a release that somebody else put in place, and that the disk does not make durable, is no conflict', async () => {
  let broken = false
  const { folder, store } = await open({
    fs: interceptedDisk((operation, path) => {
      if (broken && operation === 'syncFolder' && path.includes('releases')) failing('EIO')
    }),
  })
  const before = await publish(store, { size: 1 })
  const other = closeLater(fileStore(folder))
  const theirs = await publish(other, { size: 2 })
  broken = true
  // A reader of this store sees the release before it, so a publisher that was told of a conflict
  // would try the same again.
  await store.put({ namespace: NAMESPACE, ...snapshotOf({ size: 3 }) }, never)
  const at = theirs.at
  const bytes = releaseOf(snapshotOf({ size: 3 }), { at, prev: digestOfRelease(before.bytes) })
  await expect(store.append({ namespace: NAMESPACE, at, bytes }, never)).rejects.toMatchObject({
    code: 'unavailable',
  })
  broken = false
  expect(await store.append({ namespace: NAMESPACE, at, bytes }, never)).toBe('taken')
})

describe('fileStore replaces', () => {
  it('a damaged snapshot, and leaves a whole one', async () => {
    const { folder, store } = await open()
    await publish(store, { size: 1 })
    const path = join(folder, 'public/v1', NAMESPACE, 'snapshots', `${snapshot.digest}.json`)
    const before = await stat(path)
    await store.put({ namespace: NAMESPACE, ...snapshot }, never)
    expect((await stat(path)).ino).toBe(before.ino)
    for (const damage of ['', '{"size":7}', 'x'.repeat(1000)]) {
      await writeFile(path, damage)
      await store.put({ namespace: NAMESPACE, ...snapshot }, never)
      expect(await readFile(path, 'utf8')).toBe('{"size":1}')
    }
    const loop = join(folder, 'public/v1', NAMESPACE, 'snapshots', `${snapshotOf({ size: 5 }).digest}.json`)
    await symlink(loop, loop)
    await store.put({ namespace: NAMESPACE, ...snapshotOf({ size: 5 }) }, never)
    expect(await readFile(loop, 'utf8')).toBe('{"size":5}')
  })

  it('temporary files of processes that are gone or older than an hour, and no others', async () => {
    const { folder, store } = await open({ owner: { tag: 'me', isGone: (tag: string) => tag === 'gone' } })
    const tmp = join(folder, 'private/tmp')
    await mkdir(tmp, { recursive: true })
    for (const name of [
      'gone.0123456789ab.file',
      'alive.0123456789ab.file',
      'me.0123456789ab.file',
      'alive.ba9876543210.file',
      'notes.txt',
    ])
      await writeFile(join(tmp, name), 'x')
    const anHourAgo = new Date(Date.now() - 61 * 60_000)
    await utimes(join(tmp, 'alive.ba9876543210.file'), anHourAgo, anHourAgo)
    await publish(store, { size: 1 })
    expect((await readdir(tmp)).sort()).toEqual([
      'alive.0123456789ab.file',
      'me.0123456789ab.file',
      'notes.txt',
    ])
  })
})

it('a release that lost its race is told so, and its audit record is gone', async () => {
  const { folder, store } = await open()
  const other = closeLater(fileStore(folder))
  await publish(store, { size: 1 })
  const audit = encodeText('{"reason":"mine","v":1}')
  const outcomes = await Promise.all(
    [store, other, store, other].map(
      async (one, index) => (await publish(one, { index }, { audit })).outcome,
    ),
  )
  expect(outcomes.filter(outcome => outcome === 'appended').length).toBeGreaterThanOrEqual(1)
  const appended = outcomes.filter(outcome => outcome === 'appended').length
  const latest = await store.latest({ namespace: NAMESPACE }, never)
  expect(latest.type === 'release' && decodeRelease(latest.bytes).release.sequence).toBe(1 + appended)
  const audits = join(folder, 'private/audit', NAMESPACE, EPOCH)
  expect((await readdir(audits)).filter(name => name !== 'new')).toHaveLength(appended)
  expect(await readdir(join(audits, 'new'))).toEqual([])
})
