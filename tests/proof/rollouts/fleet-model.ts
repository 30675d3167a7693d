import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import type { Random } from '../../../src/contracts/system.js'
import type { Json } from '../../../src/contracts/json.js'
import { isExposed } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import { staged } from '../../../src/rollouts/staged.js'
import type { StagedOptions } from '../../../src/rollouts/staged-options.js'
import type { Decision, NextStage, RolloutPolicy } from '../../../src/rollouts/policy.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { systemHasher as hasher } from '../../../src/system/system.js'

export const STABLE = 'a'.repeat(64)
export const CANDIDATE = 'b'.repeat(64)
const BEGAN_MS = Date.UTC(2026, 0, 1)
const REPORT_MS = 60_000
const EPOCH = '1-9f3a01bc'

/** What the candidate does to a client that runs it. */
export type Candidate =
  | { readonly type: 'fine' }
  /** It is refused by so many of a hundred clients. */
  | { readonly type: 'refused'; readonly percent: number }
  /** It kills a client after that time, in each life; of so many of a hundred clients. */
  | { readonly type: 'deadly'; readonly afterMs: number; readonly percent: number }
  /** It hangs a client: no word comes from it any more. */
  | { readonly type: 'hanging'; readonly afterMs: number; readonly percent: number }

/** When something happens: that long after the rollout began, or after one of its stages did. */
interface Moment {
  readonly atMs: number
  readonly inStage?: number
}

/** What happens to the fleet meanwhile, whatever it runs. */
export type Event =
  | (Moment & { readonly type: 'deploy'; readonly abrupt: boolean })
  | (Moment & { readonly type: 'scale-down'; readonly percent: number })
  | (Moment & { readonly type: 'partition'; readonly percent: number; readonly lastsMs: number })
  | { readonly type: 'deaths'; readonly perHour: number }

export interface History {
  readonly seed: number
  readonly clients: number
  readonly candidate: Candidate
  readonly events: readonly Event[]
  /** Whether clients keep state on disk; without it nobody tells of the life before. */
  readonly disk: boolean
  readonly options?: StagedOptions
  readonly policy?: RolloutPolicy
  readonly hours?: number
}

/** What became of a rollout, as somebody sees it who looks at the clients themselves. */
export interface Outcome {
  readonly end: 'completed' | 'rolled-back' | 'retreated' | 'paused' | 'under way' | 'refused'
  readonly afterMs: number
  /** Clients that ever ran the candidate, and lives that it ended. */
  readonly touched: number
  readonly killed: number
  /** How many events with a moment of theirs came. */
  readonly happened: number
  /** Each decision that appended something, or changed what is shown. */
  readonly steps: readonly { readonly atMs: number; readonly decision: Decision; readonly release: Release }[]
}

interface Client {
  readonly name: string
  readonly phase: number
  life: number
  bornMs: number
  runs: string
  sinceMs: number
  seen: number
  goneMs: number | undefined
  stopped: boolean
  refused: boolean
  deaths: number
  touched: boolean
  previous: ClientReport['previous']
  nextReportMs: number
  cutUntilMs: number
  hung: boolean
}

