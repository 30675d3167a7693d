import type { Json } from '../../contracts/json.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import { nextPosition } from '../../contracts/position.js'
import { FEW_CLIENTS, LEAST_STAGED_REPORT_MS } from '../../core/limits.js'
import { missingAfterMs } from '../../core/report/missing-after.js'
import { BUCKETS, isExposed, type Audience, type Clause } from '../../core/release/audience.js'
import { looserThan, type RolloutFloor } from '../../rollouts/floor.js'
import { hearsClients } from '../../rollouts/members.js'
import { stagesOf } from '../../rollouts/plan.js'
import { sizeOf, type Stage } from '../../rollouts/stage.js'
import type { Release } from '../../core/release/release.js'
import { addedWithdrawals, isSame, sameArm, type Objection, type Proposal } from './rule.js'

/** What a first stage is measured by. */
export interface StagedContext {
  readonly heard: HeardReports
  /** How careful rollouts of the namespace have to be; each holds. */
  readonly floors: readonly RolloutFloor[]
  readonly hasher: Hasher
}

/** Whether a release does more than begin a rollout that the first stage of its plan describes. */
export function objectionToStaged(proposal: Proposal, { heard, floors, hasher }: StagedContext): Objection {
  const { head, release } = proposal
  const before = head.release
  const { candidate, audience, rollout } = release
  if (release.cause !== 'publish') return `its cause is ${release.cause}, and not publish`
  if (!sameArm(release.stable, before.stable) || release.stable.version !== before.stable.version)
    return 'it makes stable what was not: it goes to everyone at once'
  if (candidate === undefined || audience === undefined || rollout === undefined)
    return 'it begins no rollout'
  if (rollout.state !== 'running' || rollout.stage !== 0 || rollout.id === before.rollout?.id)
    return 'its candidate has no rollout that begins with it'
  const isOwn = isSame(rollout.stageStart.position, nextPosition(head.position))
  if (!isOwn || !isSame(rollout.from, head.position))
    return 'its rollout does not begin after the newest release'
  if (addedWithdrawals(proposal).length > 0) return 'it withdraws a document'
  if (release.activateAt !== undefined) return 'it has clients wait until a time'
  const clients = liveClients(heard)
  const loose = belowFloors(floors, rollout.plan, clients)
  if (loose !== undefined) return loose
  if (release.evidence !== undefined && release.evidence.reportMs < LEAST_STAGED_REPORT_MS)
    return `it has clients report more often than every ${LEAST_STAGED_REPORT_MS} ms`
  const [stage] = stagesOf(rollout.plan) ?? []
  if (stage === undefined) return 'its plan is of a policy that this server cannot judge'
  const { rehearsal, awaitsGates, live } = rollout.stageStart
  const isAwaited = awaitsGates === true && audience.clauses.length === 0
  if (isAwaited && clients.length >= FEW_CLIENTS && live < FEW_CLIENTS)
    return `it says that ${live} clients are live, and ${clients.length} are heard: with so few it would go to everyone at once`
  const isRehearsed = rehearsal?.phase === 'forward' && isSame(audience.clauses, [{ ids: [rehearsal.id] }])
  if (isAwaited || isRehearsed) return objectionToPlanned(stage, { clients, salt: audience.salt, hasher })
  return objectionToAudience(audience, { stage, clients, hasher })
}

/** Where a publish is looser than the floors of its namespace allow. */
export function objectionByFloors(
  { rollout }: Release,
  { heard, floors }: Pick<StagedContext, 'heard' | 'floors'>,
): Objection {
  // Where nobody is there to be staged, nothing is loose about everyone.
  if (rollout === undefined && !hearsClients(heard)) return undefined
  return belowFloors(floors, rollout?.plan, liveClients(heard))
}

/** Where a plan, or everyone at once where there is none, is looser than one of the floors. */
function belowFloors(
  floors: readonly RolloutFloor[],
  plan: Json | undefined,
  clients: readonly Client[],
): Objection {
  const loose = floors.flatMap(floor => looserThan(floor, plan, clients))
  return loose.length === 0 ? undefined : loose.join('; ')
}

