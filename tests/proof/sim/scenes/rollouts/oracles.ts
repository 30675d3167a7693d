import type { ClientReport } from '../../../../../src/contracts/report.js'
import type { Document } from '../../builds.js'
import type { SceneStage } from '../scene.js'
import type { ControllerActor } from './controllers.js'
import { BAKE_MS, type Effects } from './effects.js'
import { createGateOracles } from './gate-oracles.js'
import type { Gates } from './gates.js'
import { ROLLED, type Machine } from './machine.js'
import { createStageOracles } from './stage-oracles.js'
import { isIn, isNamedFor, mayRun, named, type PlainRelease, type Step, type Story } from './story.js'
import type { Stranger } from './strangers.js'

/** What a client was told so long ago, in milliseconds, it goes by, also when it starts anew. */
const WRITTEN_MS = 3_000

/**
 * How long what has gone wrong with a client speaks against it, in milliseconds: three of its
 * longest report periods.
 */
const REMEMBERED_MS = 75_000

/** How long a client that hears everything may run what it was told to leave, in milliseconds. */
const LEAVING_MS = 20_000

/**
 * How long after a rollout's `decideBy` a controller that is well may take to say so, in
 * milliseconds.
 */
const ALARM_MS = 20_000

/** How long a controller that is well may take to hear a client and to act, in milliseconds. */
const HEEDED_MS = 15_000

/** What the oracles look at. */
export interface Judged {
  readonly stage: SceneStage
  readonly story: () => Story
  readonly machines: readonly Machine[]
  readonly controllers: readonly ControllerActor[]
  readonly effects: Effects
  /** The documents that were put, by digest. */
  readonly documents: ReadonlyMap<string, Document>
  /** When probes were made red everywhere. */
  readonly incidents: readonly number[]
  readonly gates: Gates
  /** Strangers who spoke under names of their own. */
  readonly strangers: readonly Stranger[]
}

/** Judges what happens in a world of rollouts from what really happened there. */
export interface Oracles {
  /** A client is about to parse, or begins to run, a snapshot. */
  runs(machine: Machine, digest: string, how: 'parses' | 'runs'): void
  /** A process of a client has ended without a word. */
  died(machine: Machine): void
  /** A document does no harm any more, and comes back with a reason. */
  pardoned(digest: string): void
  reported(machine: Machine, reports: readonly ClientReport[]): void
  step(step: Step, before: Step | undefined): void
  /** Every so often. */
  look(): void
  /** Milliseconds of the world's clock from what the store stamps. */
  sinceStart(time: string): number
}

/** What a client said of a snapshot, as it reached the store. */
interface Said {
  readonly machine: Machine
  readonly digest: string
  readonly atMs: number
  readonly verdict: string
}

/** What is done in an incident. */
const BY_HAND: ReadonlySet<string> = new Set(['rollback', 'abort', 'retreat', 'kill'])

const CLAIMS: ReadonlySet<string> = new Set(['rejected', 'reverted', 'quarantined'])
const FAILURES = ['rejected', 'reverted', 'quarantined', 'vetoed', 'abrupt', 'vanished', 'silent'] as const

