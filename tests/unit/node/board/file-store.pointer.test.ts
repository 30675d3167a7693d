import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { createBoard } from '../../../../src/node/board/board.js'
import { boardLog } from '../../../../src/node/board/log.js'
import { boardPointer } from '../../../../src/node/board/pointer.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { systemClock, systemHasher, systemRandom } from '../../../../src/system/system.js'
import { closeLater, NAMESPACE, publish, temporaryFolder } from '../../../support/board-kit.js'
import { failing, interceptedDisk } from '../../../support/disks.js'
import { scaled, SCALED_LIMIT_MS } from '../../../support/scale.js'

it('a pointer that is overtaken while it is written ends at the newest release, and each release had a time of its own', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  const other = closeLater(fileStore(folder))
  const first = await publish(other, { size: 1 })
  const seen: { readonly time: number; readonly content: string }[] = []
  const look = async (path: string): Promise<void> => {
    seen.push({ time: (await stat(path)).mtimeMs, content: await readFile(path, 'utf8') })
  }
  await look(pointer)

  let overtaken = 0
  const disk = interceptedDisk(async (operation, path, to) => {
    if (operation !== 'rename' || to !== pointer) return
    overtaken += 1
    // Between this writer's look at the log and its rename another one publishes twice and moves
    // the pointer.
    for (const round of overtaken === 1 ? [1, 2] : []) {
      await publish(other, { round })
      await look(pointer)
    }
    await look(path)
  })
  const overtakenStore = closeLater(fileStore(folder, { fs: disk }))
  const mine = await publish(overtakenStore, { size: 2 })

  expect(mine.at.sequence).toBe(first.at.sequence + 1)
  expect(overtaken).toBe(2)
  const newest = join(folder, 'public/v1', NAMESPACE, 'releases', first.at.epoch, '4.json')
  expect(await readFile(pointer, 'utf8')).toBe(await readFile(newest, 'utf8'))
  const contentAt = new Map<number, string>()
  for (const { time, content } of seen) {
    expect(time % 1000).toBe(0)
    expect(contentAt.get(time) ?? content).toBe(content)
    contentAt.set(time, content)
  }
  expect(new Set(contentAt.values()).size).toBe(4)
})

it('a pointer that somebody put back follows the log again when the board is asked a minute later, and not with each question', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  let laterMs = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + laterMs }
  let looks = 0
  const disk = interceptedDisk((operation, path) => {
    if (operation === 'stat' && path === pointer) looks += 1
  })
  const store = closeLater(fileStore(folder, { fs: disk, system: { clock } }))
  await publish(store, { size: 1 })
  const older = await readFile(pointer)
  const { at } = await publish(store, { size: 2 })
  const never = new AbortController().signal
  const ask = () => store.latest({ namespace: NAMESPACE }, never)
  const sequence = async (): Promise<unknown> => JSON.parse(await readFile(pointer, 'utf8')).release.sequence
  await ask()
  await ask()
  await writeFile(pointer, older)
  looks = 0
  for (let times = 0; times < 5; times += 1) await ask()
  expect([await sequence(), looks]).toEqual([1, 0])
  laterMs = 60_000
  await ask()
  expect(await sequence()).toBe(at.sequence)
})

it.each([
  ['the store that appended', false],
  ['one that was opened while it was broken', true],
])(
  'a pointer that a broken disk held back follows with the next read of %s',
  async (_store, opensAnother) => {
    const folder = await temporaryFolder()
    const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
    let broken = false
    const disk = interceptedDisk((operation, _path, to) => {
      if (broken && operation === 'rename' && to === pointer) failing('EIO')
    })
    const store = closeLater(fileStore(folder, { fs: disk }))
    await publish(store, { size: 1 })
    broken = true
    const { at, bytes } = await publish(store, { size: 2 })
    const never = new AbortController().signal
    const reader = opensAnother ? closeLater(fileStore(folder, { fs: disk })) : store
    // Whoever reads the board itself has it at once.
    expect(await reader.latest({ namespace: NAMESPACE }, never)).toMatchObject({ type: 'release', bytes })
    expect(JSON.parse(await readFile(pointer, 'utf8'))).toMatchObject({ release: { sequence: 1 } })
    broken = false
    await reader.latest({ namespace: NAMESPACE }, never)
    expect(JSON.parse(await readFile(pointer, 'utf8'))).toMatchObject({ release: { sequence: at.sequence } })
  },
)

