import { createClient, type Client } from '../../../../../src/client/client.js'
import type { Json } from '../../../../../src/contracts/json.js'
import type { Strategy } from '../../../../../src/contracts/strategy.js'
import { canonicalize } from '../../../../../src/core/json/canonical.js'
import { maxDeltaBytes } from '../../../../../src/core/release/delta-size.js'
import { decodeRelease, encodeRelease, releaseDigest } from '../../../../../src/core/release/release.js'
import { anything } from '../../../../../src/core/schema/anything.js'
import { fileStore } from '../../../../../src/node/board/file-store.js'
import { stateFolder } from '../../../../../src/node/state/state-folder.js'
import { createHandler } from '../../../../../src/server/handler.js'
import { seededDice } from '../../../../../src/sim/dice.js'
import { simDisk } from '../../../../../src/sim/disk.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { hybrid, pull, push } from '../../../../../src/strategies/index.js'
import { http } from '../../../../../src/transports/http/http.js'
import { systemHasher } from '../../../../../src/system/system.js'
import { never, releaseOf } from '../../../../support/session.js'
import { boardSystem } from '../../board-system.js'
import { runningOf } from '../../running-of.js'
import { during } from '../../waiting.js'
import type { SceneStage } from '../scene.js'
import { codec, deltas } from './codec.js'
import { bodyOf, layWire, TROUBLES } from './wire.js'

const ONE = 'shop/one'
const TWO = 'shop/two'
const BOARD = 'http://board.test'

const POLL_MS = 3_000
const HEARTBEAT_MS = 10_000

/**
 * By when everybody runs what is published, in milliseconds: a poll, a delta that is waited for in
 * vain, and the whole snapshot.
 */
const TOLD_MS = POLL_MS + 5_000 + 4_000

/**
 * A board that makes deltas as it is published to or a server that makes them, and a client for
 * each strategy.
 */
