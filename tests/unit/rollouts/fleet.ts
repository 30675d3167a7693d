import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import type { Json } from '../../../src/contracts/json.js'
import type { Audience } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import type { StagedPlan } from '../../../src/rollouts/plan.js'
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