it(
  'what a pointer names has a second of its own, in whatever order two repairs come to the disk',
  { timeout: SCALED_LIMIT_MS },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.nat({ max: 10 }), async (scheduler, late) => {
        const folder = await temporaryFolder()
        const path = join(folder, 'public/v1', NAMESPACE, 'release.json')
        await publish(closeLater(fileStore(folder)), { size: 1 })
        const written = new Map<number, Set<string>>()
        // For the look at the log, which begins at the pointer of a long one, and for the repair
        // itself.
        let unreadable = 2
        const disk = interceptedDisk(async (operation, from, to) => {
          await scheduler.schedule(Promise.resolve(), `${operation} ${from.slice(folder.length)}`)
          if (unreadable > 0 && operation === 'read' && from === path) {
            unreadable -= 1
            failing('EISDIR')
          }
          if (operation !== 'rename' || to !== path) return
          const [time, content] = [(await stat(from)).mtimeMs, await readFile(from, 'utf8')]
          written.set(time, (written.get(time) ?? new Set()).add(content))
        })
        const owner = { tag: 'me', isGone: () => false }
        const board = createBoard(folder, {
          fs: disk,
          clock: systemClock,
          random: systemRandom,
          hasher: systemHasher,
          owner,
          logger: undefined,
        })
        const pointer = boardPointer(board, boardLog(board))
        const withoutPointer = interceptedDisk((operation, _from, to) => {
          if (operation === 'rename' && to === path) failing('EIO')
        })
        const first = pointer.repair(NAMESPACE)
        for (let step = 0; step < late; step += 1) {
          // The real disk answers in its own time.
          while (scheduler.count() === 0) await new Promise(resolve => setImmediate(resolve))
          await scheduler.waitOne()
        }
        await publish(closeLater(fileStore(folder, { fs: withoutPointer })), { size: 2 })
        await scheduler.waitFor(Promise.all([first, pointer.repair(NAMESPACE)]))
        for (const contents of written.values()) expect(contents.size).toBe(1)
        expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ release: { sequence: 2 } })
      }),
      { numRuns: scaled({ share: 20, whole: 300 }) },
    )
  },
)

it('a pointer whose writer died follows with the second read of one that was open all the while', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  const disk = interceptedDisk((operation, _path, to) => {
    if (operation === 'rename' && to === pointer) failing('EIO')
  })
  const reader = closeLater(fileStore(folder))
  await publish(reader, { size: 1 })
  const never = new AbortController().signal
  const read = async (): Promise<unknown> => {
    await reader.latest({ namespace: NAMESPACE }, never)
    return JSON.parse(await readFile(pointer, 'utf8'))
  }
  await read()
  await publish(closeLater(fileStore(folder, { fs: disk })), { size: 2 })
  expect(await read()).toMatchObject({ release: { sequence: 1 } })
  expect(await read()).toMatchObject({ release: { sequence: 2 } })
})

it('a pointer that cannot be read is not written from a log whose end cannot be read either', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  await publish(closeLater(fileStore(folder)), { size: 1 })
  const { at, bytes } = await publish(closeLater(fileStore(folder)), { size: 2 })
  let unreadable = [pointer, join(folder, 'public/v1', NAMESPACE, 'releases', at.epoch, '2.json')]
  const disk = interceptedDisk((operation, path) => {
    if (operation === 'read' && unreadable.includes(path)) failing('EISDIR')
  })
  const store = closeLater(fileStore(folder, { fs: disk }))
  const never = new AbortController().signal
  expect(await store.latest({ namespace: NAMESPACE }, never)).toMatchObject({
    tag: expect.stringContaining(':1-'),
  })
  expect(new Uint8Array(await readFile(pointer))).toEqual(bytes)
  unreadable = []
  expect(await store.latest({ namespace: NAMESPACE }, never)).toMatchObject({ bytes })
})

it('a release whose folder the disk could not make durable is told to nobody until it can', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  const writer = closeLater(fileStore(folder))
  const { at: first } = await publish(writer, { size: 1 })
  const releases = join(folder, 'public/v1', NAMESPACE, 'releases', first.epoch)
  let broken = false
  const disk = interceptedDisk((operation, path) => {
    if (broken && operation === 'syncFolder' && path === releases) failing('EIO')
  })
  const reader = closeLater(fileStore(folder, { fs: disk }))
  const never = new AbortController().signal
  const sequence = async (): Promise<number> => {
    const latest = await reader.latest({ namespace: NAMESPACE }, never)
    if (latest.type !== 'release') throw new Error(latest.type)
    return (JSON.parse(new TextDecoder().decode(latest.bytes)) as { release: { sequence: number } }).release
      .sequence
  }
  expect(await sequence()).toBe(1)

  broken = true
  const { bytes } = await publish(writer, { size: 2 })
  // The power may still take it, and give its place to another one.
  expect(await sequence()).toBe(1)
  expect(await reader.next({ namespace: NAMESPACE, after: first }, never)).toEqual({ type: 'none' })
  broken = false
  expect(await sequence()).toBe(2)
  expect(await readFile(pointer)).toEqual(Buffer.from(bytes))
})

it('a pointer that its writer could not move follows with a poll of whoever watches', async () => {
  const folder = await temporaryFolder()
  const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
  const watcher = closeLater(fileStore(folder, { pollIntervalMs: 20 }))
  await publish(watcher, { size: 1 })
  const heard: number[] = []
  const gone = new AbortController()
  const watching = (async () => {
    for await (const delivery of watcher.watch({ namespaces: [NAMESPACE], inline: false }, gone.signal))
      if (delivery.type === 'release') heard.push(decodeRelease(delivery.bytes).release.sequence)
  })()

  const disk = interceptedDisk((operation, _path, to) => {
    if (operation === 'rename' && to === pointer) failing('EIO')
  })
  const writer = closeLater(fileStore(folder, { fs: disk }))
  const { bytes } = await publish(writer, { size: 2 })

  await vi.waitFor(async () => expect(new Uint8Array(await readFile(pointer))).toEqual(bytes), 10_000)
  await vi.waitFor(() => expect(heard).toContain(2), 10_000)
  gone.abort()
  await watching
})
