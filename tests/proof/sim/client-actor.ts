import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/client.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { pull } from '../../../src/strategies/pull.js'
import { push } from '../../../src/strategies/push.js'
import { http } from '../../../src/transports/http/http.js'
import { PLAIN, type Configuration } from './configuration.js'
import { simDisk, type SimDisk } from '../../../src/sim/disk.js'
import { soundLink, type Link } from '../../../src/sim/link.js'
import { fetchOver, MAX_SNAPSHOT_BYTES, type Host } from './net.js'
import type { ClientPlan } from './plan.js'
import { watchStreams, type Streams } from './streams.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { seededDice, type Dice } from '../../../src/sim/dice.js'
import { checkReports, requestRate } from './requests.js'
import { isCode, judgeError, loggerOf, mustNotSay } from './values.js'
import type { World } from './world.js'

export const NAMESPACE = 'shop/prod'
export const schema = z.object({ n: z.number().int().min(1), name: z.string() })
export type Document = z.output<typeof schema>

/** Periods of the simulated fleet, in milliseconds: short, so that a history holds many of them. */
export const PERIODS = {
  intervalMs: 10_000,
  sweepIntervalMs: 120_000,
  heartbeatMs: 10_000,
  retryCapMs: 8_000,
  timeoutMs: 10_000,
} as const

/** The longest until somebody starts an application again that crashed, in milliseconds. */
export const RESTART_MS = 2_000

/** What a client ran or refused for so long, in milliseconds, is on its disk. */
const WRITTEN_MS = 200

/** A client machine: its link, its disk, and the process that runs on it just now. */
export interface ClientActor {
  readonly plan: ClientPlan
  readonly link: Link
  readonly disk: SimDisk
  readonly strategy: Strategy
  readonly client: Client<Document> | undefined
  readonly process: SimProcess | undefined
  readonly streams: Streams | undefined
  /** Whether it has asked for a document and waits for the answer. */
  readonly fetches: boolean
  /** Whether its participant vetoes. */
  vetoing: boolean
  /** The token that it reads with, where one is needed: it may have expired, and the function that gives it may fail. */
  badge: 'good' | 'expired' | 'lost'
  /** Whether its application dies of some documents: the process is killed, and somebody starts it again. */
  brittle: boolean
  /** A copy of the machine with its disk: another name for oracles, the same client for the fleet. Nothing runs on it yet. */
  copy(name: string): ClientActor
  start(): void
  kill(): void
}

