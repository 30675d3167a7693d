import { createClient, type Client } from '../../../../../src/client/client.js'
import { isNoticeboardError } from '../../../../../src/contracts/errors.js'
import { formatPosition } from '../../../../../src/contracts/position.js'
import type { Store } from '../../../../../src/contracts/transport.js'
import { createController, type Controller } from '../../../../../src/controller/index.js'
import {
  decodeRelease,
  positionOf,
  releaseDigest,
  type Release,
} from '../../../../../src/core/release/release.js'
import { createPublisher, everyone, type Rollout } from '../../../../../src/publisher/index.js'
import { staged } from '../../../../../src/rollouts/index.js'
import { createHandler, type Handler } from '../../../../../src/server/handler.js'
import { startProcess, type SimProcess } from '../../../../../src/sim/process.js'
import { hybrid } from '../../../../../src/strategies/hybrid.js'
import { pull } from '../../../../../src/strategies/pull.js'
import { push } from '../../../../../src/strategies/push.js'
import { systemHasher } from '../../../../../src/system/system.js'
import { http } from '../../../../../src/transports/http/http.js'
import { httpStore } from '../../../../../src/transports/http/http-store.js'
import { schema, type Document } from '../../builds.js'
import { watchMarks } from '../../marks.js'
import { runningOf } from '../../running-of.js'
import { during } from '../../waiting.js'
import { layBetween } from '../forged.js'
import type { Scene, SceneStage } from '../scene.js'
import { drawBoard } from './boards.js'
import { listenTo } from './listener.js'

/**
 * A store of any kind that goes back, or is emptied, in the middle of a rollout, under a server,
 * controllers and clients that run; or while they are started anew. Nothing moves the fleet until
 * somebody opens an epoch, and then everything goes on.
 */
export const restores: Scene = play

const NAMESPACE = 'shop/restored'
const TOKEN = 'a-token-for-the-scene'
const BASE = 'http://board.test'
const MINUTE_MS = 60_000
/** Until the fleet is heard. */
const KNOWN_MS = MINUTE_MS
/** How long a rollout takes at most to come as far as is wanted. */
const ROLLED_MS = 15 * MINUTE_MS
/** Until everybody has heard of the newest release, where nothing is wrong. */
const QUIET_MS = 10_000
/**
 * Until a server that runs has found that its store went back: a heartbeat, or a look of its
 * controller, and what they take.
 */
const TOLD_MS = 20_000
/** Until whoever polls, and whoever listens, knows that nothing proves what it runs. */
const STALE_MS = 3 * MINUTE_MS
/** Until who was started anew has heard from the fleet how far that is. */
const HEARD_MS = 150_000

/** Nobody forges anything here. */
const NOTHING = { digest: '0'.repeat(64), bytes: 1 }

interface Member {
  readonly kind: 'pull' | 'push' | 'hybrid'
  readonly client: Client<Document>
  readonly goTo: (handler: Handler) => void
}

/** What runs in the process of a server. */
interface Serving {
  readonly own: SimProcess
  readonly handler: Handler
  readonly controller: Controller | undefined
  readonly close: () => Promise<void>
}

