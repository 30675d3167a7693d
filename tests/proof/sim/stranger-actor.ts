import { z } from 'zod'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { httpStore } from '../../../src/transports/http/http-store.js'
import { NAMESPACE, PERIODS } from './client-actor.js'
import type { Configuration } from './configuration.js'
import { guestOf } from './guest.js'
import { soundLink } from '../../../src/sim/link.js'
import { fetchOver, MAX_SNAPSHOT_BYTES, type Host } from './net.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { TOKEN, type RelayActor, type ServerActor } from './server-actor.js'
import { drawRequest, type StrangeRequest } from './stranger-requests.js'
import { judgeError, loggerOf, SECRET } from './values.js'
import type { World } from './world.js'

/**
 * A second namespace on the board, whose documents are longer than what waits for a slow reader.
 */
const OTHER = 'shop/stage'

/** What docs/formats.md has for an answer. 500 is not among them. */
const STATUSES: ReadonlySet<number> = new Set([
  200, 201, 204, 304, 400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 501, 503,
])

/** Those who are not of the fleet: they ask anything, and hear no more than they may. */
export interface StrangerActor {
  /** Comes for a while, and asks everybody. */
  come(lastsMs: number): void
  /** Is gone at once. */
  leave(): void
}

/** Makes a {@link StrangerActor}. */
export function strangerActor(
  world: World,
  { base, readToken }: Configuration,
  { servers, relay, edge }: { servers: readonly ServerActor[]; relay: RelayActor; edge: RelayActor },
): StrangerActor {
  const { clock, truth, trace, sometimes } = world
  const processes: SimProcess[] = []

  const start = (kind: string): SimProcess => {
    const own = startProcess(`${kind}.${processes.length}`, world)
    processes.push(own)
    return own
  }
  const anyOf = (actors: readonly ServerActor[]): Host | undefined =>
    actors.flatMap(({ host }) => host() ?? [])[0]

  /** The owner of the second namespace, whose documents are nobody's secret here. */
  const publishOther = async (): Promise<void> => {
    const own = start('owner')
    const dice = own.system.random
    const fetch = fetchOver({
      world: clock, trace, dice, client: own, link: soundLink(), host: () => anyOf([edge, ...servers]), onRequest() {},
    }) // prettier-ignore
    const store = httpStore(base, {
      system: { clock: own.clock },
      timeoutMs: PERIODS.timeoutMs,
      fetch,
      token: TOKEN,
    })
    const publisher = createPublisher({
      namespace: OTHER, store, schema: z.object({ text: z.string() }), system: own.system, logger: loggerOf(world, own.name),
    }) // prettier-ignore
    for (let left = 2; left > 0; left -= 1) {
      try {
        const text = `${dice.between(1, 1_000_000)}${'y'.repeat(20_000)}`
        await publisher.publish({ text }, { rollout: everyone(), reason: 'simulation', supersede: true })
        sometimes.add('a second namespace was published to')
      } catch (error) {
        if (own.alive) judgeError(world, `publishing to ${OTHER}`, error)
      }
      await own.clock.sleep(3_000, never())
    }
  }

  const judge = (
    { method, path, headers = {} }: StrangeRequest,
    status: number,
    text: string | undefined,
  ): void => {
    const asked = `${method} ${path.slice(0, 80)}`
    const token = headers['authorization']?.slice('Bearer '.length)
    const mayRead = readToken === undefined || token === readToken || token === TOKEN
    if (!STATUSES.has(status))
      truth.violate('strangers-get-an-answer', `${asked} was answered with ${status}`)
    if (
      !mayRead &&
      (status < 400 || status === 404) &&
      (method === 'GET' || method === 'HEAD') &&
      isRead(path)
    )
      truth.violate('strangers-learn-nothing', `${asked} was answered with ${status} without a token`)
    if (text === undefined) return
    if (text.includes(TOKEN) || (readToken !== undefined && text.includes(readToken)))
      truth.violate('strangers-learn-nothing', `${asked} was answered with a token`)
    if (text.includes(SECRET) && !(mayRead && status === 200))
      truth.violate('strangers-learn-nothing', `${asked} was answered with a value (${status})`)
    if (status >= 400 && method !== 'HEAD' && !/^\{"error":\{"code":"[a-z-]+","message":/.test(text))
      truth.violate('strangers-get-an-answer', `${asked} was refused with ${status} in a form of its own`)
  }

  const ask = async (own: SimProcess, host: () => Host | undefined, lastsMs: number): Promise<void> => {
    const dice = own.system.random
    const link = soundLink()
    const lazy = { ...soundLink(), stalled: true }
    const [quick, stalled] = [link, lazy].map(each =>
      fetchOver({ world: clock, trace, dice, client: own, link: each, host, onRequest() {} }),
    ) as [ReturnType<typeof fetchOver>, ReturnType<typeof fetchOver>]

    /** Reads a stream for a while, and leaves it: in order, or as a program that dies. */
    const listen = async (response: Response, gone: AbortController): Promise<string> => {
      const reader = response.body?.getReader()
      const decoder = new TextDecoder()
      let text = ''
      own.clock.after(dice.between(200, 12_000), () => {
        if (dice.chance(0.5)) gone.abort()
        else void reader?.cancel().catch(() => {})
      })
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
        text += decoder.decode(next.value, { stream: true })
      return text
    }
    const send = async (request: StrangeRequest): Promise<void> => {
      const gone = new AbortController()
      const { method, path, headers = {}, body } = request
      let status = 0
      let text: string | undefined
      try {
        const response = await (request.stalled === true ? stalled : quick)(`${base}/${path}`, {
          method, headers: { ...headers }, signal: gone.signal, redirect: 'manual', cache: 'no-store', ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
        }) // prettier-ignore
        status = response.status
        const stream = response.headers.get('content-type') === 'text/event-stream'
        text = stream ? await listen(response, gone) : await response.text()
        if (stream) sometimes.add('a stranger heard a stream')
      } catch {
        // The server is gone, or was never there.
      }
      if (!own.alive) return
      trace.add(own.name, 'asks', `${method} ${path.slice(0, 60)} ${status} ${text?.length ?? 'cut'}`)
      if (status === 0) return
      judge(request, status, text)
      sometimes.add(`a stranger was answered with ${status}`)
    }
    const { newestAcknowledged: position, acknowledgedReleases } = truth
    const known = {
      namespace: NAMESPACE,
      other: OTHER,
      position,
      digest: [...acknowledgedReleases.values()].at(-1) ?? '0'.repeat(64),
      writeToken: TOKEN,
    }
    for (let left = REQUESTS; left > 0; left -= 1) {
      // Streams go on beside what is asked next.
      const sent = send(withToken(drawRequest(dice, known), dice.chance(0.6) ? readToken : undefined))
      await Promise.race([sent, own.clock.sleep((lastsMs * dice.number() * 2) / REQUESTS, never())])
    }
  }

  return {
    come(lastsMs) {
      void publishOther()
      for (const host of [edge.host, () => anyOf([...servers, relay])])
        void ask(start('stranger'), host, lastsMs)
      const own = start('guest')
      const dice = own.system.random
      const link = soundLink()
      link.proxy = dice.pick(['none', 'none', 'noisy', 'grumpy'])
      const fetch = fetchOver({
        world: clock, trace, dice, client: own, link, host: () => anyOf([relay, ...servers]), onRequest() {},
      }) // prettier-ignore
      void guestOf(world, {
        own,
        dice,
        lastsMs,
        namespaces: [NAMESPACE, OTHER],
        transport: httpStore(base, {
          system: { clock: own.clock },
          timeoutMs: PERIODS.timeoutMs,
          maxSnapshotBytes: MAX_SNAPSHOT_BYTES,
          logger: loggerOf(world, own.name),
          token: TOKEN,
          fetch,
        }),
      })
    },
    leave() {
      for (const own of processes) own.kill()
    },
  }
}

/** A process that is killed sleeps no more; nothing else ends a sleep here. */
const never = (): AbortSignal => new AbortController().signal

/** How much one stranger asks in a visit. */
const REQUESTS = 14

function withToken(request: StrangeRequest, token: string | undefined): StrangeRequest {
  return token === undefined || request.headers?.['authorization'] !== undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } }
}

/** Whether a path leads to something that readers need a token for, where there is one. */
function isRead(path: string): boolean {
  return /^v1\/(shop\/\w+\/(release\.json|snapshots\/[0-9a-f]{64}\.json|schema\.json)|~events)/.test(path)
}
