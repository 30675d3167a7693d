import { createClient, type Client } from '../../../src/client/client.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { pull } from '../../../src/strategies/pull.js'
import { push } from '../../../src/strategies/push.js'
import { http } from '../../../src/transports/http/http.js'
import { runApplication } from './application.js'
import { DEFAULTS, type Build, madeOf, madeTextOf, overridesOf, SCHEMAS, type Document } from './builds.js'
import { PLAIN, type Configuration } from './configuration.js'
import { watchActivation } from './oracles/activation.js'
import { watchPrevious } from './oracles/previous.js'
import { REPORTS, type LifeReports } from './oracles/reports.js'
import { simDisk, type SimDisk } from '../../../src/sim/disk.js'
import { soundLink, type Link } from '../../../src/sim/link.js'
import { fetchOver, MAX_SNAPSHOT_BYTES, type Host } from './net.js'
import { NAMESPACE, PERIODS, SIDE } from './periods.js'
import type { ClientPlan } from './plan.js'
import { startSide, type SideClient } from './side-client.js'
import { watchStreams, type Streams } from './streams.js'
import { insteadOfLeft } from './left-on.js'
import { triedOn } from './tried-on.js'
import { watchWatches, type Watches } from './watches.js'
import { runningOf } from './running-of.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { seededDice, type Dice } from '../../../src/sim/dice.js'
import { checkReports, requestRate } from './requests.js'
import { isCode, judgeError, loggerOf, mustNotSay } from './values.js'
import type { World } from './world.js'

export { NAMESPACE, PERIODS, SIDE }

/** The longest until somebody starts an application again that crashed, in milliseconds. */
export const RESTART_MS = 2_000

/** What a client ran or refused for so long, in milliseconds, is on its disk. */
const WRITTEN_MS = 200

/** How long a closing application may take before it is killed, in milliseconds. */
const CLOSING_MS = 5_000

/** A client machine: its link, its disk, and the process that runs on it just now. */
export interface ClientActor {
  readonly plan: ClientPlan
  readonly link: Link
  readonly disk: SimDisk
  readonly strategy: Strategy
  readonly client: Client<Document> | undefined
  readonly process: SimProcess | undefined
  readonly streams: Streams | undefined
  /** Its watches of the namespace that every client follows. */
  readonly watches: Watches | undefined
  /** Whether it has asked for a document and waits for the answer. */
  readonly fetches: boolean
  /** What it tells the fleet in its present life. */
  readonly reports: LifeReports | undefined
  /** The second client of its process, where it has one. */
  readonly side: SideClient | undefined
  /** Whether this build of it refused that snapshot. */
  hasRefused(digest: string): boolean
  /**
   * Whether its process was killed while this build tried a snapshot: it is tried again only after
   * a while.
   */
  suspects(digest: string): boolean
  /**
   * Whether its process was killed twice while it tried something: that may be under quarantine.
   */
  readonly mayHoldSomething: boolean
  /** Takes over what its disk tells, which is a copy of another machine's. */
  inherit(past: Past): void
  /** Whether its participant vetoes. */
  vetoing: boolean
  /**
   * The token that it reads with, where one is needed: it may have expired, and the function that
   * gives it may fail.
   */
  badge: 'good' | 'expired' | 'lost'
  /**
   * Whether its application dies of some documents: the process is killed, and somebody starts it
   * again.
   */
  brittle: boolean
  /**
   * A copy of the machine with its disk: another name for oracles, the same client for the fleet.
   * Nothing runs on it yet.
   */
  copy(name: string): ClientActor
  start(): void
  kill(): void
  /** The same, and its disk keeps what was made durable alone. */
  losePower(): void
  /** Closes in order and starts anew, as a deployment does: with the next of its builds. */
  redeploy(): void
}

