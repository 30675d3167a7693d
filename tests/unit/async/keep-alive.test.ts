import { afterEach, expect, test, vi } from 'vitest'
import { keepAlive } from '../../../src/async/keep-alive.js'

/** How many message ports keep this process alive. */
const ports = (): number => process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length

afterEach(() => void vi.unstubAllGlobals())

test('the process is kept alive until the work has ended', async () => {
  const before = ports()
  let end = (_: string): void => {}
  const waiting = keepAlive(new Promise<string>(resolve => (end = resolve)))
  expect(ports()).toBe(before + 1)
  end('over')
  await expect(waiting).resolves.toBe('over')
  await vi.waitFor(() => expect(ports()).toBe(before))
})

test('a failure passes, and lets the process end', async () => {
  const before = ports()
  await expect(keepAlive(Promise.reject(new Error('no')))).rejects.toThrow('no')
  await vi.waitFor(() => expect(ports()).toBe(before))
})

test('where there are no message channels the work is awaited all the same', async () => {
  vi.stubGlobal('MessageChannel', undefined)
  await expect(keepAlive(Promise.resolve('over'))).resolves.toBe('over')
})