/** Makes {@link Oracles}. */
export function createOracles(judged: Judged): Oracles {
  const { stage, story, machines, controllers, effects, documents, incidents, gates, strangers } = judged
  const { clock, violate, met } = stage
  const ofGates = createGateOracles({ stage, gates, controllers })
  const ofStages = createStageOracles(stage, machines)
  const nowMs = (): number => clock.monotonic()
  const beganMs = clock.now() - clock.monotonic()
  const sinceStart = (time: string): number => Date.parse(time) - beganMs
  const said: Said[] = []
  /** What came back: it is tried again. */
  const back = new Set<string>()
  const ended = new Set<string>()
  /** Rollouts and the stages that they have begun. */
  const begun = new Set<string>()
  /** The last audience of each rollout, by its id. */
  const audiences = new Map<string, NonNullable<PlainRelease['audience']>>()
  /** What the last kill made of the documents. */
  let killedName: string | undefined

  const names = (): readonly string[] => machines.map(({ plan }) => plan.name)
  const exposedBy = (audience: PlainRelease['audience']): ReadonlySet<string> =>
    new Set(
      audience === undefined ? [] : machines.flatMap(({ plan }) => (isIn(audience, plan) ? [plan.name] : [])),
    )
  /** Whether something kept the fleet from hearing a client as it is, at some time since then. */
  const isTroubled = ({ troubles }: Machine, fromMs: number, untilMs: number): boolean =>
    troubles.some(({ atMs, toMs = Number.POSITIVE_INFINITY }) => atMs <= untilMs && toMs >= fromMs)
  const hasStopped = ({ stops }: Machine, fromMs: number): boolean => stops.some(atMs => atMs >= fromMs)

  return {
    sinceStart,

    pardoned: digest => void back.add(digest),

    died({ plan, deaths, hasJumped }) {
      const of = deaths.at(-1)?.of
      if (of === undefined || back.has(of) || !plan.disk || hasJumped) return
      const times = deaths.filter(death => death.of === of).length
      // What ended it meanwhile for another reason acquits what it tried, or ran something instead
      // of.
      const first = deaths.findIndex(death => death.of === of)
      const others = deaths.filter(
        (death, index) => death.of !== of && (death.digests.includes(of) || index > first),
      ).length
      if (times > 2 + others)
        violate('two-deaths-at-most', `${plan.name} has died ${times} times of ${of.slice(0, 8)}`)
    },

    runs(machine, digest, how) {
      const { heard, plan, lives } = machine
      const isHeld = said.some(
        one =>
          one.machine === machine &&
          one.digest === digest &&
          one.verdict === 'quarantined' &&
          !back.has(digest),
      )
      if (isHeld && !machine.hasJumped && plan.disk)
        violate(
          'no-verdict-twice',
          `${plan.name} ${how} ${digest.slice(0, 8)}, which it has under quarantine`,
        )
      if (how === 'runs') checkUndone(machine, digest)
      const own = heard.filter(({ life }) => plan.disk || life === lives)
      const newest = Math.max(0, ...own.map(({ sequence }) => sequence))
      const settled = Math.max(
        0,
        ...own.filter(({ atMs }) => nowMs() - atMs >= WRITTEN_MS).map(({ sequence }) => sequence),
      )
      for (let sequence = newest; sequence >= Math.max(1, settled); sequence -= 1)
        if (mayRun(story(), { sequence, who: plan, digest })) return
      violate(
        'audience',
        `${plan.name} ${how} ${digest.slice(0, 8)}, which none of the releases ${settled} to ${newest} gives it`,
      )
    },

    reported(machine, reports) {
      for (const { phase, refused, verdicts = [], code } of reports) {
        machine.firstHeardMs ??= nowMs()
        const claims = [
          ...(CLAIMS.has(phase) && refused !== undefined && code !== 'unsupported'
            ? [{ digest: refused, verdict: phase }]
            : []),
          ...verdicts.filter(({ verdict }) => CLAIMS.has(verdict)),
        ]
        for (const { digest, verdict } of claims) {
          if (said.some(one => one.machine === machine && one.digest === digest)) continue
          said.push({ machine, digest, verdict, atMs: nowMs() })
          const isInnocent = !effects.harmed(documents.get(digest)?.n ?? 0)
          const deaths = machine.deaths.filter(({ digests }) => digests.includes(digest))
          if (verdict === 'quarantined' && isInnocent && deaths.length < 2)
            violate(
              'innocent-is-not-quarantined',
              `${machine.plan.name} has ${digest.slice(0, 8)} under quarantine after ${deaths.length} deaths`,
            )
          if (verdict === 'quarantined') met('a client of a rollout quarantined what killed it')
        }
      }
    },

    step(step, before) {
      const { release } = step
      checkKill(release)
      const { rollout } = release
      if (rollout === undefined) return
      const was = before?.release.rollout?.id === rollout.id ? before.release : undefined
      checkOrder(step, was)
      ofStages.step(release, was, audiences.get(rollout.id))
      checkExposure(release)
      if (was?.rollout !== undefined && rollout.controller !== 'publisher') {
        met('a controller took a step')
        checkEvidence(step, was)
        const goesOn =
          was.rollout.state === 'running' &&
          ((rollout.state === 'running' && rollout.stage > was.rollout.stage) || rollout.state === 'watching')
        if (rollout.plan.type === 'timed') checkTime(step, was)
        else if (goesOn) {
          checkEarned(step, was)
          ofGates.wentOn(step, was)
        } else if (rollout.state === 'rolled-back' || rollout.state === 'retreated') checkBlame(step, was)
      }
      if (rollout.state === 'rolled-back' || rollout.state === 'completed') ended.add(rollout.id)
    },

    look() {
      const step = story().newest
      if (step !== undefined) ofGates.look(step)
      for (const { plan, process, wire, runs, heard } of machines) {
        const run = runs.at(-1)
        const last = heard.at(-1)
        if (run === undefined || last === undefined || run.toMs !== undefined || process?.running !== true)
          continue
        const sinceMs = Math.max(run.fromMs, last.atMs, process.runsSinceMs, wire?.sinceMs ?? 0)
        if (wire?.isCut === true || wire?.isLate === true || nowMs() - sinceMs < LEAVING_MS) continue
        if (!mayRun(story(), { sequence: last.sequence, who: plan, digest: run.digest }))
          violate(
            'bad-is-left',
            `${plan.name} still runs ${run.digest.slice(0, 8)}, and was told ${nowMs() - sinceMs} ms ago to run something else`,
          )
      }
      const newest = step?.release
      if (newest?.rollout?.state !== 'running' || newest.rollout.plan.type === 'timed') return
      checkTakenBack(newest, newest.rollout)
      const lateMs = nowMs() - sinceStart(newest.rollout.decideBy)
      if (lateMs < ALARM_MS) return
      met('a stage was not decided by its time')
      for (const { name, controller, isWell, sinceMs } of controllers) {
        const found = controller?.standings.get(ROLLED)
        if (!isWell || nowMs() - sinceMs < ALARM_MS || found?.type !== 'stands') continue
        if (found.action === 'hold')
          violate('rollouts-end-or-alarm', `${name} holds a stage ${lateMs} ms after it was to be decided`)
      }
    },
  }

  /** Neither a clock nor a probe moves a client off what a person or a controller went back to. */
  function checkUndone({ runs, heard, plan }: Machine, digest: string): void {
    const before = runs.at(-2)
    const newest = Math.max(0, ...heard.map(({ sequence }) => sequence))
    const release = story().at(newest)?.release
    // What it died of, or was stopped with, it may begin anew without.
    if (before === undefined || release === undefined || before.toMs !== nowMs()) return
    const isLater = heard.some(({ sequence, atMs }) => sequence === newest && atMs <= before.fromMs)
    if (!BY_HAND.has(release.cause) || !isLater) return
    if (isNamedFor(release, plan, before.digest) && !isNamedFor(release, plan, digest))
      violate(
        'a-rollback-is-not-undone',
        `${plan.name} leaves what release ${release.sequence} (${release.cause}) gives it for ${digest.slice(0, 8)}`,
      )
  }

  /**
   * One step after the other, none twice, and none after the end; a pause holds until somebody ends
   * it.
   */
  function checkOrder({ release }: Step, was: PlainRelease | undefined): void {
    const rollout = release.rollout as NonNullable<PlainRelease['rollout']>
    const { id, state, stage, controller } = rollout
    const say = (text: string): void => violate('each-step-once', `${id} ${text}`)
    if (state === 'rolled-back' && release.candidate !== undefined)
      violate('bad-is-left', `${id} was rolled back, and its release still names the candidate`)
    if (ended.has(id) && state !== 'rolled-back') say(`goes on as ${state} after its end`)
    if (was?.rollout === undefined) {
      if (state === 'running' && stage !== 0) say(`begins in stage ${stage}`)
      return
    }
    const { state: stateBefore, stage: stageBefore } = was.rollout
    if (state === 'running' && (release.cause === 'advance' || release.cause === 'promote')) {
      if (begun.has(`${id} ${stage}`)) say(`begins stage ${stage} twice`)
      begun.add(`${id} ${stage}`)
    }
    const byHand = controller === 'publisher'
    checkSkipped(release, was)
    if (byHand) return
    if (stateBefore === 'paused' && state !== 'rolled-back' && state !== 'retreated')
      violate('a-pause-holds', `${controller} goes from paused to ${state}`)
    if (stateBefore === 'retreated') violate('a-pause-holds', `${controller} goes from retreated to ${state}`)
    if (state === 'running' && stage !== stageBefore && stage !== stageBefore + 1)
      say(`goes from stage ${stageBefore} to ${stage}`)
    if (state === 'watching' && (stateBefore !== 'running' || stageBefore !== rollout.plan.stages.length - 1))
      say(`is promoted from ${stateBefore} in stage ${stageBefore}`)
    if (state === 'completed' && rollout.plan.type === 'staged' && stateBefore !== 'watching')
      say(`is completed from ${stateBefore}`)
  }

  /**
   * A person alone takes a rollout past stages, and forward; which they were stays in its releases.
   */
  function checkSkipped({ cause, rollout, sequence }: PlainRelease, was: PlainRelease): void {
    const { skipped = [], stage: to = 0, state, controller, plan } = rollout ?? {}
    const { skipped: before = [], stage: from = 0, stageStart } = was.rollout ?? {}
    const say = (text: string): void => violate('each-step-once', `release ${sequence} ${text}`)
    const byHand = cause === 'promote' && controller === 'publisher'
    const first = stageStart?.awaitsGates === true ? from : from + 1
    const end = state === 'running' ? to : (plan?.stages.length ?? 0)
    const passed = byHand ? Array.from({ length: Math.max(0, end - first) }, (_, index) => first + index) : []
    if (skipped.join() !== [...before, ...passed].join())
      say(`says that ${skipped.join()} were skipped, and those are ${[...before, ...passed].join()}`)
    if (byHand && state === 'running') {
      met('somebody took a rollout to a later stage')
      if (to < first) say(`is promoted from stage ${from} to ${to}`)
    }
  }

  /**
   * Within one rollout nobody who is exposed is taken back but by a retreat, after which the same
   * go on.
   */
  function checkExposure({ audience, rollout, sequence }: PlainRelease): void {
    if (rollout === undefined || audience === undefined) return
    const before = audiences.get(rollout.id)
    audiences.set(rollout.id, audience)
    if (before === undefined) return
    const now = exposedBy(audience)
    const lost = [...exposedBy(before)].filter(name => !now.has(name))
    if (lost.length > 0)
      violate(
        'exposure-only-grows',
        `release ${sequence} takes ${lost.join()} out of the audience of ${rollout.id}`,
      )
  }

  /** Everything that a kill leaves is patched, and no controller brings back what is not. */
  function checkKill(release: PlainRelease): void {
    const { cause, rollout, sequence } = release
    const byHand = rollout === undefined || rollout.controller === 'publisher'
    const digests = [...named(release.stable), ...named(release.candidate)]
    if (cause === 'kill') killedName = documents.get(digests[0] ?? '')?.name
    else if (byHand) killedName = undefined
    if (killedName === undefined) return
    const unpatched = digests.filter(digest => documents.get(digest)?.name !== killedName)
    if (unpatched.length > 0 || (cause === 'kill' && !killedName.startsWith('killed')))
      violate('a-kill-reaches-all', `release ${sequence} (${cause}) names a document without the patch`)
  }

  /** What is counted was there, once each. */
  function checkEvidence({ release, evidence }: Step, was: PlainRelease): void {
    if (evidence === undefined) return
    const { counts, exceptions } = evidence
    const exposed = was.audience === undefined ? new Set(names()) : exposedBy(was.audience)
    const { exposed: counted = 0, control = 0 } = counts
    const failed = FAILURES.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)
    const blamed = exceptions.filter(({ kind }) => FAILURES.some(one => one === kind))
    const say = (text: string): void => violate('evidence-is-true', `release ${release.sequence}: ${text}`)
    const silent = blamed.filter(({ kind }) => kind === 'silent').map(({ clientId }) => clientId)
    const startMs = sinceStart(was.rollout?.stageStart.at ?? '')
    // Those who failed come before those who are in doubt.
    const lost = silent.slice(0, counts['silent'] ?? 0)
    for (const machine of machines) {
      const { plan, troubles, taken } = machine
      if (!silent.includes(plan.name) || troubles.length > 0) continue
      // A stranger in a slot of its own who was there when the stage began leaves a client in
      // doubt, which is no failure.
      const isDoubted =
        !lost.includes(plan.name) &&
        taken.some(({ atMs, silentMs }) => atMs <= startMs && silentMs >= startMs)
      if (!isDoubted && !isFollowed(machine)) say(`${plan.name} counts as silent, and never was`)
    }
    // Who was there when the stage began is one client more, and fails if it is not heard again.
    const guests = strangers.filter(({ silentMs }) => silentMs >= startMs)
    const among = guests.filter(one => was.audience === undefined || isIn(was.audience, one))
    const tried = new Set([...exposed, ...among.map(({ name }) => name)])
    if (counted > tried.size) say(`${counted} clients are counted, and ${exposed.size} were in the audience`)
    if (counted + control > machines.length + guests.length)
      say(`${counted + control} clients are counted of ${machines.length}`)
    if (failed > tried.size) say(`${failed} failures are counted of ${tried.size} clients`)
    if (new Set(blamed.map(({ clientId }) => clientId)).size < blamed.length)
      say('one client is counted twice')
    if (blamed.some(({ clientId }) => !tried.has(clientId))) say('a client from outside is counted')
  }

  /**
   * No stage is left before its clients have run the candidate for a bake, and the fleet has heard
   * of the stage.
   */
  function checkEarned({ release, atMs }: Step, was: PlainRelease): void {
    const { stage, stageStart, plan, controller } = was.rollout as NonNullable<PlainRelease['rollout']>
    const readMs = controllers.find(({ name }) => name === release.rollout?.controller)?.wire?.readMs ?? atMs
    const startMs = sinceStart(stageStart.at)
    const fromMs = startMs - REMEMBERED_MS
    const candidate = new Set(named(was.candidate))
    const exposedNow = exposedBy(was.audience)
    const incumbents = machines.filter(
      ({ firstHeardMs, isGone }) =>
        !isGone && firstHeardMs !== undefined && firstHeardMs <= startMs - (plan.reportMs ?? 0),
    )
    const isProbed = incidents.some(at => at >= fromMs)
    const isPlain = (machine: Machine): boolean =>
      !isTroubled(machine, fromMs, readMs) &&
      !hasStopped(machine, fromMs) &&
      !(machine.plan.probe && isProbed)
    const hasBaked = ({ runs }: Machine): boolean =>
      runs.some(
        ({ digest, fromMs: since, toMs = readMs }) =>
          candidate.has(digest) && Math.min(toMs, readMs) - since >= BAKE_MS,
      )
    const exposed = incumbents.filter(({ plan: { name } }) => exposedNow.has(name))
    const plain = exposed.filter(isPlain)
    const raw = plain.filter(machine => !hasBaked(machine))
    const say = (text: string): void =>
      violate(
        'stages-are-earned',
        `release ${release.sequence} leaves stage ${stage} (${controller}): ${text}`,
      )
    if (!machines.some(machine => exposedNow.has(machine.plan.name) && hasBaked(machine)))
      say('nobody has run the candidate for a bake')
    const spared = exposed.length < 10 ? 0 : Math.floor(0.1 * exposed.length)
    if (raw.length > spared && (stageStart.added ?? 0) === 0)
      say(`${raw.length} of ${exposed.length} have not run the candidate for a bake`)
    const deaf = incumbents.filter(
      machine =>
        isPlain(machine) &&
        !machine.heard.some(one => one.sequence >= stageStart.position.sequence && one.atMs <= readMs),
    )
    if (deaf.length > 0.1 * incumbents.length + 1)
      say(`${deaf.length} of ${incumbents.length} have not heard of it`)
    if (stage > 1) return
    const claimed = said.filter(
      ({ machine, digest, atMs: saidMs }) =>
        candidate.has(digest) && saidMs < readMs && plain.includes(machine) && machine.troubles.length === 0,
    )
    if (claimed.length > 0)
      violate(
        'bad-goes-no-further',
        `release ${release.sequence} leaves stage ${stage}, and ${claimed.map(({ machine }) => machine.plan.name).join()} refused its candidate`,
      )
  }

  /**
   * In the first two stages a client's own word against the candidate ends it, as soon as a
   * controller hears it.
   */
  function checkTakenBack(
    { candidate, audience }: PlainRelease,
    { id, stage, stageStart, plan }: NonNullable<PlainRelease['rollout']>,
  ): void {
    const sinceMs = nowMs() - HEEDED_MS
    const isHeeded = controllers.some(actor => actor.isWell && actor.sinceMs <= sinceMs)
    if (stage > 1 || audience === undefined || !isHeeded || (story().newest?.atMs ?? 0) > sinceMs) return
    const claimed = said.find(
      ({ machine: { plan: own, firstHeardMs, troubles }, digest, atMs }) =>
        named(candidate).includes(digest) &&
        atMs <= sinceMs &&
        isIn(audience, own) &&
        !troubles.some(({ kind }) => kind === 'silence') &&
        firstHeardMs !== undefined &&
        firstHeardMs <= sinceStart(stageStart.at) - (plan.reportMs ?? 0),
    )
    if (claimed === undefined) return
    const { machine, verdict } = claimed
    violate(
      'bad-goes-no-further',
      `${id} stands in stage ${stage}, and ${machine.plan.name} has ${verdict} its candidate`,
    )
  }

  /**
   * Nothing is taken back by a controller without a client that refused it, or two that were lost.
   */
  function checkBlame({ release, atMs, evidence }: Step, was: PlainRelease): void {
    const { id, controller } = release.rollout as NonNullable<PlainRelease['rollout']>
    const begun = story().steps.find(step => step.release.rollout?.id === id)
    const fromMs = (begun?.atMs ?? atMs) - REMEMBERED_MS
    const candidate = new Set([
      ...named(was.candidate),
      ...(was.audience === undefined ? named(was.stable) : []),
    ])
    const isExposed = (machine: Machine): boolean =>
      was.audience === undefined || isIn(was.audience, machine.plan)
    const exposed = machines.filter(isExposed)
    const claims = exposed.filter(
      ({ refusals, reverts, deaths }) =>
        [...refusals, ...reverts].some(({ digest }) => candidate.has(digest)) ||
        deaths.filter(({ digests }) => digests.some(digest => candidate.has(digest))).length > 1,
    )
    const lost = exposed.filter(machine => isTroubled(machine, fromMs, atMs))
    met('a controller took a candidate back')
    if (release.rollout?.state === 'rolled-back' && ofGates.sentBack({ release, atMs, evidence }, was)) return
    if (exposed.some(isFollowed)) return
    if (claims.length === 0 && lost.length < Math.min(2, exposed.length))
      violate(
        'no-false-rollback',
        `release ${release.sequence}: ${controller} takes ${id} back (${release.rollout?.state}), and ${lost.length} of ${exposed.length} exposed clients were lost`,
      )
  }

  /** A timed step is not taken before its time. */
  function checkTime({ release, atMs }: Step, was: PlainRelease): void {
    const { plan, stageStart } = was.rollout as NonNullable<PlainRelease['rollout']>
    const ranMs = atMs - sinceStart(stageStart.at)
    // What a person promoted has no time of its own.
    if (was.rollout?.state === 'watching') return
    if (ranMs < (plan.everyMs ?? 0))
      violate(
        'stages-are-earned',
        `release ${release.sequence}: a step of ${plan.everyMs} ms is left after ${ranMs}`,
      )
    met('a timed step was taken')
  }
}

/**
 * Whether a client went, or was not heard, after a stranger spoke under its name: then the stranger
 * comes after it.
 */
function isFollowed({ taken, troubles, stops }: Machine): boolean {
  const gone = [...troubles.map(({ atMs }) => atMs), ...stops]
  return taken.some(({ atMs: fromMs }) => gone.some(atMs => atMs >= fromMs))
}

/** Whether a release names what a client runs. */
export function runsItsTarget({ plan, runs }: Machine, newest: PlainRelease | undefined): boolean {
  const run = runs.at(-1)
  if (newest === undefined || run === undefined) return false
  const { candidate, audience } = newest
  const isExposed = candidate !== undefined && audience !== undefined && isIn(audience, plan)
  return (
    isNamedFor(newest, plan, run.digest) && named(isExposed ? candidate : newest.stable).includes(run.digest)
  )
}
