import { expect, test } from 'vitest'
import { createSerial } from '../../../src/async/serial.js'

/** Work that ends when it is told to. */
function piece() {
  let end = (_: string): void => {}
  let fail = (_: Error): void => {}
  const ended = new Promise<string>((resolve, reject) => {
    end = resolve
    fail = reject
  })
  let begun = false
  const work = (): Promise<string> => {
    begun = true
    return ended
  }
  return {
    work,
    end: (result: string) => end(result),
    fail: (error: Error) => fail(error),
    begun: () => begun,
  }
}

test('work on one subject runs one piece after the other, in the order of the calls', async () => {
  const serial = createSerial()
  const [first, second] = [piece(), piece()]
  const results = Promise.all([serial('a', first.work), serial('a', second.work)])
  await Promise.resolve()
  expect([first.begun(), second.begun()]).toEqual([true, false])
  second.end('second')
  first.end('first')
  await expect(results).resolves.toEqual(['first', 'second'])
})

test('different subjects do not wait for each other', async () => {
  const serial = createSerial()
  const other = piece()
  void serial('a', () => new Promise(() => {}))
  other.end('other')
  await expect(serial('b', other.work)).resolves.toBe('other')
})

test('a failure rejects its own call and holds up nothing', async () => {
  const serial = createSerial()
  const [first, second] = [piece(), piece()]
  const failed = expect(serial('a', first.work)).rejects.toThrow('no')
  const worked = serial('a', second.work)
  first.fail(new Error('no'))
  second.end('second')
  await failed
  await expect(worked).resolves.toBe('second')
})
