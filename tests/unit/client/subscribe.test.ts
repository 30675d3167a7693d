import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createUseCurrent } from '../../../examples/react/use-config.js'
import { fakeClient } from '../../../src/testing/fake-client.js'
import { testBoard } from './board.js'
import { closedAfterEach } from '../../support/client-harness.js'

const started = closedAfterEach(2_000)

/**
 * What React's hook of this name does with its two functions: it renders again when the snapshot is
 * another reference.
 */
function externalStore() {
  let renders = 0
  const ends: (() => void)[] = []
  const useSyncExternalStore = <Value>(
    subscribe: (onStoreChange: () => void) => () => void,
    getSnapshot: () => Value,
  ): Value => {
    let rendered = getSnapshot()
    if (!Object.is(rendered, getSnapshot())) throw new Error('the snapshot is another one at each call')
    const check = (): void => {
      if (Object.is(rendered, getSnapshot())) return
      rendered = getSnapshot()
      renders += 1
    }
    ends.push(subscribe(check))
    check()
    return rendered
  }
  return {
    useSyncExternalStore,
    get renders() {
      return renders
    },
    unmount: () => ends.splice(0).forEach(end => end()),
  }
}

const schema = z.object({ pool: z.object({ size: z.number() }), banner: z.string() })
const first = { pool: { size: 1 }, banner: '' }

describe('useSyncExternalStore', () => {
  test('renders again for each change of a client, and not after it was unmounted', () => {
    const config = fakeClient(schema, first)
    const react = externalStore()
    expect(createUseCurrent(react.useSyncExternalStore)(config)).toBe(config.current)
    expect(react.renders).toBe(0)
    config.set({ ...first, banner: 'sale' })
    expect(react.renders).toBe(1)
    react.unmount()
    config.set(first)
    expect(react.renders).toBe(1)
  })

  test('renders again for a change of the selected part, and for no other', () => {
    const config = fakeClient(schema, first)
    const pool = config.select(document => document.pool)
    const react = externalStore()
    const before = createUseCurrent(react.useSyncExternalStore)(pool)
    config.set({ ...first, banner: 'sale' })
    expect(react.renders).toBe(0)
    expect(pool.current).toBe(before)
    config.set({ pool: { size: 2 }, banner: 'sale' })
    expect(react.renders).toBe(1)
    expect(pool.current).toEqual({ size: 2 })
  })

  test('takes a part that is made anew at each look', () => {
    const config = fakeClient(schema, first)
    const shown = config.select(({ pool, banner }) => ({ size: pool.size, banner }))
    const react = externalStore()
    expect(createUseCurrent(react.useSyncExternalStore)(shown)).toEqual({ size: 1, banner: '' })
  })
})

test('what counts as the same is decided by `equal`', () => {
  const config = fakeClient(schema, first)
  const even = config.select(({ pool }) => pool.size, { equal: (a, b) => a % 2 === b % 2 })
  const heard: number[] = []
  even.subscribe(size => heard.push(size))
  for (const size of [3, 4, 6, 7]) config.set({ ...first, pool: { size } })
  expect(heard).toEqual([1, 4, 7])
  expect(even.current).toBe(7)
})

describe('a client', () => {
  test('gives one frozen object as what runs until the next commit', async () => {
    const board = testBoard()
    board.publish({ pool: { size: 1 } })
    const { client, start, clock } = started(board)
    await start()
    const { running } = client
    expect(Object.isFrozen(running)).toBe(true)
    expect(client.running).toBe(running)
    await clock.advance(60_000)
    expect(client.running).toBe(running)
    board.publish({ pool: { size: 2 } })
    await clock.advance(60_000)
    expect(client.running).not.toBe(running)
    expect(client.running.version).toBe(2)
  })

  test('calls a subscriber with the value now and with each change, until its signal aborts', async () => {
    const board = testBoard()
    board.publish({ pool: { size: 1 } })
    const { client, start, clock } = started(board)
    const heard: number[] = []
    const ending = new AbortController()
    const { subscribe } = client
    subscribe(({ pool }) => heard.push(pool.size), { signal: ending.signal })
    await start()
    subscribe(({ pool }) => heard.push(-pool.size))
    expect(heard).toEqual([1, -1])
    ending.abort()
    board.publish({ pool: { size: 2 } })
    await clock.advance(60_000)
    expect(heard).toEqual([1, -1, -2])
  })

  test('stops waiting when the signal of ready() or refresh() aborts, with its reason, and goes on itself', async () => {
    const board = testBoard()
    const { client, clock } = started(board)
    const stop = new AbortController()
    const reason = new Error('the request is gone')
    const waiting = expect(client.ready({ timeoutMs: 60_000, signal: stop.signal })).rejects.toBe(reason)
    await clock.advance(1_000)
    stop.abort(reason)
    await waiting
    await expect(client.refresh({ signal: stop.signal })).rejects.toBe(reason)
    board.publish({ pool: { size: 3 } })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(3)
    const late = new AbortController()
    const refreshing = expect(client.refresh({ signal: late.signal })).rejects.toBe(reason)
    late.abort(reason)
    await refreshing
  })
})
