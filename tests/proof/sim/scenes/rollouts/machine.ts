import { createHash } from 'node:crypto'
import { createClient, type Client } from '../../../../../src/client/client.js'
import { canonicalize } from '../../../../../src/core/json/canonical.js'
import type { Json } from '../../../../../src/contracts/json.js'
import type { ClientReport } from '../../../../../src/contracts/report.js'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'
import { stateFolder } from '../../../../../src/node/state/state-folder.js'
import { simDisk } from '../../../../../src/sim/disk.js'
import { seededDice } from '../../../../../src/sim/dice.js'
import { startProcess, type SimProcess } from '../../../../../src/sim/process.js'
import { pull } from '../../../../../src/strategies/pull.js'
import { push } from '../../../../../src/strategies/push.js'
import { schema, type Build, type Document } from '../../builds.js'
import { runningOf } from '../../running-of.js'
import type { SceneStage } from '../scene.js'
import { isOf, type Effects, type Share } from './effects.js'
import { readRelease } from './story.js'
import { layWire, type Wire } from './wire.js'

/** How long a snapshot has to run until it counts as good, in milliseconds. */
const SOAK_MS = 3_000

/** The longest until a machine starts again what died, in milliseconds. */
const RESTARTED_MS = 2_000

/** The namespace of the scene. */
export const ROLLED = 'shop/rolled'

/** What a client is. */
export interface MachinePlan {
  readonly name: string
  readonly build: Build
  readonly strategy: 'pull' | 'push'
  readonly disk: boolean
  readonly probe: boolean
  /** Where it stands: its ring and its cell, where the fleet has any. */
  readonly labels: Readonly<Record<string, string>>
}

/** How long a client ran a snapshot, without a break. */
export interface Run {
  readonly digest: string
  readonly fromMs: number
  toMs: number | undefined
}

/** Something that happened to a client which the fleet may take for a failure. */
export interface Trouble {
  readonly kind: 'death' | 'silence'
  readonly atMs: number
  toMs: number | undefined
}

/** A client machine, what watches over it, and what really happened there. */
export interface Machine {
  readonly plan: MachinePlan
  readonly client: Client<Document> | undefined
  readonly process: SimProcess | undefined
  readonly wire: Wire | undefined
  readonly runs: readonly Run[]
  readonly troubles: readonly Trouble[]
  /** When it was closed in order, or began to be. */
  readonly stops: readonly number[]
  /** What its own code refused, took back or died of, and when. */
  readonly refusals: readonly { readonly digest: string; readonly atMs: number }[]
  readonly reverts: readonly { readonly digest: string; readonly atMs: number }[]
  readonly deaths: readonly {
    readonly digests: readonly string[]
    /** What killed it; undefined where that was no document. */
    readonly of: string | undefined
    readonly atMs: number
  }[]
  /** Whether the wall clock of a life of it jumped. */
  readonly hasJumped: boolean
  /**
   * Whether it may hold a snapshot for guilty that came back with a reason: its wall clock went back
   * after its deaths, and what is held against a snapshot is forgiven until a time by that clock.
   */
  mayHold(digest: string): boolean
  /** The releases that it was brought, and when. */
  readonly heard: readonly { readonly sequence: number; readonly atMs: number; readonly life: number }[]
  readonly lives: number
  /** When strangers spoke under its name, and from when on they counted as silent. */
  readonly taken: { readonly atMs: number; readonly silentMs: number }[]
  /** When it was heard first. */
  firstHeardMs: number | undefined
  /** Whether it is gone for good. */
  readonly isGone: boolean
  start(): void
  /** Ends by SIGKILL, and is started again by what watches over it. */
  die(): void
  /** Closes in order, and starts anew unless it is gone for good. */
  stop(forGood: boolean): Promise<void>
  pause(): void
  jump(ms: number): void
  resume(): void
  cut(): void
  mend(): void
  mute(isMute: boolean): void
  /** It is told what stood there before, and nothing new. */
  lag(isLate: boolean): void
  /** What it died of is forgotten: that does no harm any more. */
  pardon(digest: string): void
  /** Nothing starts it again. */
  retire(): void
}

/** What machines share. */
export interface MachineWorld {
  readonly stage: SceneStage
  readonly store: CompleteStore
  readonly effects: Effects
  /** Whether probes are red everywhere, whatever runs. */
  readonly incident: () => boolean
  /** A process is about to parse a snapshot. */
  readonly parses: (machine: Machine, digest: string) => void
  /** A process has begun to run one. */
  readonly runs: (machine: Machine, digest: string) => void
  readonly died: (machine: Machine) => void
  readonly reported: (machine: Machine, reports: readonly ClientReport[]) => void
}