export async function changes(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const texts = new Map<string, string>()
  const keeps = dice.chance(0.5)
  const isStatic = keeps && dice.chance(0.5)
  const disk = simDisk(clock, seededDice(seed, 'forms board'))
  const server = startProcess('server.1', { clock, seed })
  const store = fileStore('/board', {
    fs: disk.mount(server),
    system: boardSystem(server),
    owner: server.owner,
    pollIntervalMs: 1_000,
    deltas: keeps ? deltas : false,
  })
  const handler = createHandler(store, { heartbeatMs: HEARTBEAT_MS, system: server.system, deltas })

  const answer = async (url: string, { signal, ...init }: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url)
    if (!isStatic || pathname.endsWith('~events')) {
      const request = new Request(url, init)
      return handler.fetch(Object.defineProperty(request, 'signal', { value: signal ?? never }))
    }
    const bytes = disk.files.get(`/board/public${pathname}`)
    return bytes === undefined ? new Response('', { status: 404 }) : new Response(bodyOf(bytes))
  }
  const wire = layWire({ dice, violate, answer, texts })

  const common = Array.from({ length: 60 }, () => String(dice.between(1e15, 9e15)).repeat(6))
  const sequences = new Map<string, number>()
  const releases = new Map<string, Uint8Array>()
  let newest = { digest: '', before: '' }
  const publish = async (name: string, document: Json): Promise<void> => {
    const text = canonicalize(document)
    const sequence = (sequences.get(name) ?? 0) + 1
    sequences.set(name, sequence)
    const { digest, snapshot, at, bytes: alone } = releaseOf(sequence, text, name)
    const { release } = decodeRelease(alone)
    const before = releases.get(name)
    const prev = before === undefined ? null : releaseDigest(systemHasher, before)
    const bytes = encodeRelease({ ...release, prev })
    releases.set(name, bytes)
    texts.set(digest, text)
    const work = (async () => {
      await store.put({ namespace: name, digest, bytes: snapshot }, never)
      return store.append({ namespace: name, at, bytes }, never)
    })()
    if ((await during(clock, work, 30_000)) !== 'appended')
      violate('publishing-works-again', `${name} ${sequence} could not be appended`)
    if (name === ONE) newest = { digest, before: newest.digest }
    note(`publishes ${name} ${sequence}`)
  }
  const change = (): Promise<void> => publish(ONE, { common, own: dice.between(100_000, 999_999) })

  const strategies: readonly ((transport: ReturnType<typeof http>) => Strategy)[] = [
    transport => pull(transport, { pollIntervalMs: POLL_MS }),
    transport => push(transport),
    transport => hybrid(transport),
  ]
  const clients = strategies.map((strategyOver, index) => {
    const own = startProcess(`client-${index}.1`, { clock, seed })
    const files = simDisk(clock, seededDice(seed, `forms client ${index}`))
    const state = dice.chance(0.5)
      ? stateFolder('/state', { fs: files.mount(own), system: own.system, owner: own.owner })
      : undefined
    const transport = http(BOARD, { system: { clock: own.clock }, fetch: wire.fetch })
    const client: Client<unknown> = createClient({
      namespace: ONE,
      schema: anything,
      strategy: strategyOver(transport),
      clientId: `client-${index}`,
      system: own.system,
      ...(state !== undefined && { state }),
      deltas: {
        expected: true,
        codec: async () => ({
          ...codec,
          decode(query) {
            if (query.delta.length > maxDeltaBytes(query.length))
              violate('deltas-are-bounded', `one of ${query.delta.length} bytes was decoded`)
            const bytes = codec.decode(query)
            if (texts.get(newest.digest) === new TextDecoder().decode(bytes))
              met('a client made a snapshot of a delta')
            else met('a delta made another snapshot')
            return bytes
          },
        }),
      },
    })
    client.on('change', ({ current, running }) => {
      if (running.digest === undefined) return
      if (texts.get(running.digest) !== canonicalize(current as Json))
        violate(
          'digest-matches',
          `client-${index} runs what nobody published as ${running.digest.slice(0, 8)}`,
        )
    })
    const fails = (what: string): void =>
      violate('a-delta-is-no-failure', `client-${index} tells of ${what} by ${wire.trouble ?? 'nothing'}`)
    client.on('error', ({ code }) => fails(code))
    client.on('rejected', ({ code }) => fails(code))
    return { own, client, files, name: `client-${index}` }
  })

  const judge = (): void => {
    for (const { client, name } of clients)
      if (runningOf(client)?.digest !== newest.digest)
        violate('told-at-once', `${name} does not run the newest by ${wire.trouble ?? 'nothing'}`)
  }
  await change()
  const ready = clients.map(({ client }) => client.ready({ timeoutMs: 20_000 }).catch(() => {}))
  await during(clock, Promise.all(ready), 30_000)
  // First all is well: who has what was before takes what changed of it.
  for (let round = 1; round <= 2; round += 1) {
    const { whole, missing } = wire.counts
    await change()
    await clock.advance(TOLD_MS)
    judge()
    const fetched = wire.counts.whole - whole
    if (fetched > wire.counts.missing - missing)
      violate('a-sound-delta-is-used', `${fetched} whole snapshots were fetched, and deltas are there`)
  }
  for (let round = dice.between(3, 5); round > 0; round -= 1) {
    wire.trouble = dice.pick(TROUBLES)
    if (dice.chance(0.3))
      for (const { files } of clients)
        for (const path of files.files.keys()) if (path.includes('/snapshots/')) files.damage(path)
    for (let left = dice.between(1, 2); left > 0; left -= 1) await change()
    await clock.advance(TOLD_MS)
    judge()
    note(`everybody runs the newest by ${wire.trouble}`)
    met(`a delta was ${wire.trouble}`)
  }
  wire.trouble = undefined

  // Another namespace with the same snapshot has no deltas from what it never named.
  await publish(TWO, JSON.parse(texts.get(newest.digest) ?? 'null') as Json)
  const foreign = `/v1/${TWO}/snapshots/${newest.digest}.from.${newest.before}.dcz`
  const found = await during(clock, handler.fetch(new Request(`${BOARD}${foreign}`)), 30_000)
  if (found?.status !== 404 || disk.files.has(`/board/public${foreign}`))
    violate('deltas-stay-in-their-namespace', `one of another namespace is answered with ${found?.status}`)

  const closing = Promise.all(clients.map(({ client }) => client.close()))
  await during(clock, closing, 30_000)
  await during(clock, handler.close(), 30_000)
  await during(clock, store.close(), 30_000)
  for (const { own } of [...clients, { own: server }]) {
    if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of ${own.name} are left`)
    own.kill()
  }
}
