import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import type { Json } from '../../../src/contracts/json.js'
import type { Audience } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import type { ClientState } from '../../../src/rollouts/client-state.js'
import { audienceOf, inAudience } from '../../../src/rollouts/cohort.js'
import { membersOf, type Member } from '../../../src/rollouts/members.js'
import type { StagedPlan } from '../../../src/rollouts/plan.js'
import type { Decision, StartInput } from '../../../src/rollouts/policy.js'
import type { Stage } from '../../../src/rollouts/stage.js'
import { systemHasher as hasher } from '../../../src/system/system.js'

export { hasher }

/** Minute 0 of every test; a stage begins at minute 10 unless a test says otherwise. */
const ZERO_MS = Date.UTC(2026, 0, 1)
export const minute = (minutes: number): string => new Date(ZERO_MS + minutes * 60_000).toISOString()
export const minuteMs = (minutes: number): number => ZERO_MS + minutes * 60_000

export const STABLE = 'a'.repeat(64)
export const CANDIDATE = 'b'.repeat(64)
export const START = { epoch: '1-9f3a01bc', sequence: 7 }

/** A word of a client, as its store heard it: at minute 0 first, and last at the minute given. */
export function word(
  clientId: string,
  heardAt: number,
  { firstAt = 0, ...more }: Partial<ClientReport> & { readonly firstAt?: number } = {},
): ClientReport {
  return {
    v: 1,
    namespace: 'checkout/prod',
    clientId,
    instanceId: `${clientId}-1`,
    ephemeral: false,
    labels: {},
    strategy: 'hybrid',
    lookMs: 300_000,
    count: 1,
    upMs: 0,
    phase: 'healthy',
    sinceMs: 600_000,
    digest: STABLE,
    seen: START,
    protection: 'disk',
    nextReportWithinMs: 60_000,
    firstHeardAt: minute(firstAt),
    receivedAt: minute(heardAt),
    ...more,
  }
}

export function heard(reports: readonly ClientReport[], at: number, since = -1_000): HeardReports {
  return { since: minute(since), asOf: minute(at), reports }
}

export const PLAN: StagedPlan = {
  type: 'staged',
  version: 1,
  stages: [
    { by: 'count', count: 1 },
    { by: 'share', share: 0.1, atLeast: 3 },
    { by: 'share', share: 0.5 },
    { by: 'all' },
  ],
  bakeMs: 300_000,
  reportMs: 60_000,
  spreadMs: 0,
  quorum: 0.9,
  watchMs: 1_800_000,
  late: 'roll-back',
  gates: [],
}

/** A release of a staged rollout, whose stage began at minute 10. */
export function releaseOf(
  audience: Audience | undefined,
  change: Partial<Omit<RolloutState, 'plan'>> & { readonly plan?: Partial<StagedPlan> } = {},
): Release {
  const { plan, ...rollout } = change
  const watching = rollout.state === 'watching'
  const arm = (digest: string) => ({ version: 1, variants: [{ digest, bytes: 9 }] }) as const
  return {
    v: 1,
    namespace: 'checkout/prod',
    ...START,
    issuedAt: minute(10),
    cause: 'publish',
    stable: arm(watching ? CANDIDATE : STABLE),
    ...(audience !== undefined && !watching && { candidate: arm(CANDIDATE), audience }),
    prev: null,
    rollout: {
      id: 'r1',
      state: 'running',
      stage: 0,
      plan: { ...PLAN, ...plan } as unknown as Json,
      stageStart: { position: START, at: minute(10), live: 10, exposed: 1, control: 9 },
      from: { ...START, sequence: 6 },
      decideBy: minute(120),
      controller: 'server-1',
      ...rollout,
    },
  }
}

/** Clients by name: `client-0` and so on. */
export function names(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `client-${index}`)
}

/**
 * Clients as a policy counts them at minute 0, when each has just said a word: `client-0` and so
 * on.
 */
export function membersFor(clients: readonly Parameters<typeof word>[2][]): readonly Member[] {
  const reports = clients.map((more, index) => word(`client-${index}`, 0, more))
  return membersOf(heard(reports, 0), minuteMs(0))
}

/** Whom a rollout exposes once it has come through these stages. */
export function audienceAfter(stages: readonly Stage[], live: readonly Member[], holdback = 0): Audience {
  const start: Audience = { salt: 'r1', clauses: [] }
  return stages.reduce((before, stage) => audienceOf({ stage, live, before, holdback, hasher }), start)
}

/** The clients of an audience, by name. */
export function exposedIn(audience: Audience, live: readonly Member[]): readonly string[] {
  return live.filter(member => inAudience(member, audience, hasher)).map(({ clientId }) => clientId)
}

/** A stage of a rollout: its release, and who is exposed and who is not, by name. */
export interface StageOfFleet {
  readonly release: Release
  readonly exposed: readonly string[]
  readonly control: readonly string[]
}

/**
 * A stage of {@link PLAN} that began at minute 10 among so many clients; a watch exposes them all.
 */
export function stageOf(
  live: number,
  rollout: Partial<Omit<RolloutState, 'plan' | 'stageStart'>> = {},
): StageOfFleet {
  const { stage = 0, state } = rollout
  const members = membersFor(names(live).map(() => ({})))
  const audience = audienceAfter(PLAN.stages.slice(0, stage + 1), members)
  const exposed = state === 'watching' ? names(live) : exposedIn(audience, members)
  const control = names(live).filter(name => !exposed.includes(name))
  const counts = { live, exposed: exposed.length, control: control.length }
  const stageStart = { position: START, at: minute(10), ...counts }
  return { release: releaseOf(audience, { ...rollout, stageStart }), exposed, control }
}

/** The state of a client in a few words. */
export function sayState(state: ClientState): string {
  if (state.is === 'failed') return state.failure.kind
  return 'why' in state ? `${state.is}: ${state.why}` : state.is
}

/** What a policy is asked for its first step with, at a minute. */
export function startAt(at: number, reports: HeardReports | undefined): StartInput {
  return {
    heard: reports,
    nowMs: minuteMs(at),
    salt: 's',
    stable: [STABLE],
    spreadMs: 0,
    gates: {},
    hasher,
  }
}

/** A decision as it is, which has a name for whatever it calls unknown. */
export function withNames(decision: Decision): Decision {
  const { verdict, unknowns, why } = decision.explanation
  if (verdict === 'unknown' && unknowns.length === 0) throw new Error(`unknown without a name: ${why.join()}`)
  return decision
}