/** Runs one rollout over a fleet of a model's clients, in steps of five seconds. */
export function runHistory(history: History): Outcome {
  const { seed, clients: count, candidate, events, disk, hours = 4 } = history
  const random = seededRandom(seed)
  const policy = history.policy ?? staged(history.options)
  const fleet = Array.from({ length: count }, (_, index) => newClient(`client-${index}`, BEGAN_MS, random))
  const words = new Map<string, ClientReport>()
  const startMs = BEGAN_MS + 600_000
  let release: Release | undefined
  let exposed: ReadonlySet<string> = new Set()
  /** When each stage began, for the first time. */
  const stagesBeganMs: number[] = []
  let happened = 0
  const follow = (next: Release, nowMs: number): Release => {
    const { audience, rollout } = next
    if (rollout?.state === 'running') stagesBeganMs[rollout.stage] ??= nowMs
    const isIn = (clientId: string): boolean =>
      audience !== undefined &&
      isExposed(audience, { clientId, instanceId: 'i', ephemeral: false, labels: {} }, hasher)
    exposed = new Set(fleet.map(({ name }) => name).filter(isIn))
    return next
  }
  const steps: Outcome['steps'][number][] = []
  let killed = 0
  let shown = ''

  const say = (client: Client, nowMs: number): void => {
    if (client.cutUntilMs > nowMs || client.hung) return
    const instanceId = `${client.name}-${client.life}`
    const word = wordOf(client, instanceId, { nowMs, disk, release })
    const stamp = new Date(nowMs).toISOString()
    words.set(instanceId, {
      ...word,
      firstHeardAt: words.get(instanceId)?.firstHeardAt ?? stamp,
      receivedAt: stamp,
    })
    client.nextReportMs = nowMs + REPORT_MS * (0.8 + random.number() * 0.4)
  }
  const die = (client: Client, nowMs: number, end: 'clean' | 'abrupt'): void => {
    const instanceId = `${client.name}-${client.life}`
    if (end === 'clean') {
      client.stopped = true
      say(client, nowMs)
    }
    client.previous = disk
      ? { instanceId, digest: client.runs, end, ranMs: nowMs - client.sinceMs }
      : undefined
    client.life += 1
    client.bornMs = nowMs + 2_000
    client.goneMs = nowMs + 2_000
    client.stopped = false
  }

  for (let nowMs = BEGAN_MS; nowMs < startMs + hours * 3_600_000; nowMs += 5_000) {
    for (const event of events) {
      const place = { fleet, nowMs, random, die }
      if (event.type === 'deaths') {
        lose(event, place)
        continue
      }
      const fromMs = event.inStage === undefined ? startMs : stagesBeganMs[event.inStage]
      if (fromMs === undefined || nowMs !== fromMs + event.atMs) continue
      happened += 1
      happen(event, place)
    }
    for (const client of fleet) {
      if (client.goneMs !== undefined) {
        if (client.goneMs > nowMs) continue
        client.goneMs = undefined
        client.sinceMs = nowMs
        client.hung = false
        // With a disk a suspect is tried again once what was there before has lived for longer.
        if (disk && client.deaths > 0) client.runs = STABLE
        say(client, nowMs)
      }
      const wanted = wantedBy(client, { release, exposed, disk, nowMs })
      const behind =
        release !== undefined && client.seen < release.sequence && client.cutUntilMs <= nowMs && !client.hung
      if (behind && random.number() < 0.2) {
        client.seen = release?.sequence ?? 0
        if (wanted === CANDIDATE && candidate.type === 'refused' && isHit(client, candidate.percent))
          client.refused = true
        else if (wanted !== client.runs) {
          client.runs = wanted
          client.sinceMs = nowMs
          if (wanted === CANDIDATE) client.touched = true
        }
        say(client, nowMs)
      } else if (
        wanted === CANDIDATE &&
        client.runs === STABLE &&
        client.deaths === 1 &&
        disk &&
        nowMs - client.sinceMs > 30_000
      ) {
        client.runs = CANDIDATE
        client.sinceMs = nowMs
        say(client, nowMs)
      }
      const harms = candidate.type === 'deadly' || candidate.type === 'hanging' ? candidate : undefined
      if (
        client.runs === CANDIDATE &&
        harms &&
        isHit(client, harms.percent) &&
        nowMs - client.sinceMs >= harms.afterMs
      ) {
        if (harms.type === 'hanging') client.hung = true
        else {
          killed += 1
          client.deaths += 1
          die(client, nowMs, 'abrupt')
          continue
        }
      }
      if (client.nextReportMs <= nowMs) say(client, nowMs)
    }
    if (nowMs < startMs || nowMs % 20_000 !== 0) continue
    const heard: HeardReports = {
      since: new Date(BEGAN_MS - 3_600_000).toISOString(),
      asOf: new Date(nowMs).toISOString(),
      reports: forgetting(words, nowMs),
    }
    if (release === undefined) {
      const salt = `salt-${seed}`
      const first = policy.start({ heard, nowMs, salt, stable: [STABLE], spreadMs: 0, gates: {}, hasher })
      if (first.type !== 'stage') return outcome('refused', nowMs)
      release = follow(releaseOf(undefined, first.next, first.plan), nowMs)
      continue
    }
    const decision = policy.decide({ release, hasher }, { heard, gates: {} }, nowMs)
    const telling = `${decision.type} ${decision.explanation.unknowns.map(({ kind }) => kind).join()}`
    if (telling !== shown || 'next' in decision) steps.push({ atMs: nowMs - startMs, decision, release })
    shown = telling
    if (decision.type === 'roll-back') return outcome('rolled-back', nowMs)
    if (decision.type === 'retreat') return outcome('retreated', nowMs)
    if ('next' in decision) {
      if (decision.next.state === 'completed') return outcome('completed', nowMs)
      release = follow(releaseOf(release, decision.next, release.rollout?.plan ?? null), nowMs)
    }
  }
  return outcome(shown.startsWith('pause') ? 'paused' : 'under way', startMs + hours * 3_600_000)

  function outcome(end: Outcome['end'], nowMs: number): Outcome {
    return {
      end,
      afterMs: nowMs - startMs,
      touched: fleet.filter(({ touched }) => touched).length,
      killed,
      happened,
      steps,
    }
  }
}

function newClient(name: string, nowMs: number, random: Random): Client {
  return {
    name, phase: random.number(), life: 1, bornMs: nowMs, runs: STABLE, sinceMs: nowMs, seen: 1, goneMs: undefined, stopped: false,
    refused: false, deaths: 0, touched: false, previous: undefined, nextReportMs: nowMs + random.number() * REPORT_MS, cutUntilMs: 0, hung: false,
  } // prettier-ignore
}