/** Makes a machine; nothing runs on it yet. */
export function makeMachine(world: MachineWorld, plan: MachinePlan): Machine {
  const { stage, store, effects } = world
  const { clock, seed, note } = stage
  const disk = simDisk(clock, seededDice(seed, `${plan.name} of rollouts`))
  const nowMs = (): number => clock.monotonic()
  let lives = 0
  let process: SimProcess | undefined
  let client: Client<Document> | undefined
  let wire: Wire | undefined
  let isGone = false
  let cut = false
  let muted = false
  let late = false
  const runs: Run[] = []
  const troubles: Trouble[] = []
  const stops: number[] = []
  const refusals: { digest: string; atMs: number }[] = []
  const reverts: { digest: string; atMs: number }[] = []
  const deaths: { digests: readonly string[]; of: string | undefined; atMs: number; wallMs: number }[] = []
  let hasJumped = false
  /** How far the wall clock of this life has jumped, in milliseconds. */
  let skewMs = 0
  const wallMs = (): number => nowMs() + skewMs
  const forgivenTooEarly = new Set<string>()
  const heard: { sequence: number; atMs: number; life: number }[] = []
  /** What this life has parsed and not yet left. */
  let tried = new Set<string>()

  const isHit = (of: Share): boolean => isOf(of, plan.build)
  const endRun = (): void => {
    const last = runs.at(-1)
    if (last !== undefined) last.toMs ??= nowMs()
  }
  const trouble = (kind: Trouble['kind']): Trouble => {
    const one: Trouble = { kind, atMs: nowMs(), toMs: kind === 'death' ? nowMs() : undefined }
    troubles.push(one)
    return one
  }
  const endSilence = (): void => {
    if (cut || muted || process?.running === false) return
    for (const one of troubles) one.toMs ??= nowMs()
  }
  const ends = (own: SimProcess, of?: string): void => {
    if (!own.alive) return
    own.kill()
    endRun()
    trouble('death')
    deaths.push({ digests: [...tried], of, atMs: nowMs(), wallMs: wallMs() })
    world.died(machine)
    note(`${own.name} dies`)
    clock.after(stage.dice.between(200, RESTARTED_MS), () => {
      if (process === own && !isGone) machine.start()
    })
  }

  const machine: Machine = {
    plan,
    get client() {
      return client
    },
    get process() {
      return process
    },
    get wire() {
      return wire
    },
    runs,
    troubles,
    stops,
    refusals,
    reverts,
    deaths,
    heard,
    taken: [],
    firstHeardMs: undefined,
    get lives() {
      return lives
    },
    get isGone() {
      return isGone
    },
    start() {
      lives += 1
      const life = lives
      tried = new Set()
      // A new life has the true time again.
      skewMs = 0
      const own = startProcess(`${plan.name}.${lives}`, { clock, seed })
      process = own
      const line = layWire(store, {
        own,
        nowMs,
        tells: {
          brought: bytes => void heard.push({ sequence: readRelease(bytes).sequence, atMs: nowMs(), life }),
          reported: reports => world.reported(machine, reports),
        },
      })
      wire = line
      if (cut) line.cut()
      line.mute = muted
      line.lag(late)
      const never = new Promise<never>(() => {})
      const backoff = { capMs: 2_000 }
      const life_ = createClient({
        namespace: ROLLED,
        schema: {
          '~standard': {
            ...schema['~standard'],
            validate(value: unknown) {
              const { n } = value as Document
              const digest = digestOfDocument(value as Json)
              if (own.alive) {
                tried.add(digest)
                world.parses(machine, digest)
              }
              const effect = effects.of(n)
              if (effect.type !== 'deadly' || effect.in !== 'schema' || !isHit(effect.of))
                return schema['~standard'].validate(value)
              ends(own, digest)
              return never
            },
          },
        } as typeof schema,
        strategy:
          plan.strategy === 'pull'
            ? pull(line.store, { pollIntervalMs: 4_000, backoff })
            : push(line.store, { backoff }),
        clientId: plan.name,
        build: plan.build,
        labels: plan.labels,
        soakMs: SOAK_MS,
        reports: { intervalMs: 20_000, batchMs: 300 },
        ...(plan.probe && {
          health: {
            probe: () => {
              if (world.incident()) return false
              const running = runningOf(life_)
              const effect = effects.of((running?.value as Document | undefined)?.n ?? 0)
              return !(effect.type === 'sick' && isHit(effect.of))
            },
            intervalMs: 2_000,
            timeoutMs: 1_000,
            confirmMs: 6_000,
          },
        }),
        validators: [
          {
            name: 'own',
            validate(value) {
              const effect = effects.of(value.n)
              if (effect.type === 'refused' && isHit(effect.of)) return { message: 'not here' }
              if (effect.type !== 'deadly' || effect.in !== 'validator' || !isHit(effect.of)) return
              ends(own, digestOfDocument(value as Json))
              return never
            },
          },
        ],
        ...(plan.disk && {
          state: stateFolder('/state', { fs: disk.mount(own), owner: own.owner, system: own.system }),
        }),
        system: own.system,
      })
      client = life_
      life_.ready({ timeoutMs: 1_000 }).catch(() => {})
      life_.on('change', ({ current, running, release }) => {
        if (!own.alive || running.digest === undefined) return
        const { digest } = running
        const before = runs.at(-1)
        endRun()
        // Taken back by its own probe.
        if (
          before !== undefined &&
          before.digest !== digest &&
          effects.of(nOf(before.digest)).type === 'sick'
        )
          reverts.push({ digest: before.digest, atMs: nowMs() })
        ofDigest.set(digest, current.n)
        runs.push({ digest, fromMs: nowMs(), toMs: undefined })
        world.runs(machine, digest)
        const effect = effects.of(current.n)
        if (effect.type !== 'deadly' || effect.in !== 'application' || !isHit(effect.of)) return
        // What kills later than that is held against nothing.
        const trialMs = Math.max(2 * SOAK_MS, release?.evidence?.bakeMs ?? 0) - 500
        own.clock.after(Math.min(effect.afterMs, trialMs), () => {
          if (own.alive && runningOf(life_)?.digest === digest) ends(own, digest)
        })
      })
      life_.on('rejected', ({ digest }) => {
        if (own.alive) refusals.push({ digest, atMs: nowMs() })
      })
      endSilence()
      note(`${own.name} starts`)
    },
    die() {
      if (process !== undefined) ends(process)
    },
    async stop(forGood) {
      const [own, closing] = [process, client]
      if (own?.running !== true || closing === undefined) return
      stops.push(nowMs())
      isGone ||= forGood
      // What cannot be said is not heard: then it is gone without a word.
      if (cut || muted) trouble('silence')
      await closing.close()
      if (!own.alive) return
      endRun()
      own.kill()
      note(`${own.name} has stopped`)
      if (process === own && !isGone) machine.start()
    },
    get hasJumped() {
      return hasJumped
    },
    jump(ms) {
      hasJumped = true
      skewMs += ms
      process?.skew(ms)
    },
    mayHold: digest => forgivenTooEarly.has(digest),
    pause() {
      if (process?.running !== true) return
      process.pause()
      trouble('silence')
    },
    resume() {
      process?.resume()
      endSilence()
    },
    cut() {
      cut = true
      wire?.cut()
      trouble('silence')
    },
    mend() {
      cut = false
      wire?.mend()
      endSilence()
    },
    mute(isMute) {
      muted = isMute
      if (wire !== undefined) wire.mute = isMute
      if (isMute) trouble('silence')
      else endSilence()
    },
    lag(isLate) {
      late = isLate
      wire?.lag(isLate)
    },
    pardon(digest) {
      // The first death alone makes it a suspect; with another one the next life finds that it is
      // guilty.
      const [, ...held] = deaths.filter(({ digests }) => digests.includes(digest))
      const latestMs = Math.max(...held.flatMap(death => [death.wallMs, death.atMs + RESTARTED_MS]))
      if (plan.disk && wallMs() < latestMs) forgivenTooEarly.add(digest)
      for (const list of [deaths, refusals, reverts] as { digest?: string; digests?: readonly string[] }[][])
        for (const one of [...list])
          if (one.digest === digest || one.digests?.includes(digest) === true)
            list.splice(list.indexOf(one), 1)
    },
    retire() {
      process?.resume()
      isGone = true
    },
  }
  /** What was published under a digest that ran here. */
  const ofDigest = new Map<string, number>()
  const nOf = (digest: string): number => ofDigest.get(digest) ?? 0
  return machine
}

/** The digest of a document. */
export function digestOfDocument(document: Json): string {
  return createHash('sha256').update(canonicalize(document)).digest('hex')
}
