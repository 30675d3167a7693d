import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../src/contracts/system.js'
import type { Delivery } from '../../../../src/contracts/transport.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { systemClock } from '../../../../src/system/system.js'
import {
  closeLater,
  EPOCH,
  NAMESPACE,
  never,
  nextOf,
  publish,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { failing, interceptedDisk } from '../../../support/disks.js'

const open = async (options = {}) => {
  const folder = await temporaryFolder()
  return { folder, store: closeLater(fileStore(folder, options)) }
}

const start = (store: FileStore, namespaces: readonly string[] = [NAMESPACE]) => {
  const abort = new AbortController()
  const deliveries = store.watch({ namespaces, inline: false }, abort.signal)[Symbol.asyncIterator]()
  return { abort, deliveries }
}

/** The next release, past signs of life. */
const nextRelease = async (deliveries: AsyncIterator<Delivery>): Promise<string> => {
  for (;;) {
    const delivery = await nextOf(deliveries)
    if (delivery.type !== 'release') continue
    const { epoch, sequence } = decodeRelease(delivery.bytes).release
    return `${delivery.namespace} ${epoch}:${sequence}`
  }
}

describe('a watch', () => {
  it('says that it lives when there is nothing yet, and then brings the first release', async () => {
    const { folder, store } = await open({ pollIntervalMs: 20 })
    const { abort, deliveries } = start(store)
    expect(await nextOf(deliveries)).toMatchObject({ type: 'alive' })
    await publish(closeLater(fileStore(folder)), { size: 1 })
    expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} ${EPOCH}:1`)
    abort.abort()
    expect(await deliveries.next()).toEqual({ done: true, value: undefined })
  })

  it('brings each namespace, and of a burst the last', async () => {
    const { store } = await open()
    await publish(store, { size: 1 }, { namespace: 'a' })
    await publish(store, { size: 1 }, { namespace: 'a/b' })
    const { abort, deliveries } = start(store, ['a', 'a/b', 'c'])
    expect([await nextRelease(deliveries), await nextRelease(deliveries)].sort()).toEqual([
      `a ${EPOCH}:1`,
      `a/b ${EPOCH}:1`,
    ])
    expect(await nextOf(deliveries)).toMatchObject({ type: 'alive' })
    for (let size = 2; size <= 10; size += 1) await publish(store, { size }, { namespace: 'a/b' })
    // A look that was under way when the last was published may bring the one before.
    const brought = [await nextRelease(deliveries)]
    while (brought.at(-1) !== `a/b ${EPOCH}:10`) brought.push(await nextRelease(deliveries))
    expect(brought.length).toBeLessThanOrEqual(2)
    abort.abort()
    expect(await deliveries.next()).toMatchObject({ done: true })
  })

  it('follows into a new epoch, and never goes back', async () => {
    const { folder, store } = await open({ pollIntervalMs: 20 })
    const other = closeLater(fileStore(folder))
    await publish(other, { size: 1 })
    const { abort, deliveries } = start(store)
    expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} ${EPOCH}:1`)
    await publish(other, { size: 2 }, { epoch: '2-00000002' })
    expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} 2-00000002:1`)
    await publish(other, { size: 3 })
    expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} 2-00000002:2`)
    abort.abort()
    expect(await deliveries.next()).toMatchObject({ done: true })
  })

  it('leaves no timer behind when it ends, however it ends', async () => {
    let timers = 0
    const clock = {
      ...systemClock,
      after(delayMs: number, callback: () => void) {
        timers += 1
        let over = false
        const end = (): void => {
          if (!over) timers -= 1
          over = true
        }
        const cancel = systemClock.after(delayMs, () => {
          end()
          callback()
        })
        return () => {
          end()
          cancel()
        }
      },
    }
    const { store } = await open({ system: { clock } })
    await publish(store, { size: 1 })
    const aborted = start(store)
    await nextRelease(aborted.deliveries)
    const pending = aborted.deliveries.next()
    aborted.abort.abort()
    expect(await pending).toMatchObject({ done: true })
    await aborted.deliveries.next()
    const left = start(store)
    await nextRelease(left.deliveries)
    await left.deliveries.return?.()
    await systemClock.turn()
    expect(timers).toBe(0)
  })

  it('is lost in words when the disk fails, and a new one goes on', async () => {
    let broken = false
    const disk = interceptedDisk(operation => void (broken && operation === 'list' && failing('EIO')))
    const { store } = await open({ fs: disk, pollIntervalMs: 10 })
    await publish(store, { size: 1 })
    const { deliveries } = start(store)
    await nextRelease(deliveries)
    broken = true
    await expect(nextRelease(deliveries)).rejects.toMatchObject({ code: 'unavailable' })
    broken = false
    const again = start(store)
    expect(await nextRelease(again.deliveries)).toBe(`${NAMESPACE} ${EPOCH}:1`)
    again.abort.abort()
  })

  it('polls a namespace once, however many follow it', async () => {
    let lists = 0
    const disk = interceptedDisk(operation => void (operation === 'list' && (lists += 1)))
    const { store } = await open({ fs: disk, pollIntervalMs: 5 })
    await publish(store, { size: 1 })
    const watches = Array.from({ length: 20 }, () => start(store))
    for (const { deliveries } of watches) await nextRelease(deliveries)
    lists = 0
    await publish(store, { size: 2 })
    const before = lists
    for (const { deliveries } of watches)
      expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} ${EPOCH}:2`)
    expect(lists - before).toBeLessThan(20)
    for (const { abort } of watches) abort.abort()
  })
})

describe('next', () => {
  it('walks the log, over the end of an epoch', async () => {
    const { store } = await open()
    for (const size of [1, 2]) await publish(store, { size })
    await publish(store, { size: 3 }, { epoch: '3-00000003' })
    await publish(store, { size: 4 }, { epoch: '5-00000005' })
    const seen: string[] = []
    for (let after = { epoch: EPOCH, sequence: 1 }; ;) {
      const latest = await store.next({ namespace: NAMESPACE, after }, never)
      if (latest.type !== 'release') break
      const { epoch, sequence } = decodeRelease(latest.bytes).release
      seen.push(`${epoch}:${sequence}`)
      after = { epoch, sequence }
    }
    expect(seen).toEqual([`${EPOCH}:2`, '3-00000003:1', '5-00000005:1'])
    expect(
      await store.next({ namespace: NAMESPACE, after: { epoch: '9-00000009', sequence: 1 } }, never),
    ).toEqual({ type: 'none' })
    expect(await store.next({ namespace: 'other', after: { epoch: EPOCH, sequence: 1 } }, never)).toEqual({
      type: 'none',
    })
  })
})

it('the board is polled every half a second where no option says otherwise', async () => {
  const delays: number[] = []
  const clock: Clock = {
    ...systemClock,
    after(ms, wake) {
      delays.push(ms)
      return systemClock.after(ms, wake)
    },
  }
  const { folder, store } = await open({ system: { clock } })
  await publish(closeLater(fileStore(folder)), { size: 1 })
  const { abort, deliveries } = start(store)
  expect(await nextRelease(deliveries)).toBe(`${NAMESPACE} ${EPOCH}:1`)
  abort.abort()
  await deliveries.next()
  expect(delays).toContain(500)
})
