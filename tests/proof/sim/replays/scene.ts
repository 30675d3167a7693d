import { expect } from 'vitest'
import { comparePositions, formatPosition } from '../../../../src/contracts/position.js'
import { clientActor, type ClientActor } from '../client-actor.js'
import { simDisk, type SimDisk } from '../../../../src/sim/disk.js'
import type { Host } from '../net.js'
import { EVERY_WAY } from '../plan-of.js'
import type { ClientPlan } from '../plan.js'
import { publisherActor, type PublisherActor } from '../publisher-actor.js'
import { seededDice } from '../../../../src/sim/dice.js'
import { relayActor, serverActor, type ServerActor } from '../server-actor.js'
import { createWorld, type World } from '../world.js'
import { watchStream, type Fate, type Stream } from './stream.js'
import { drive } from './drive.js'

/** A request as the server's side answered it. */
export interface Answer {
  readonly atMs: number
  /** Whose request: a client's name, `relay` or `publisher`. */
  readonly who: string
  readonly method: string
  readonly path: string
  /** Whether it asked for something newer than a tag. */
  readonly conditional: boolean
  readonly status: number
}

/** What stands between somebody and the server: answers itself, or asks the server. */
export type Meddle = (
  request: Request,
  ask: (request: Request) => Promise<Response>,
  who: string,
) => Promise<Response>

/**
 * A server, its clients and a publisher on virtual time, with somebody in between who does what an
 * outage did.
 */
export interface Scene {
  readonly world: World
  readonly disk: SimDisk
  readonly server: ServerActor
  readonly relay: ReturnType<typeof relayActor>
  readonly clients: readonly ClientActor[]
  readonly publisher: PublisherActor
  /** Everything that was answered, in order. */
  readonly answers: readonly Answer[]
  /** Every event stream that was opened, in order. */
  readonly streams: readonly Stream[]
  /** Everybody asks the server while it is undefined. */
  meddle: Meddle | undefined
  /** Decides about a frame of somebody's stream before it goes on. */
  onFrame: ((text: string, who: string) => Fate) | undefined
  /** Publishes, and lets time pass until that is acknowledged. */
  publish(): Promise<void>
  /** Lets time pass until the work is done. */
  drive<T>(work: Promise<T>): Promise<T>
  /**
   * Lets time pass until everybody runs the newest release and is live; throws, saying who does
   * not, after that long.
   */
  everybodyIsCurrent(withinMs: number): Promise<void>
  /** Those who do not. */
  stragglers(): readonly string[]
  /** The answers of a kind that were given from a time on. */
  answered(what: Partial<Answer> & { readonly sinceMs?: number }): readonly Answer[]
  /** Closes everybody; nothing that always holds may have been broken, and nothing may be left. */
  end(): Promise<void>
}

export const POINTER = '/v1/shop/prod/release.json'
export const EVENTS = '/v1/~events'

/**
 * Sets a scene with everybody started and nothing published. A client for every way unless told.
 */
export async function setScene({
  seed = 1,
  clients = everyWay(),
}: { seed?: number; clients?: readonly ClientPlan[] } = {}): Promise<Scene> {
  const world = createWorld(seed)
  const { clock, truth } = world
  const disk = simDisk(clock, seededDice(seed, 'board disk'))
  const server = serverActor(world, 'server', disk)
  const answers: Answer[] = []
  const streams: Stream[] = []

  const through =
    (who: string, host: () => Host | undefined): (() => Host | undefined) =>
    () => {
      const real = host()
      return real && { ...real, fetch: request => pass(who, real, request) }
    }
  const pass = async (who: string, real: Host, request: Request): Promise<Response> => {
    const ask = (asked: Request): Promise<Response> => real.fetch(asked)
    const response = await (scene.meddle?.(request, ask, who) ?? ask(request))
    const { pathname } = new URL(request.url)
    answers.push({
      atMs: clock.monotonic(),
      who,
      method: request.method,
      path: pathname,
      conditional: request.headers.has('if-none-match'),
      status: response.status,
    })
    if (pathname !== EVENTS || response.status !== 200 || response.body === null) return response
    const stream = watchStream(who, response.body, {
      nowMs: () => clock.monotonic(),
      onFrame: text => scene.onFrame?.(text, who) ?? 'pass',
    })
    streams.push(stream)
    return new Response(stream.body, { status: 200, headers: response.headers })
  }

  const relay = relayActor(world, 'relay', through('relay', server.host))
  const scene: Scene = {
    world,
    disk,
    server,
    relay,
    clients: clients.map(plan =>
      clientActor(world, plan, through(plan.name, plan.relayed ? relay.host : server.host)),
    ),
    publisher: publisherActor(world, through('publisher', server.host)),
    answers,
    streams,
    meddle: undefined,
    onFrame: undefined,
    async publish() {
      expect(await scene.drive(scene.publisher.publish())).toBe(true)
    },
    drive: work => drive(clock, work),
    async everybodyIsCurrent(withinMs) {
      await clock.runUntil(() => scene.stragglers().length === 0, withinMs).catch(() => {})
      expect(scene.stragglers()).toEqual([])
    },
    stragglers: () => scene.clients.flatMap(client => straggling(world, client) ?? []),
    answered: ({ sinceMs = 0, ...what }) =>
      answers.filter(
        answer =>
          answer.atMs >= sinceMs &&
          Object.entries(what).every(([name, value]) => answer[name as keyof Answer] === value),
      ),
    async end() {
      scene.meddle = undefined
      scene.onFrame = undefined
      await scene.drive(
        Promise.all(
          scene.clients.flatMap(({ client, reports }) => {
            reports?.closing()
            return client?.close() ?? []
          }),
        ),
      )
      await clock.advance(1_000)
      expect(streams.filter(({ who, endedAtMs }) => endedAtMs === undefined && who !== 'relay')).toEqual([])
      await scene.drive(Promise.all([relay, server].flatMap(({ host }) => host()?.close() ?? [])))
      for (const { process } of [scene.publisher, relay, server, ...scene.clients]) process?.kill()
      await clock.advance(60_000)
      for (const [path, bytes] of disk.files)
        if (path.includes('/releases/') && path.endsWith('.json')) truth.released(bytes, 'the log')
      truth.checkFollowed()
      expect(truth.violations).toEqual([])
      expect(clock.pending).toBe(0)
    },
  }
  server.start()
  if (clients.some(({ relayed }) => relayed)) relay.start()
  for (const client of scene.clients) client.start()
  await clock.advance(1_000)
  return scene
}

/** A client for every strategy, direct and relayed, each with a state folder. */
export function everyWay(): readonly ClientPlan[] {
  return EVERY_WAY.map(way => ({
    ...way,
    name: `${way.strategy}-${way.relayed ? 'relayed' : 'direct'}`,
    state: true,
    region: 'eu',
  }))
}

function straggling({ truth }: World, { plan, client }: ClientActor): string | undefined {
  const newest = truth.newestAcknowledged
  if (newest === undefined || client === undefined) return undefined
  const position = client.status === 'starting' ? undefined : client.running.position
  if (position !== undefined && comparePositions(position, newest) === 'same')
    return client.status === 'ready' ? undefined : `${plan.name} is ${client.status}`
  return `${plan.name} runs ${position === undefined ? 'nothing' : formatPosition(position)}`
}
