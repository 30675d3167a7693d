import { expect, test } from 'vitest'
import { z } from 'zod'
import { fakeClient } from '../../../src/testing/fake-client.js'

const schema = z.object({ pool: z.object({ size: z.number().int().min(1) }), name: z.string().default('x') })
const size = (n: number): z.input<typeof schema> => ({ pool: { size: n } })

test('set is in force at once, validated, frozen and told', () => {
  const client = fakeClient(schema, size(1))
  const seen: unknown[] = []
  client.on('change', ({ previous, current }) => seen.push([previous?.pool.size, current.pool.size]))
  client.select(({ pool }) => pool.size).subscribe(part => seen.push(part))
  client.set(size(2))
  expect(client.current).toEqual({ pool: { size: 2 }, name: 'x' })
  expect(Object.isFrozen(client.current.pool)).toBe(true)
  expect(seen).toEqual([1, [1, 2], 2])
  expect(() => client.set(size(0))).toThrow(/pool\.size/)
  expect(client.current.pool.size).toBe(2)
})

test('pause keeps what runs until resume, which brings the newest', () => {
  const client = fakeClient(schema, size(1))
  client.pause()
  client.set(size(2))
  client.set(size(3))
  expect(client.current.pool.size).toBe(1)
  client.resume()
  expect(client.current.pool.size).toBe(3)
})

test('a participant that throws vetoes, and everybody else is discarded', () => {
  const client = fakeClient(schema, size(1))
  const seen: string[] = []
  client.participate({
    name: 'a',
    prepare: () => ({ commit: () => seen.push('commit'), discard: () => seen.push('discard') }),
  })
  client.participate({
    name: 'b',
    prepare() {
      throw new Error('no')
    },
  })
  expect(() => client.set(size(2))).toThrow()
  expect(seen).toEqual(['discard'])
  expect(client.current.pool.size).toBe(1)
})

test('one that prepares asynchronously commits as a method, and its late refusal is told and unhandled nowhere', async () => {
  const client = fakeClient(schema, size(1))
  const seen: string[] = []
  client.on('error', ({ code, message }) => seen.push(`${code} ${message}`))
  const prepared = {
    who: 'a',
    commit(): void {
      seen.push(`commit ${this.who}`)
    },
  }
  client.participate({ name: 'a', prepare: async () => prepared })
  client.participate({
    name: 'b',
    async prepare() {
      throw new Error('no')
    },
  })
  client.set(size(2))
  await new Promise(resolve => setImmediate(resolve))
  expect(seen).toEqual(['commit a', 'vetoed participant "b" refused the change'])
})