interface Client {
  readonly clientId: string
  readonly labels: Readonly<Record<string, string>>
}

/** The clients that were heard lately and did not stop. */
function liveClients({ asOf, reports }: HeardReports): readonly Client[] {
  const nowMs = Date.parse(asOf)
  const clients = new Map<string, Client>()
  for (const { clientId, labels, phase, role, receivedAt, nextReportWithinMs } of reports) {
    const silentMs = receivedAt === undefined ? 0 : nowMs - Date.parse(receivedAt)
    const isMissing = nextReportWithinMs !== undefined && silentMs > missingAfterMs(nextReportWithinMs)
    if (role === undefined && phase !== 'stopped' && !isMissing) clients.set(clientId, { clientId, labels })
  }
  return [...clients.values()]
}

interface Planned {
  readonly clients: readonly Client[]
  readonly salt: string
  readonly hasher: Hasher
}

/** Why a first stage may not follow later, once gates were asked or the way back was rehearsed. */
function objectionToPlanned(stage: Stage, planned: Planned): Objection {
  const live = planned.clients.length
  return live >= FEW_CLIENTS && sizeFor(stage, planned) >= live ? EVERYONE_FIRST : undefined
}

/** How many of the clients a first stage exposes. */
function sizeFor(stage: Stage, { clients, salt, hasher }: Planned): number {
  switch (stage.by) {
    case 'labels':
      return exposedOf(clients, { salt, clauses: [{ labels: stage.labels }] }, hasher)
    case 'ids':
      return exposedOf(clients, { salt, clauses: [{ ids: stage.ids }] }, hasher)
    case 'count':
    case 'share':
    case 'all':
      return sizeOf(stage, clients.length)
  }
}

function exposedOf(clients: readonly Client[], audience: Audience, hasher: Hasher): number {
  return clients.filter(({ clientId, labels }) =>
    isExposed(audience, { clientId, instanceId: clientId, ephemeral: false, labels }, hasher),
  ).length
}

const EVERYONE_FIRST = 'its first stage is everyone: it goes to everyone at once'

function objectionToAudience(
  audience: Audience,
  {
    stage,
    clients,
    hasher,
  }: { readonly stage: Stage; readonly clients: readonly Client[]; readonly hasher: Hasher },
): Objection {
  if (!audience.clauses.every(clause => describes(stage, clause)))
    return 'its audience names clients that its first stage does not'
  const live = clients.length
  const exposed = exposedOf(clients, audience, hasher)
  if (live >= FEW_CLIENTS && (stage.by === 'all' || exposed === live)) return EVERYONE_FIRST
  if (stage.by === 'labels' || stage.by === 'ids' || stage.by === 'all') return undefined
  const share = stage.by === 'share' ? stage.share : 0
  // Drawn by the share alone, as it is where nobody is heard, or so many that chance does it.
  if (audience.clauses.every(({ below = 0 }) => below <= share * BUCKETS + 1)) return undefined
  const planned = sizeOf(stage, live)
  return exposed > 0 && exposed <= planned + Math.max(1, Math.floor(planned * SLACK))
    ? undefined
    : `its audience exposes ${exposed} of the ${live} clients that are heard, and its first stage ${planned}`
}

/** What a fleet may have changed since the audience was worked out. */
const SLACK = 0.1

/** Whether a clause may stand in the audience of a stage. */
function describes(stage: Stage, { ids, labels, below, unknown }: Clause): boolean {
  if (unknown === true) return false
  switch (stage.by) {
    case 'labels':
      return ids === undefined && below === undefined && isSame(labels ?? null, stage.labels)
    case 'ids':
      return labels === undefined && below === undefined && (ids ?? []).every(id => stage.ids.includes(id))
    case 'count':
      return labels === undefined && (ids ?? []).length <= stage.count
    case 'share':
    case 'all':
      return labels === undefined && (ids ?? []).length <= 1
  }
}
