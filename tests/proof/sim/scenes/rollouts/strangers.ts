import type { Dice } from '../../../../../src/sim/dice.js'
import type { ClientReport, ReportPhase } from '../../../../../src/contracts/report.js'
import { ROLLED, type Machine } from './machine.js'
import type { PlainRelease, Who } from './story.js'

/** What strangers need to know to lie well. */
export interface StrangeQuery {
  readonly dice: Dice
  readonly machines: readonly Machine[]
  /** What a rollout tries, or what runs. */
  readonly digest: string
  readonly newest: PlainRelease
  /** How often strangers came before. */
  readonly visit: number
}

/** What strangers say, once: whoever may read may report. */
export interface Lies {
  readonly kind: 'failures' | 'health' | 'ids' | 'ahead' | 'long'
  readonly reports: readonly ClientReport[]
  /** Whose names they took. */
  readonly taken: readonly Machine[]
}

/** A stranger under a name of its own, and from when on it counts as silent. */
export interface Stranger extends Who {
  readonly silentMs: number
}

/** Who will report so soon is the first to be missed. */
const SHORT_MS = 1_000

const PHASES: readonly ReportPhase[] = [
  'rejected',
  'reverted',
  'quarantined',
  'stopped',
  'healthy',
  'applied',
]

/** Draws what strangers say of a rollout. */
export function drawLies({ dice, machines, digest, newest, visit }: StrangeQuery): Lies {
  const { epoch, sequence } = newest
  const name = (index: number): string => `stranger-${visit}-${index}`
  const made = (most: number): readonly string[] =>
    Array.from({ length: dice.between(1, most) }, (_, index) => name(index))
  const seen = { epoch, sequence }
  const word = (clientId: string, more: Partial<ClientReport>): ClientReport => ({
    v: 1,
    namespace: ROLLED,
    clientId,
    instanceId: `life-${visit}-of-${clientId}`,
    ephemeral: false,
    labels: { ring: 'first', cell: 'a' },
    build: 'b1',
    strategy: 'push',
    lookMs: 1_000,
    count: 1,
    upMs: 10_000_000,
    phase: 'healthy',
    sinceMs: 9_000_000,
    seen,
    applied: seen,
    digest,
    protection: 'disk',
    nextReportWithinMs: SHORT_MS,
    ...more,
  })
  const failure = (): Partial<ClientReport> =>
    dice.pick([
      { phase: 'rejected', refused: digest, code: 'invalid-data' },
      { phase: 'quarantined', refused: digest, code: 'quarantined' },
      { verdicts: [{ digest, verdict: 'reverted' }] },
      { previous: { instanceId: 'guessed', digest, end: 'abrupt', ranMs: 10 } },
    ] as const)
  const kind = dice.pick(['failures', 'health', 'ids', 'ids', 'ids', 'ahead', 'long'] as const)
  switch (kind) {
    case 'failures': {
      const clients = made(12)
      return { kind, reports: clients.map(one => word(one, failure())), taken: [] }
    }
    case 'health': {
      const clients = made(12)
      return { kind, reports: clients.map(one => word(one, {})), taken: [] }
    }
    case 'ids': {
      const taken = machines.filter(isWell).filter(() => dice.chance(0.6))
      const nextReportWithinMs = dice.pick([SHORT_MS, 20_000, undefined])
      const phase = dice.pick(PHASES)
      const isFailure = phase === 'rejected' || phase === 'reverted' || phase === 'quarantined'
      const reports = taken.map(({ plan }) =>
        word(plan.name, {
          labels: plan.labels,
          build: plan.build,
          nextReportWithinMs,
          phase,
          ...(isFailure ? { refused: digest } : dice.chance(0.4) ? failure() : {}),
        }),
      )
      return { kind, reports, taken }
    }
    case 'ahead': {
      const far = { epoch, sequence: sequence + dice.between(1, 1_000) }
      return { kind, reports: [word(name(0), { seen: far, applied: far })], taken: [] }
    }
    case 'long': {
      const clients = made(2)
      const more = { nextReportWithinMs: undefined }
      const reports = clients.map(one => word(one, { ...failure(), ...more }))
      return { kind, reports, taken: [] }
    }
  }
}

/** Whether a client is there and heard, so that nobody else is taken for it. */
function isWell({ process, isGone, troubles }: Machine): boolean {
  const isTroubled = troubles.some(({ toMs }) => toMs === undefined)
  return process?.running === true && !isGone && !isTroubled
}