async function play(stage: SceneStage): Promise<void> {
  const { clock, dice, seed, violate, met, note } = stage
  const board = drawBoard(stage)
  note(`over ${board.kind}`)
  const marks = watchMarks(violate)
  /** What came to stand in the log, whoever wrote it. */
  const log: { readonly release: Release; readonly digest: string }[] = []
  const told = { wentBack: 0 }
  const logger = {
    debug() {},
    info() {},
    warn() {},
    error: (message: string) => void (message.includes('went back') && (told.wentBack += 1)),
  }
  const watched = (store: Store): Store => ({
    ...store,
    async append(query, signal) {
      const outcome = await store.append(query, signal)
      const { release } = decodeRelease(query.bytes)
      const digest = releaseDigest(systemHasher, query.bytes)
      if (outcome !== 'appended' || log.some(known => known.digest === digest)) return outcome
      log.push({ release, digest })
      note(`${formatPosition(positionOf(release))}: ${release.cause}`)
      return outcome
    },
  })
  let lives = 0
  const controllerOf = (store: Store, own: SimProcess): Controller =>
    createController({ store, namespaces: [NAMESPACE], name: own.name, reportMs: 5_000, system: own.system })
  const serve = (hosts: boolean): Serving => {
    lives += 1
    const own = startProcess(`server.${lives}`, { clock, seed })
    const opened = board.open(own)
    const store = watched(opened.store)
    const handler = createHandler(store, { write: { token: TOKEN }, system: own.system, logger })
    const controller = hosts ? controllerOf(store, own) : undefined
    return {
      own,
      handler,
      controller,
      async close() {
        await controller?.close()
        await handler.close({ drainMs: 0, graceMs: 1 })
        await opened.close()
        own.kill()
      },
    }
  }
  const startBeside = (): { close(): Promise<void> } => {
    lives += 1
    const own = startProcess(`controller.${lives}`, { clock, seed })
    const opened = board.open(own)
    const controller = controllerOf(watched(opened.store), own)
    return {
      async close() {
        await controller.close()
        await opened.close()
        own.kill()
      },
    }
  }

  const hosts = dice.chance(0.6)
  let serving = serve(hosts)
  let beside = !hosts || dice.chance(0.4) ? startBeside() : undefined
  const owner = startProcess('owner.1', { clock, seed })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema,
    system: owner.system,
    store: httpStore(BASE, {
      token: TOKEN,
      system: { clock: owner.clock },
      fetch: async (url, init) => serving.handler.fetch(new Request(url, init)),
    }),
  })
  let published = 0
  const next = (): Document => {
    published += 1
    return { n: published, name: `d${published}` }
  }
  const run = async (work: Promise<Rollout>): Promise<Rollout | { readonly code: string }> => {
    const settled = work.catch((error: unknown) => ({
      code: isNoticeboardError(error) ? error.code : 'internal',
    }))
    return (await during(clock, settled, 4 * MINUTE_MS)) ?? { code: 'timeout' }
  }
  const policy = staged({
    stages: [1, '50%', 'all'],
    bakeMs: 40_000,
    reportMs: 20_000,
    watchMs: 5 * MINUTE_MS,
    spreadMs: 1_000,
  })

  const members: Member[] = []
  for (let index = 0; index < dice.between(4, 6); index += 1) {
    const own = startProcess(`member-${index}.1`, { clock, seed })
    const between = layBetween({
      clock,
      namespace: NAMESPACE,
      to: serving.handler,
      variants: () => [NOTHING],
    })
    const transport = http(BASE, { system: { clock: own.clock }, fetch: between.fetch })
    const kind = dice.pick(['pull', 'push', 'hybrid'] as const)
    const client = createClient({
      namespace: NAMESPACE,
      schema,
      clientId: `member-${index}`,
      strategy:
        kind === 'pull' ? pull(transport, { pollIntervalMs: 5_000 }) : { push, hybrid }[kind](transport),
      soakMs: 3_000,
      reports: { intervalMs: 20_000, batchMs: 300 },
      system: own.system,
    })
    void client.ready({ timeoutMs: 0 }).catch(() => {})
    members.push({ kind, client, goTo: between.goTo })
  }
  let markedMs = 0
  const listener = listenTo({
    clock,
    namespace: NAMESPACE,
    to: () => serving.handler,
    heard(chunk) {
      marks.heard(chunk, false)
      if (new TextDecoder().decode(chunk).includes('event: mark')) markedMs = clock.monotonic()
    },
  })

  for (let left = 2; left > 0; left -= 1) {
    await run(publisher.publish(next(), { rollout: everyone(), reason: 'simulation' }))
    await clock.advance(MINUTE_MS)
  }
  await clock.advance(KNOWN_MS)

  // So many releases of the rollout are in the copy, and so many more are lost.
  const [kept, lost] = [dice.between(0, 1), dice.between(1, 2)]
  let taken = kept === 0 ? await copy() : undefined
  const began = log.length
  const rolled = await run(publisher.publish(next(), { rollout: policy, reason: 'simulation' }))
  if ('code' in rolled) violate('publishing-works-again', `nothing could be rolled out: ${rolled.code}`)
  for (let leftMs = ROLLED_MS; leftMs > 0 && log.length < began + kept + lost; leftMs -= 1_000) {
    await clock.advance(1_000)
    if (log.length >= began + kept) taken ??= await copy()
  }
  await clock.advance(QUIET_MS)
  const newest = log.at(-1)
  if (taken === undefined || newest === undefined || log.length === taken.length) {
    violate('stages-are-earned', 'a rollout of what does no harm went on by no step')
    return finish()
  }
  const inTheMiddle = newest.release.candidate !== undefined
  const how = dice.pick(['copy', 'copy', 'empty'] as const)
  const restarts = how === 'copy' && dice.chance(0.3)
  note(`goes back (${how}${restarts ? ', and everything is started anew' : ''})`)
  const ran = members.map(({ client }) => runningOf(client)?.digest)
  if (restarts) {
    await during(clock, Promise.all([serving.close(), beside?.close()]), 30_000)
    beside = undefined
  }
  await (how === 'copy' ? taken.putBack() : board.empty())
  const lostNow = log.slice(how === 'copy' ? taken.length : 0)
  if (restarts) {
    serving = serve(false)
    for (const { goTo } of members) goTo(serving.handler)
    // Until the fleet has said how far it is, nobody can know.
    await clock.advance(HEARD_MS)
    beside = startBeside()
  } else
    marks.lost(
      lostNow.map(({ digest }) => digest),
      clock.now() + TOLD_MS,
    )
  const before = log.length
  await clock.advance(TOLD_MS)
  const toldMs = clock.monotonic()
  if (!restarts && told.wentBack !== 1)
    violate(
      'what-is-lost-is-told',
      `${board.kind} went back, and the log of the server says so ${told.wentBack} times`,
    )
  await clock.advance(STALE_MS)
  for (const { kind, client } of members)
    if (client.status !== 'stale')
      violate(
        'nothing-proves-what-is-lost',
        `a client of ${kind} is ${client.status} minutes after ${board.kind} went back`,
      )

  const attempts = [
    [
      'publish',
      () => publisher.publish(next(), { rollout: everyone(), supersede: true, reason: 'simulation' }),
    ],
    ['rollback', () => publisher.rollback({ reason: 'simulation' })],
    ['kill', () => publisher.kill({ patch: { name: 'killed' }, reason: 'simulation' })],
    ['abort', () => publisher.abort({ reason: 'simulation' })],
  ] as const
  for (const [what, work] of attempts) {
    // Of what remembers nothing it is only known what the fleet says, and no report stands in the
    // way back.
    if (restarts && what !== 'publish') continue
    const outcome = await run(work())
    const code = 'code' in outcome ? outcome.code : 'nothing'
    if (code !== 'store-damaged')
      violate(
        'a-store-behind-refuses',
        `${what} over ${board.kind}, which went back, was refused with ${code}`,
      )
  }
  const steps = log.slice(before)
  if (steps.length > 0)
    violate(
      'no-step-on-what-went-back',
      `${steps.map(({ release }) => release.cause).join()} followed what ${board.kind} went back to`,
    )
  members.forEach(({ kind, client }, index) => {
    if (runningOf(client)?.digest !== ran[index])
      violate('nothing-is-taken-away', `a client of ${kind} changed since ${board.kind} went back`)
  })

  if (!restarts && markedMs > toldMs)
    violate('what-went-back-is-not-marked', `${board.kind} went back, and a server marks what it has`)

  const opened = await run(
    publisher.openEpoch({ reason: 'simulation', ...(how === 'empty' && { document: next() }) }),
  )
  if ('code' in opened) {
    violate('publishing-works-again', `no epoch could be opened over ${board.kind}: ${opened.code}`)
    return finish()
  }
  const healed = log.length
  await clock.advance(2 * MINUTE_MS)
  everybodyHas(opened, 'after a new epoch was opened')
  await clock.advance(5 * MINUTE_MS)
  if (log.length > healed)
    violate(
      'a-lost-rollout-is-over',
      `a controller went on with ${log.at(-1)?.release.cause} after the epoch that heals`,
    )
  const again = await run(publisher.publish(next(), { rollout: policy, reason: 'simulation' }))
  if ('code' in again) {
    violate('publishing-works-again', `nothing could be rolled out in the new epoch: ${again.code}`)
    return finish()
  }
  await clock.runUntil(() => log.at(-1)?.release.rollout?.state === 'watching', ROLLED_MS).catch(() => {})
  await clock.advance(MINUTE_MS)
  everybodyHas(again, 'after a rollout in the new epoch')
  if (inTheMiddle) met('a store went back in the middle of a rollout')
  return finish()

  async function copy(): Promise<{ readonly length: number; putBack(): Promise<void> }> {
    const putBack = await board.copy()
    note(`a copy is taken after ${log.length} releases`)
    return { length: log.length, putBack }
  }

  function everybodyHas({ digest }: Rollout, when: string): void {
    for (const { kind, client } of members) {
      if (runningOf(client)?.digest !== digest)
        violate('everybody-gets-there', `${when}, a client of ${kind} runs something else`)
      if (client.status !== 'ready')
        violate('everybody-gets-there', `${when}, a client of ${kind} is ${client.status}`)
    }
  }

  async function finish(): Promise<void> {
    listener.stop()
    await during(
      clock,
      Promise.all([...members.map(({ client }) => client.close()), publisher.close(), beside?.close()]),
      30_000,
    )
    await during(clock, serving.close(), 30_000)
    owner.kill()
  }
}
