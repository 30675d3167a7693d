import type { Hasher } from '../contracts/system.js'
import { BUCKETS, cohortHash, isExposed, type Audience, type Clause } from '../core/release/audience.js'
import { isOnDemand, seemsWell, type Member } from './members.js'
import type { Stage } from './stage.js'

/** Up to so many live clients a share is made exact; beyond, the law of large numbers does it. */
const COUNTED_EXACTLY = 2_000

/** What an audience is worked out from. */
export interface CohortQuery {
  readonly stage: Stage
  /** The live clients, incumbents all. */
  readonly live: readonly Member[]
  /** The audience of the stage before; for the first stage only its salt, and no clause. */
  readonly before: Audience
  /** The share of clients that stays outside. */
  readonly holdback: number
  readonly hasher: Hasher
}

/**
 * The audience of a stage: the one before, kept or widened in each clause, so that nobody who is
 * exposed is taken back. Stable over restarts and over a rollout that is started again with the same
 * salt, since it follows from the salt and the clients' names.
 *
 * ```ts
 * const audience = audienceOf({ stage, live, before: { salt, clauses: [] }, holdback: 0, hasher })
 * ```
 */
export function audienceOf(query: CohortQuery): Audience {
  const { stage, live, before, holdback, hasher } = query
  const { salt } = before
  switch (stage.by) {
    case 'ids':
      return { salt, clauses: withIds(before.clauses, stage.ids) }
    case 'labels':
      return { salt, clauses: withLabels(before.clauses, stage.labels) }
    case 'count': {
      // The first one is chosen, and so is the one that takes its place.
      const canary = live.some(member => inAudience(member, before, hasher))
        ? undefined
        : canaryOf(live, { salt, hasher })
      const named =
        canary === undefined
          ? before
          : { salt, clauses: withIds(before.clauses, [idOf(canary.clientId, { salt, hasher })]) }
      return upTo(named, query, stage.count)
    }
    case 'share': {
      const count = Math.max(Math.ceil(stage.share * live.length), stage.atLeast ?? 1)
      return live.length <= COUNTED_EXACTLY
        ? upTo(before, query, count)
        : { salt, clauses: withBelow(before.clauses, Math.ceil((count / live.length) * BUCKETS)) }
    }
    case 'all':
      return { salt, clauses: withBelow(before.clauses, Math.ceil((1 - holdback) * BUCKETS)) }
  }
}

/**
 * The audience with one client more, the one with the lowest bucket of those outside it; the same
 * where nobody is left.
 */
export function oneMore(query: Pick<CohortQuery, 'live' | 'before' | 'hasher'>): Audience {
  const { live, before, hasher } = query
  const exposed = live.filter(member => inAudience(member, before, hasher)).length
  return upTo(before, query, exposed + 1)
}

/**
 * Whether a client is in an audience.
 *
 * ```ts
 * const exposed = live.filter(member => inAudience(member, release.audience, hasher))
 * ```
 */
export function inAudience({ identity }: Member, audience: Audience, hasher: Hasher): boolean {
  return isExposed(audience, identity, hasher)
}

/**
 * The hashed id of a client in an audience.
 *
 * ```ts
 * clause.ids.includes(idOf(clientId, { salt: rollout.id, hasher }))
 * ```
 */
export function idOf(
  clientId: string,
  { salt, hasher }: { readonly salt: string; readonly hasher: Hasher },
): string {
  return cohortHash(salt, clientId, hasher).slice(0, 32)
}

/** The hashed ids that an audience names, in whatever clause. */
export function idsIn({ clauses }: Audience): ReadonlySet<string> {
  return new Set(clauses.flatMap(({ ids = [] }) => ids))
}

/** Whether an audience exposes clients by their labels, who may fail together. */
export function isByLabel({ clauses }: Audience): boolean {
  return clauses.some(({ labels }) => labels !== undefined)
}

/**
 * Whether an audience keeps or widens each clause of another one: nobody is taken back by it,
 * whoever the clients are.
 *
 * ```ts
 * if (!isWider(next.audience, newest.audience)) throw refusal
 * ```
 */
export function isWider(next: Audience, before: Audience): boolean {
  return (
    next.salt === before.salt &&
    before.clauses.every(clause => next.clauses.some(wider => isWiderClause(wider, clause)))
  )
}

