import { createClient } from '../../../../../src/client/client.js'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'
import { canonicalize } from '../../../../../src/core/json/canonical.js'
import type { Json } from '../../../../../src/contracts/json.js'
import { anything } from '../../../../../src/core/schema/anything.js'
import { createHandler } from '../../../../../src/server/handler.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { hybrid, push } from '../../../../../src/strategies/index.js'
import { http } from '../../../../../src/transports/http/http.js'
import { memory } from '../../../../../src/transports/memory.js'
import { never, releaseOf } from '../../../../support/session.js'
import { runningOf } from '../../running-of.js'
import { employ } from '../../threads.js'
import { during } from '../../waiting.js'
import { deltas } from '../forms/codec.js'
import type { Scene, SceneStage } from '../scene.js'
import { decodingFetch, WEATHERS } from './decoding-fetch.js'
import { readStream, type StreamReader } from './stream-reader.js'
import { watchThreads } from './watched-threads.js'

/**
 * A server whose event streams are asked for compressed, by who looks at each byte and by clients
 * whose `fetch` decodes, beside others who take them as they are.
 */
export const compressed: Scene = play

const NAMESPACES = ['shop/one', 'shop/two'] as const
const BOARD = 'http://board.test'

/** What clients take of a snapshot, in bytes, and of a line with one. */
const MAX_SNAPSHOT_BYTES = 131_072
const MAX_LINE_BYTES = MAX_SNAPSHOT_BYTES + 32_768

/**
 * By when everybody was told, in milliseconds: a store that takes its time, what is compressed, of
 * which a release waits for a second, and a stream that has to be opened anew.
 */
const TOLD_MS = 6_000
const ANEW_MS = 20_000

/**
 * How long documents are, in characters: too short to be compressed, and some that are more than
 * one block holds.
 */
const LENGTHS = [20, 2_000, 2_000, 5_000, 5_000, 9_000, 70_000]

