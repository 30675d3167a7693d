import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../../src/client/client.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { memory } from '../../../../src/transports/memory.js'
import { createPublisher } from '../../../../src/publisher/index.js'
import { everyone } from '../../../../src/rollouts/index.js'
import { jsonFile } from '../../../../src/node/sources/json-file.js'
import { yamlFile } from '../../../../src/node/sources/yaml-file.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { hybrid, onDemand, pull, push } from '../../../../src/strategies/index.js'
import { fallback } from '../../../../src/transports/fallback.js'
import { fromSource } from '../../../../src/transports/source.js'
import { memoryDisk } from '../../../proof/fuzz/memory-disk.js'
import { testPlatform } from '../../../support/client-harness.js'

const path = '/etc/checkout/config.yaml'
const schema = z.object({ pool: z.object({ size: z.number().default(20) }).default({ size: 20 }) })
const whole = (size: number): string => `pool:\n  size: ${size}\n`

/** A client that runs what a YAML file says. */
function following(
  strategy: 'hybrid' | 'push' | 'pull' | 'on-demand',
  { text, ...options }: { readonly text?: string; readonly defaults?: { pool: { size: number } } } = {},
) {
  const clock = virtualClock()
  const files = new Map<string, Uint8Array>()
  const write = (content: string): void => void files.set(path, encodeText(content))
  if (text !== undefined) write(text)
  const disk = memoryDisk(files)
  const source = yamlFile(path, { fs: disk, system: { clock }, pollIntervalMs: 1_000 })
  const transport = fromSource(source, { system: { clock }, pollIntervalMs: 1_000 })
  const client = createClient({
    namespace: 'checkout/prod',
    schema,
    strategy: {
      hybrid: hybrid(transport),
      push: push(transport),
      pull: pull(transport, { pollIntervalMs: 2_000 }),
      'on-demand': onDemand(transport),
    }[strategy],
    ...options,
    system: { clock, platform: testPlatform() },
  })
  const told: string[] = []
  const ran: number[] = []
  client.on('error', ({ message }) => told.push(message))
  client.on('change', ({ current }) => ran.push(current.pool.size))
  const close = async (): Promise<void> => {
    const closing = client.close()
    await clock.advance(5_000)
    await closing
    expect(clock.pending).toBe(0)
  }
  return { clock, client, files, write, told, ran, close, transport }
}

describe.each(['hybrid', 'push', 'pull'] as const)('a YAML file that %s follows', strategy => {
  test('and that was broken for 40 s, runs within a look of the file once it is mended; it is told once', async () => {
    const { clock, client, write, told, close } = following(strategy, { text: whole(10) })
    client.ready().catch(() => {})
    await clock.advance(3_000)
    expect(client.current.pool.size).toBe(10)
    write('pool: [')
    await clock.advance(40_000)
    expect(client.current.pool.size).toBe(10)
    expect(told).toEqual([expect.stringContaining(`${path}:1:`)])
    write(whole(11))
    await clock.advance(2_500)
    expect(client.current.pool.size).toBe(11)
    expect(client.status).toBe('ready')
    // The next mistake is told again, and another one in its place too.
    write('pool: {')
    await clock.advance(20_000)
    write('pool: "')
    await clock.advance(20_000)
    expect(told).toHaveLength(3)
    await close()
  })

  test('and that was away for 40 s, runs within a look of the file once it is back', async () => {
    const { clock, client, files, write, told, close } = following(strategy, { text: whole(10) })
    client.ready().catch(() => {})
    await clock.advance(3_000)
    files.delete(path)
    await clock.advance(40_000)
    expect(told.length).toBeLessThanOrEqual(1)
    write(whole(11))
    await clock.advance(2_500)
    expect(client.current.pool.size).toBe(11)
    await close()
  })

  test('and that is not there, is named with its path by ready()', async () => {
    const { clock, client, write, close } = following(strategy)
    const ready = client.ready()
    const outcome = expect(ready).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining(`cannot read ${path}: there is no such file`),
      cause: { code: 'not-found' },
    })
    await clock.advance(2_000)
    await outcome
    write(whole(12))
    await clock.advance(2_500)
    expect(client.current.pool.size).toBe(12)
    await close()
  })

  test('and that is not there, leaves the defaults to run at once', async () => {
    const { clock, client, close } = following(strategy, { defaults: { pool: { size: 7 } } })
    const ready = client.ready()
    await clock.advance(100)
    await ready
    expect(client.current.pool.size).toBe(7)
    await close()
  })

  test('and that is cut at a line while an editor writes, is never run as half of itself', async () => {
    const { clock, client, write, told, ran, close } = following(strategy, { text: whole(200) })
    client.ready().catch(() => {})
    await clock.advance(3_000)
    for (let round = 0; round < 40; round += 1) {
      // What is written is cut for 40 ms, at each part of the rhythm in which the file is looked
      // at.
      write('pool: {}\n')
      await clock.advance(40)
      write(whole(201 + round))
      await clock.advance(2_617)
    }
    expect(ran).not.toContain(20)
    expect(client.current.pool.size).toBe(240)
    expect(told).toEqual([])
    await close()
  })
})