function isWiderClause(wider: Clause, clause: Clause): boolean {
  if (wider.unknown === true || clause.unknown === true) return false
  const has = ({ ids, labels, below }: Clause): boolean =>
    ids !== undefined || labels !== undefined || below !== undefined
  if (!has(clause)) return true
  if (!has(wider)) return false
  const { ids, labels, below } = clause
  if (wider.ids !== undefined && (ids === undefined || !ids.every(id => wider.ids?.includes(id))))
    return false
  if (wider.below !== undefined && (below === undefined || wider.below < below)) return false
  if (wider.labels === undefined) return true
  const names = Object.entries(wider.labels)
  // A clause without names is for nobody, so it widens none.
  if (labels === undefined || names.length === 0) return false
  return names.every(([name, values]) => {
    const narrow = Object.hasOwn(labels, name) ? labels[name] : undefined
    return narrow?.every(value => values.includes(value)) === true
  })
}

/**
 * The client that goes first: an incumbent that is well and lives, with a disk, by a timer, of the
 * build that most clients run, and of those the one with the lowest bucket. Where nobody is like
 * that, the best of the others.
 *
 * ```ts
 * const first = canaryOf(live, { salt: rollout.id, hasher })
 * ```
 */
export function canaryOf(
  live: readonly Member[],
  { salt, hasher }: { readonly salt: string; readonly hasher: Hasher },
): Member | undefined {
  const builds = new Map<string, number>()
  for (const { identity } of live) {
    const build = identity.build ?? ''
    builds.set(build, (builds.get(build) ?? 0) + 1)
  }
  const commonest = Math.max(0, ...builds.values())
  const merits = ({ identity, current, shared }: Member): number =>
    [
      current.every(({ phase }) => phase === 'applied' || phase === 'healthy'),
      !identity.ephemeral && !shared && !current.some(isOnDemand),
      current.every(({ protection }) => protection === 'disk'),
      builds.get(identity.build ?? '') === commonest,
      current.every(seemsWell),
    ].filter(Boolean).length
  let best: { readonly member: Member; readonly merit: number; readonly hash: string } | undefined
  for (const member of live) {
    const merit = merits(member)
    const hash = cohortHash(salt, member.clientId, hasher)
    if (best === undefined || merit > best.merit || (merit === best.merit && hash < best.hash))
      best = { member, merit, hash }
  }
  return best?.member
}

/**
 * Exposes clients up to a number: by lowering nobody and raising the threshold to the bucket of the
 * last of them.
 */
function upTo(
  audience: Audience,
  { live, hasher }: Pick<CohortQuery, 'live' | 'hasher'>,
  count: number,
): Audience {
  const { salt, clauses } = audience
  const outside = live.filter(member => !inAudience(member, audience, hasher))
  const missing = count - (live.length - outside.length)
  if (missing <= 0) return audience
  const buckets = outside
    .map(({ clientId }) => Number.parseInt(cohortHash(salt, clientId, hasher).slice(0, 8), 16))
    .toSorted((a, b) => a - b)
  const last = buckets[Math.min(missing, buckets.length) - 1]
  return last === undefined ? audience : { salt, clauses: withBelow(clauses, last + 1) }
}

/** The one clause that names clients, with more of them. */
function withIds(clauses: readonly Clause[], more: readonly string[]): readonly Clause[] {
  const isNamed = (clause: Clause): boolean => clause.ids !== undefined && Object.keys(clause).length === 1
  const known = clauses.find(isNamed)?.ids ?? []
  return [...clauses.filter(clause => !isNamed(clause)), { ids: [...new Set([...known, ...more])] }]
}

/** The one clause that is a share of all clients, raised. */
function withBelow(clauses: readonly Clause[], below: number): readonly Clause[] {
  const isShare = (clause: Clause): boolean => clause.below !== undefined && Object.keys(clause).length === 1
  const known = clauses.find(isShare)?.below ?? 0
  return [...clauses.filter(clause => !isShare(clause)), { below: Math.min(BUCKETS, Math.max(known, below)) }]
}

/** One more clause for labels, unless it is there. */
function withLabels(clauses: readonly Clause[], labels: NonNullable<Clause['labels']>): readonly Clause[] {
  const clause: Clause = { labels }
  return clauses.some(known => isWiderClause(known, clause)) ? clauses : [...clauses, clause]
}