/** What the disk of a machine tells of its builds: texts of a build and a digest. */
interface Past {
  readonly refused: ReadonlySet<string>
  /** How often a process ended that tried a snapshot. */
  readonly deaths: ReadonlyMap<string, number>
  /** What is tried: whoever reads the disk elsewhere never hears how that ends. */
  readonly tried: readonly string[]
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
  let watches: Watches | undefined
  let appliedAtMs: number | undefined
  let committedAtMs = 0
  let fetching = 0
  let reports: LifeReports | undefined
  let side: SideClient | undefined
  /** What its builds refused, by build. */
  const refused = new Set<string>()
  const builds = plan.builds ?? ['b1']
  const buildNow = (): Build => builds[(lives - 1) % builds.length] ?? 'b1'
  const overridden = plan.overrides === true
  /** How often its process was killed while it tried a snapshot, by build and digest. */
  const deaths = new Map<string, number>()
  /**
   * Whether a snapshot may be under quarantine here: the second time, its process died of it alone.
   */
  const mayBeHeld = (name: string): boolean => (deaths.get(name) ?? 0) >= 2
  const countDeaths = (of: readonly string[]): void => {
    for (const name of of) deaths.set(name, (deaths.get(name) ?? 0) + 1)
  }
  /** What a process tries, by build and digest, as its disk tells. */
  const triedBy = ({ owner }: SimProcess): readonly string[] =>
    triedOn(machineDisk.files, { folder: `/state/${NAMESPACE}`, owner: owner.tag }).map(
      digest => `${buildNow()} ${digest}`,
    )
  const triedNow = (): readonly string[] => (process?.alive === true ? triedBy(process) : [])
  /** The document, as it was published, that ran last. */
  let ranLast: string | undefined
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
      twin.inherit({ refused, deaths, tried: triedNow() })
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
    get watches() {
      return watches
    },
    get fetches() {
      return fetching > 0
    },
    get reports() {
      return reports
    },
    get side() {
      return side
    },
    get mayHoldSomething() {
      return [...deaths.keys()].some(mayBeHeld)
    },
    inherit(past) {
      for (const name of past.refused) refused.add(name)
      for (const [name, count] of past.deaths) deaths.set(name, count)
      countDeaths(past.tried)
    },
    suspects: digest => deaths.has(`${buildNow()} ${digest}`),
    hasRefused: digest => refused.has(`${buildNow()} ${digest}`) || mayBeHeld(`${buildNow()} ${digest}`),
    start() {
      lives += 1
      const own = startProcess(`${plan.name}.${lives}`, world)
      process = own
      fetching = 0
      const startedMs = own.runsSinceMs
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
      const build = buildNow()
      const takes = (document: string | undefined): boolean =>
        document === undefined || madeOf(JSON.parse(document), build, overridden) !== undefined
      const beginsFromDisk = (): boolean => {
        const instead = insteadOfLeft(machineDisk.files, { folder: `/state/${NAMESPACE}` })
        if (instead === undefined) return takes(ranLast)
        return instead.some(digest => takes(truth.documentOf(digest)) && !actor.hasRefused(digest))
      }
      const mustBegin =
        !actor.vetoing &&
        plan.state &&
        machineDisk.injuries === 0 &&
        ranMs > 5_000 &&
        kept &&
        !actor.mayHoldSomething &&
        beginsFromDisk()
      const dice = own.system.random
      const ownReports = world.reports.life({
        own,
        ...identity,
        build,
        strategy: plan.strategy,
        keepsState: plan.state,
        client: () => life,
        hasRefused: digest => refused.has(`${build} ${digest}`),
        mayHold: digest => mayBeHeld(`${build} ${digest}`),
      })
      reports = ownReports
      const previous = watchPrevious(world, { own, made: document => madeOf(document, build, false) })
      const activation = watchActivation(world, {
        own,
        isSound: () =>
          !world.slowed &&
          own.runsSinceMs === startedMs &&
          // The first mark that a client hears may be as old as a heartbeat.
          nowMs() - (ownWatches.firstMarkMs ?? startedMs) > 1.2 * PERIODS.heartbeatMs,
      })
      const bare = http(base, {
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
      const ownWatches = watchWatches(NAMESPACE, nowMs)
      watches = ownWatches
      const transport = ownReports.over(ownWatches.over(bare))
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
      const state = plan.state
        ? stateFolder('/state', { fs: machineDisk.mount(own), system: own.system, owner: own.owner })
        : undefined
      const life = createClient({
        namespace: NAMESPACE,
        schema: SCHEMAS[build],
        strategy,
        ...identity,
        build,
        logger: loggerOf(world, plan.name),
        soakMs: REPORTS.soakMs,
        reports: { intervalMs: REPORTS.intervalMs, batchMs: REPORTS.batchMs },
        vetoRetryMs: 20_000,
        validators: [
          previous.validator,
          {
            name: 'time',
            validate(value) {
              activation.validated(canonicalize(value))
              ownReports.validated()
            },
          },
        ],
        ...(plan.defaults === true && { defaults: DEFAULTS }),
        ...(overridden && { overrides: overridesOf(own.system.platform) }),
        ...(state !== undefined && { state }),
        system: own.system,
      })
      client = life
      previous.watch(life)
      life.on('change', ({ current, running, release }) => {
        if (!own.alive) return
        if (running.origin !== 'defaults') ownReports.applied()
        if (running.origin === 'network') activation.committed(canonicalize(current), release)
        if (running.digest === undefined || running.position === undefined) return
        trace.add(
          plan.name,
          'runs',
          `${running.digest.slice(0, 12)} ${running.position.epoch}:${running.position.sequence} ${running.origin}`,
        )
        if (running.origin === 'state') sometimes.add('a client began from its disk')
        if (release?.candidate?.variants.some(({ digest }) => digest === running.digest))
          sometimes.add('a client ran a candidate')
        const valid = SCHEMAS[build].safeParse(current).success
        ranLast = truth.documentOf(running.digest)
        appliedAtMs ??= nowMs()
        committedAtMs = nowMs()
        truth.applied({
          client: plan.name,
          build,
          identity,
          digest: running.digest,
          document: valid ? canonicalize(current) : '',
          made: text => madeTextOf(text, build, overridden),
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
        refused.add(`${build} ${digest}`)
        ownReports.refused('rejected')
        mustNotSay(world, `a rejection of ${plan.name}`, event)
        if (!isCode(code))
          truth.violate('one-error-class', `${plan.name} refused a document with the code ${code}`)
        trace.add(plan.name, 'rejects', `${digest.slice(0, 12)} ${code}`)
        sometimes.add('a client rejected a document')
        // What overrides had a part in is asked again at the next start.
        const keeps = (): boolean => plan.state && machineDisk.injuries === 0 && !overridden
        const { written } = truth.refused({
          client: keeps() ? plan.name : own.name,
          life: own.name,
          build,
          digest,
        })
        clock.after(WRITTEN_MS, () => {
          if (own.running && keeps()) written()
        })
      })
      life.on('error', error => {
        if (!own.alive) return
        const code = judgeError(world, plan.name, error)
        if (code === 'vetoed') ownReports.refused('vetoed')
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
              if (own.alive && canonicalize(runningOf(life)?.value ?? null) !== mine)
                truth.violate('all-or-nothing', `${plan.name}: a participant switched and the client did not`)
            })
          },
        }),
      })
      let vetoed = false
      life.participate({
        name: 'pool',
        prepare() {
          vetoed = actor.vetoing
          if (vetoed) throw new Error('not now')
          return { commit() {} }
        },
      })
      if (mustBegin) {
        clock.after(1_500, () => {
          // The disk may have lied in this very start.
          if (machineDisk.injuries > 0) return
          if (own.running && !vetoed && own.runsSinceMs < nowMs() - 1_400 && life.status === 'starting')
            truth.violate(
              'a-restart-begins-from-what-ran',
              `${plan.name} has nothing after a restart, and its disk was sound`,
            )
        })
      }
      if (plan.reads === true)
        runApplication(world, { life, own, dice: seededDice(seed, `${own.name} reads`) })
      if (plan.side === true)
        side = startSide(world, {
          own,
          transport: bare,
          strategy: plan.strategy,
          options: { ...identity, build, ...(state !== undefined && { state }) },
        })
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
      countDeaths(triedNow())
      process?.kill()
      trace.add(plan.name, 'is killed')
    },
    losePower() {
      const own = process?.alive === true ? process : undefined
      const tried = triedNow()
      actor.kill()
      machineDisk.losePower()
      // A disk that kept less tells of what was tried before.
      if (own !== undefined) countDeaths(triedBy(own).filter(name => !tried.includes(name)))
    },
    redeploy() {
      const [own, ending] = [process, client]
      if (own?.alive !== true || ending === undefined) return actor.start()
      // Whoever stands still hears of nothing.
      if (!own.running) return
      reports?.closing()
      trace.add(plan.name, 'is redeployed')
      const next = (): void => {
        if (process !== own) return
        if (own.alive) actor.kill()
        actor.start()
      }
      // What does not end is ended.
      clock.after(CLOSING_MS, next)
      Promise.all([ending.close(), side?.client.close()]).then(() => {
        sometimes.add('a client was closed and started anew')
        next()
      }, next)
    },
  }
  return actor
}

function badgeOf({ badge }: ClientActor, readToken: string): string {
  if (badge === 'lost') throw new Error('the file with the token is gone')
  return badge === 'good' ? readToken : 'a-token-of-last-year'
}

/** How the text of a document ends that kills brittle applications. */
export const DEADLY = '-deadly'