/** Whether the candidate harms this client: the same ones in each history of a seed. */
function isHit({ phase }: Client, percent: number): boolean {
  return phase * 100 < percent
}

interface Wanting {
  readonly release: Release | undefined
  readonly exposed: ReadonlySet<string>
  readonly disk: boolean
  readonly nowMs: number
}

function wantedBy(client: Client, { release, exposed, disk, nowMs }: Wanting): string {
  if (release === undefined) return client.runs
  if (release.candidate === undefined) return release.stable.variants[0].digest
  if (!exposed.has(client.name) || client.refused || (disk && client.deaths > 1)) return STABLE
  // A suspect rests until what was there before has outlived it.
  if (disk && client.deaths === 1 && nowMs - client.sinceMs <= 30_000) return client.runs
  return CANDIDATE
}

function wordOf(
  client: Client,
  instanceId: string,
  {
    nowMs,
    disk,
    release,
  }: { readonly nowMs: number; readonly disk: boolean; readonly release: Release | undefined },
): ClientReport {
  const quarantined = disk && client.deaths > 1
  const trouble = release?.candidate !== undefined && (client.refused || quarantined)
  return {
    v: 1,
    namespace: 'checkout/prod',
    clientId: client.name,
    instanceId,
    ephemeral: false,
    labels: {},
    strategy: 'hybrid',
    lookMs: 60_000,
    count: 1,
    upMs: nowMs - client.bornMs,
    phase: client.stopped ? 'stopped' : trouble ? (quarantined ? 'quarantined' : 'rejected') : 'applied',
    sinceMs: nowMs - client.sinceMs,
    seen: { epoch: EPOCH, sequence: Math.max(1, client.seen) },
    digest: client.runs,
    ...(trouble && { refused: CANDIDATE, code: 'invalid-document' }),
    ...(client.previous !== undefined && { previous: client.previous }),
    protection: disk ? 'disk' : 'none',
    nextReportWithinMs: REPORT_MS,
  }
}

interface Happening {
  readonly fleet: Client[]
  readonly nowMs: number
  readonly random: Random
  readonly die: (client: Client, nowMs: number, end: 'clean' | 'abrupt') => void
}

/** Some clients die of something else, each five seconds by chance. */
function lose(
  { perHour }: Extract<Event, { type: 'deaths' }>,
  { fleet, nowMs, random, die }: Happening,
): void {
  const chance = (perHour * 5_000) / 3_600_000
  for (const client of presentIn(fleet)) if (random.number() < chance) die(client, nowMs, 'abrupt')
}

function happen(event: Exclude<Event, { type: 'deaths' }>, { fleet, nowMs, random, die }: Happening): void {
  const present = presentIn(fleet)
  switch (event.type) {
    case 'deploy':
      for (const client of present) die(client, nowMs, event.abrupt ? 'abrupt' : 'clean')
      return
    case 'scale-down':
      for (const client of present.filter(() => random.number() * 100 < event.percent)) {
        die(client, nowMs, 'clean')
        client.goneMs = Number.POSITIVE_INFINITY
      }
      return
    case 'partition':
      for (const client of present)
        if (random.number() * 100 < event.percent) client.cutUntilMs = nowMs + event.lastsMs
  }
}

function presentIn(fleet: readonly Client[]): readonly Client[] {
  return fleet.filter(({ goneMs }) => goneMs === undefined)
}

/** Stores forget after an hour. */
function forgetting(words: Map<string, ClientReport>, nowMs: number): readonly ClientReport[] {
  for (const [instanceId, { receivedAt }] of words)
    if (nowMs - Date.parse(receivedAt ?? '') > 3_600_000) words.delete(instanceId)
  return [...words.values()]
}

function releaseOf(before: Release | undefined, next: NextStage, plan: Json): Release {
  const sequence = (before?.sequence ?? 1) + 1
  const arm = (digest: string) => ({ version: 1, variants: [{ digest, bytes: 9 }] }) as const
  const position = { epoch: EPOCH, sequence }
  return {
    v: 1,
    namespace: 'checkout/prod',
    ...position,
    issuedAt: next.start.at,
    cause: 'promote',
    stable: arm(next.state === 'watching' && next.audience === undefined ? CANDIDATE : STABLE),
    ...(next.audience !== undefined && { candidate: arm(CANDIDATE), audience: next.audience }),
    prev: null,
    rollout: {
      id: 'r1',
      state: next.state,
      stage: next.stage,
      plan,
      stageStart: { position, ...next.start },
      from: { epoch: EPOCH, sequence: 1 },
      decideBy: next.decideBy,
      controller: 'model',
    },
  }
}