test('a YAML file that was broken is read again by the next request of a function', async () => {
  const { clock, client, write, close } = following('on-demand', { text: 'pool: [' })
  for (let round = 0; round < 8; round += 1) {
    client.ready().catch(() => {})
    await clock.advance(2_100)
  }
  write(whole(5))
  const ready = client.ready()
  await clock.advance(200)
  await ready
  expect(client.current.pool.size).toBe(5)
  await close()
})

test('a file that never holds the same twice is told after 10 s, and what ran goes on', async () => {
  const clock = virtualClock()
  let size = 0
  const disk = memoryDisk(new Map())
  const fs = { ...disk, read: async () => encodeText(whole((size += 1))) }
  const read = yamlFile(path, { fs, system: { clock } }).read(new AbortController().signal)
  const outcome = expect(read).rejects.toMatchObject({
    code: 'invalid-data',
    message: expect.stringMatching(
      /config\.yaml changed each time .* 10 s; write the new file beside it and rename it/,
    ),
  })
  await clock.advance(11_000)
  await outcome
})

test('a preferred file that cannot be read leaves the watch to the transport behind it', async () => {
  const clock = virtualClock()
  const disk = memoryDisk(new Map())
  const fs = {
    ...disk,
    read: async () => {
      throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
    },
  }
  const file = fromSource(yamlFile(path, { fs, system: { clock } }), { system: { clock } })
  const behind = fromSource(() => ({ pool: { size: 3 } }), { system: { clock } })
  const abort = new AbortController()
  const watch = fallback([file, behind], { system: { clock } }).watch(
    { namespaces: ['checkout/prod'], inline: false },
    abort.signal,
  )
  const first = watch[Symbol.asyncIterator]().next()
  await clock.advance(1_000)
  expect((await first).value).toMatchObject({ type: 'release' })
  abort.abort()
})

test('publishing whatever a file says never gives half of it to everyone, even where writing takes a second', async () => {
  const clock = virtualClock()
  const files = new Map([[path, encodeText(whole(200))]])
  const source = yamlFile(path, { fs: memoryDisk(files), system: { clock }, pollIntervalMs: 1_000 })
  const store = memory({ system: { clock } })
  const publisher = createPublisher({ namespace: 'checkout/prod', schema, store, system: { clock } })
  const abort = new AbortController()
  const published: unknown[] = []
  const ended = (async () => {
    const steps = publisher.follow(source, { rollout: everyone(), reason: 'the file', signal: abort.signal })
    for await (const step of steps) {
      if (step.type === 'published' && step.rollout.outcome === 'unchanged') continue
      published.push(step.type === 'published' ? (await publisher.current())?.document : step.error.message)
    }
  })()
  await clock.advance(5_000)
  expect(published).toEqual([{ pool: { size: 200 } }])
  for (const round of [1, 2, 3, 4, 5]) {
    files.set(path, encodeText('pool: {}\n'))
    await clock.advance(800)
    files.set(path, encodeText(whole(200 + round)))
    await clock.advance(5_000 + 137 * round)
  }
  expect(published).toEqual([0, 1, 2, 3, 4, 5].map(more => ({ pool: { size: 200 + more } })))
  abort.abort()
  await clock.advance(2_000)
  await ended
  await publisher.close()
})

test('a JSON file is read the same way', async () => {
  const clock = virtualClock()
  const files = new Map([['/a.json', encodeText('{"a":1}')]])
  const reading = jsonFile('/a.json', { fs: memoryDisk(files), system: { clock } }).read(
    new AbortController().signal,
  )
  await clock.advance(20)
  files.set('/a.json', encodeText('{"a":2}'))
  await clock.advance(200)
  expect(await reading).toEqual({ a: 2 })
})