/** What readers ask for, and whether that is gzip. */
const ACCEPTED: readonly (readonly [acceptEncoding: string, wantsGzip: boolean])[] = [
  ['gzip', true],
  ['gzip, deflate, br', true],
  ['br;q=1.0, gzip;q=0.5', true],
  ['identity', false],
  ['br, zstd', false],
  ['gzip;q=0', false],
]

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const own = startProcess('server.1', { clock, seed })
  const base = memory({ system: { clock } })
  let slowMs = 0
  const store: CompleteStore = {
    ...base,
    async snapshot(query, signal) {
      if (slowMs > 0) await clock.sleep(dice.between(1, slowMs), signal)
      return base.snapshot(query, signal)
    },
  }
  const ages = dice.chance(0.5)
  const isPlain = dice.chance(0.1)
  const handler = createHandler(store, {
    system: own.system,
    heartbeatMs: 10_000,
    deltas: dice.chance(0.5) ? deltas : false,
    ...(ages && { maxConnectionAgeMs: 30_000 }),
  })
  // Whoever stays keeps what is newest in memory, so that nothing is made anew.
  const threads = watchThreads(stage, { isOnce: !ages, isIdle: isPlain })
  const dismiss = employ(threads.work)

  const texts = new Map<string, string>()
  const newest = new Map<string, { readonly sequence: number; readonly digest: string }>()
  const common = LENGTHS.map(length => String(dice.between(1e9, 9e9)).repeat(length / 10))
  const textOf = (): string => {
    const [last] = [...texts.values()].slice(-1)
    if (last !== undefined && dice.chance(0.2)) return last
    return canonicalize({ common: dice.pick(common), own: dice.between(100_000, 999_999) })
  }
  const publish = async (name: string): Promise<void> => {
    const sequence = (newest.get(name)?.sequence ?? 0) + 1
    const text = textOf()
    const { bytes, digest, snapshot, at } = releaseOf(sequence, text, name)
    texts.set(digest, text)
    newest.set(name, { sequence, digest })
    await store.put({ namespace: name, digest, bytes: snapshot }, never)
    await store.append({ namespace: name, at, bytes }, never)
    note(`publishes ${name} ${sequence}`)
  }

  let readers: StreamReader[] = []
  const come = (): void => {
    const [acceptEncoding, wantsGzip] = dice.pick(isPlain ? ACCEPTED.filter(([, gzip]) => !gzip) : ACCEPTED)
    const names = dice.pick([['shop/one'], ['shop/two'], NAMESPACES])
    const clientId = `reader-${dice.between(1, 9)}`
    const takesDeltas = dice.chance(0.5)
    readers.push(
      readStream({
        ...{ clock, violate, met, handler, names, clientId, acceptEncoding, wantsGzip, texts },
        deltas: takesDeltas,
      }),
    )
  }
  const stay = (): StreamReader =>
    readStream({
      ...{ clock, violate, met, handler, texts, names: NAMESPACES, clientId: 'stays' },
      ...{ acceptEncoding: 'identity', wantsGzip: false, deltas: false },
    })

  const way = decodingFetch({ dice, violate, met, answer: handler.fetch, maxLineBytes: MAX_LINE_BYTES })
  const original = globalThis.fetch
  globalThis.fetch = way.fetch as typeof fetch
  const clients = (isPlain ? [] : [push, hybrid]).map((over, index) => {
    const name = `client-${index}`
    const process = startProcess(`${name}.1`, { clock, seed })
    const transport = http(BOARD, {
      system: { clock: process.clock },
      maxSnapshotBytes: MAX_SNAPSHOT_BYTES,
    })
    const client = createClient({
      namespace: NAMESPACES[0],
      schema: anything,
      strategy: over(transport, { backoff: { capMs: 2_000 } }),
      clientId: name,
      system: process.system,
      deltas: dice.chance(0.5) ? deltas : false,
    })
    client.on('change', ({ current, running }) => {
      if (running.digest !== undefined && texts.get(running.digest) !== canonicalize(current as Json))
        violate('digest-matches', `${name} runs what nobody published as ${running.digest.slice(0, 8)}`)
    })
    return { client, process, name }
  })

  const judge = (how: string): void => {
    for (const { client, name } of clients)
      if (runningOf(client)?.digest !== newest.get(NAMESPACES[0])?.digest)
        violate('told-at-once', `${name} does not run the newest ${how}`)
    for (const { names, last, over } of [stays, ...readers])
      for (const name of names) {
        const wanted = newest.get(name)?.sequence ?? 0
        if (!over && wanted > 0 && last.get(name) !== wanted)
          violate('told-at-once', `a reader of ${name} was told of ${last.get(name)}, not ${wanted}, ${how}`)
      }
  }

  await publish(NAMESPACES[0])
  let stays = stay()
  for (let left = 3; left > 0; left -= 1) come()
  const ready = clients.map(({ client }) => client.ready({ timeoutMs: 20_000 }).catch(() => {}))
  await during(clock, Promise.all(ready), 30_000)
  for (let round = dice.between(3, 5); round > 0; round -= 1) {
    const what = dice.pick([
      'publish',
      'come',
      'crowd',
      'slow threads',
      'slow store',
      'stall',
      'weather',
    ] as const)
    if (readers.length === 0) come()
    const some = dice.pick(readers)
    switch (what) {
      case 'come':
        some.leave()
        come()
        break
      case 'crowd':
        threads.slowestMs = 800
        await publish(dice.pick(NAMESPACES))
        for (let left = 4; left > 0; left -= 1) come()
        break
      case 'slow threads':
        threads.slowestMs = 20_000
        for (let left = 2; left > 0; left -= 1) come()
        break
      case 'slow store':
        slowMs = 3_000
        break
      case 'stall':
        some.stalled = true
        for (let left = 3; left > 0; left -= 1) await publish(dice.pick(some.names))
        await clock.advance(dice.between(100, 8_000))
        some.stalled = false
        break
      case 'weather':
        way.turn(dice.pick(WEATHERS))
        break
      case 'publish':
    }
    for (let left = dice.between(1, 2); left > 0; left -= 1) await publish(dice.pick(NAMESPACES))
    await clock.advance(what === 'weather' ? ANEW_MS : TOLD_MS)
    if (stays.over) stays = stay()
    readers = readers.filter(({ over }) => !over)
    await clock.advance(TOLD_MS)
    judge(what)
    note(`all were told: ${what}`)
    threads.slowestMs = 0
    slowMs = 0
    way.turn(undefined)
    await clock.advance(3_000)
  }

  const ending = Promise.all([...clients.map(({ client }) => client.close()), handler.close()])
  await during(clock, ending, 60_000)
  await clock.advance(25_000)
  for (const { over, leave } of [stays, ...readers]) {
    if (!over) violate('nothing-is-left', 'a stream is open after its server was closed')
    leave()
  }
  globalThis.fetch = original
  dismiss()
  for (const { pending, kill, name } of [own, ...clients.map(({ process }) => process)]) {
    if (pending > 0) violate('nothing-is-left', `${pending} timers of ${name} are left`)
    kill()
  }
}