/** Makes a client machine; nothing runs on it yet. */
export function clientActor(
  world: World,
  plan: ClientPlan,
  host: () => Host | undefined,
  { base, readToken }: Configuration = PLAIN,
): ClientActor {
  const { clock, truth, trace, seed, sometimes } = world
  const link = soundLink()
  const clientId = plan.clientId ?? plan.name
  const identity = { clientId, labels: { region: plan.region } }
  const machineDisk = simDisk(clock, seededDice(seed, `${plan.name} disk`))
  let lives = 0
  let client: Client<Document> | undefined
  let process: SimProcess | undefined
  let strategy: Strategy | undefined
  let streams: Streams | undefined
  let appliedAtMs: number | undefined
  let committedAtMs = 0
  let fetching = 0
  /** Whether the last life had the time to write down what it ran. */
  let kept = true

  /** Dies of a document, at once or after a while, and is started again by what watches over it. */
  const die = (own: SimProcess, dice: Dice): void => {
    clock.after(dice.chance(0.5) ? dice.between(0, 30) : dice.between(200, 3_000), () => {
      if (!own.running || process !== own || !actor.brittle) return
      sometimes.add('an application crashed on a document')
      actor.kill()
      clock.after(dice.between(200, RESTART_MS), () => {
        if (process === own) actor.start()
      })
    })
  }

  const actor: ClientActor = {
    plan,
    link,
    disk: machineDisk,
    vetoing: false,
    badge: 'good',
    brittle: false,
    copy(name) {
      const twin = clientActor(world, { ...plan, name, clientId }, host, { base, readToken, options: {} }) // prettier-ignore
      twin.disk.restore(machineDisk.copy())
      truth.copied(plan.name, name)
      return twin
    },
    get strategy() {
      if (strategy === undefined) throw new Error('not started')
      return strategy
    },
    get client() {
      return client
    },
    get process() {
      return process
    },
    get streams() {
      return streams
    },
    get fetches() {
      return fetching > 0
    },
    start() {
      lives += 1
      const own = startProcess(`${plan.name}.${lives}`, world)
      process = own
      fetching = 0
      const nowMs = (): number => clock.monotonic()
      const ownStreams = watchStreams({
        process: own,
        nowMs,
        heartbeatMs: PERIODS.heartbeatMs,
        violate: truth.violate,
        onNoticed: () => sometimes.add('a half-open stream was noticed'),
      })
      streams = ownStreams
      const requests = requestRate(world, own)
      // What ran for a while on a sound disk must be there again, whatever the network does.
      const ranMs = appliedAtMs === undefined ? 0 : nowMs() - appliedAtMs
      const mustBegin = !actor.vetoing && plan.state && machineDisk.injuries === 0 && ranMs > 5_000 && kept
      const dice = own.system.random
      const transport = http(base, {
        system: { clock: own.clock },
        timeoutMs: PERIODS.timeoutMs,
        maxSnapshotBytes: MAX_SNAPSHOT_BYTES,
        token: readToken && (() => badgeOf(actor, readToken)),
        fetch: fetchOver({
          world: clock,
          dice: seededDice(seed, `${own.name} net`),
          client: own,
          trace,
          host,
          link,
          onSend(method, path, body) {
            requests()
            if (path.includes('/snapshots/')) fetching += 1
            if (method === 'POST') checkReports(world, own, { client: plan.name, identity }, body)
          },
          onChunk: (chunk, server) => world.marks.heard(chunk, server.relay),
          onStream: ownStreams.opened,
          onRequest(method, path, status) {
            if (path.includes('/snapshots/')) fetching -= 1
            trace.add(plan.name, 'request', `${method} ${path.split('?')[0]} ${status}`)
          },
        }),
      })
      const { intervalMs, sweepIntervalMs, retryCapMs, timeoutMs } = PERIODS
      const watching = {
        pollIntervalMs: intervalMs,
        sweepIntervalMs,
        backoff: { capMs: retryCapMs },
        timeoutMs,
        maxConnectionAgeMs: 40_000,
      }
      strategy =
        plan.strategy === 'pull'
          ? pull(transport, {
              pollIntervalMs: intervalMs,
              sweepIntervalMs,
              backoff: { capMs: retryCapMs },
              timeoutMs,
            })
          : plan.strategy === 'push'
            ? push(transport, watching)
            : hybrid(transport, watching)
      const life = createClient({
        namespace: NAMESPACE,
        schema,
        strategy,
        ...identity,
        build: 'b1',
        logger: loggerOf(world, plan.name),
        soakMs: 20_000,
        reports: { intervalMs: 30_000 },
        vetoRetryMs: 20_000,
        ...(plan.state && {
          state: stateFolder('/state', {
            fs: machineDisk.mount(own),
            system: own.system,
            owner: own.owner,
          }),
        }),
        system: own.system,
      })
      client = life
      life.on('change', ({ current, running, release }) => {
        if (!own.alive || running.digest === undefined || running.position === undefined) return
        trace.add(
          plan.name,
          'runs',
          `${running.digest.slice(0, 12)} ${running.position.epoch}:${running.position.sequence} ${running.origin}`,
        )
        if (running.origin === 'state') sometimes.add('a client began from its disk')
        if (release?.candidate?.variants.some(({ digest }) => digest === running.digest))
          sometimes.add('a client ran a candidate')
        const valid = schema.safeParse(current).success
        appliedAtMs ??= nowMs()
        committedAtMs = nowMs()
        truth.applied({
          client: plan.name,
          build: 'b1',
          identity,
          digest: running.digest,
          document: valid ? canonicalize(current) : '',
          valid,
          position: running.position,
          keepsState: plan.state && machineDisk.injuries === 0 && kept,
          fromDisk: running.origin === 'state',
        })
        if (running.origin !== 'state') kept = true
      })
      life.on('rejected', event => {
        if (!own.alive) return
        const { digest, code } = event
        mustNotSay(world, `a rejection of ${plan.name}`, event)
        if (!isCode(code))
          truth.violate('one-error-class', `${plan.name} refused a document with the code ${code}`)
        trace.add(plan.name, 'rejects', `${digest.slice(0, 12)} ${code}`)
        sometimes.add('a client rejected a document')
        const keeps = (): boolean => plan.state && machineDisk.injuries === 0
        const { written } = truth.refused({
          client: keeps() ? plan.name : own.name,
          life: own.name,
          build: 'b1',
          digest,
        })
        clock.after(WRITTEN_MS, () => {
          if (own.running && keeps()) written()
        })
      })
      life.on('error', error => {
        if (!own.alive) return
        const code = judgeError(world, plan.name, error)
        trace.add(plan.name, 'error', code)
        sometimes.add(`a client met ${code}`)
      })
      life.participate({
        name: 'cache',
        prepare: next => ({
          commit() {
            if (actor.brittle && next.name.endsWith(DEADLY)) die(own, dice)
            const mine = canonicalize(next)
            queueMicrotask(() => {
              if (own.alive && textOf(life) !== mine)
                truth.violate('all-or-nothing', `${plan.name}: a participant switched and the client did not`)
            })
          },
        }),
      })
      life.participate({
        name: 'pool',
        prepare() {
          if (actor.vetoing) throw new Error('not now')
          return { commit() {} }
        },
      })
      if (mustBegin) {
        clock.after(1_500, () => {
          // The disk may have lied in this very start.
          if (machineDisk.injuries > 0) return
          if (
            own.running &&
            !actor.vetoing &&
            own.runsSinceMs < nowMs() - 1_400 &&
            life.status === 'starting'
          )
            truth.violate(
              'a-restart-begins-from-what-ran',
              `${plan.name} has nothing after a restart, and its disk was sound`,
            )
        })
      }
      trace.add(plan.name, 'starts', `life ${lives}`)
      life.ready({ timeoutMs: 1_000 }).catch(() => {})
    },
    kill() {
      // Who has run nothing yet has kept nothing either.
      kept =
        kept &&
        process?.running === true &&
        clock.monotonic() - Math.max(committedAtMs, process.runsSinceMs) > WRITTEN_MS
      if (process?.alive === true && clock.monotonic() - committedAtMs < 1_000)
        sometimes.add('a client was killed right after a commit')
      process?.kill()
      trace.add(plan.name, 'is killed')
    },
  }
  return actor
}

function badgeOf({ badge }: ClientActor, readToken: string): string {
  if (badge === 'lost') throw new Error('the file with the token is gone')
  return badge === 'good' ? readToken : 'a-token-of-last-year'
}

/** What a client runs; undefined while it has nothing. */
function textOf(client: Client<Document>): string | undefined {
  try {
    return canonicalize(client.current)
  } catch {
    // It says so by throwing.
    return undefined
  }
}

/** How the text of a document ends that kills brittle applications. */
export const DEADLY = '-deadly'
