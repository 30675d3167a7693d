import type { Digest } from '../contracts/names.js'
import type { ClientReport } from '../contracts/report.js'
import type { Hasher } from '../contracts/system.js'
import type { Rehearsal } from '../core/release/rollout.js'
import { runs, type Observed } from './client-state.js'
import { audienceOf, canaryOf, idOf, inAudience } from './cohort.js'
import { refusalOf } from './failures.js'
import { firstHeardMs, isOnDemand, seemsWell, type Member } from './members.js'
import type { Stage } from './stage.js'

/** What the client of a rehearsal is chosen from. */
export interface RehearserQuery {
  /** The live clients, incumbents all. */
  readonly live: readonly Member[]
  /** The first stage: where it names clients or labels, the client is one of those. */
  readonly first: Stage
  /** The snapshots that the client has to run, since it is to go back to them. */
  readonly stable: ReadonlySet<Digest>
  /** A client that has shown that it cannot be the one; by its hashed id. */
  readonly except?: string
  readonly salt: string
  readonly hasher: Hasher
}

/**
 * The client that rehearses the way back: the first of the cohort that runs what is stable, is
 * well, reports by a timer, and has a disk, so that it survives what it is given and can tell how
 * it ended. Undefined where nobody is like that.
 *
 * ```ts
 * const client = rehearserOf({ live, first: plan.stages[0], stable, salt, hasher })
 * ```
 */
export function rehearserOf(query: RehearserQuery): Member | undefined {
  const { live, first, stable, except, salt, hasher } = query
  const before = { salt, clauses: [] }
  const isNamed = first.by === 'ids' || first.by === 'labels'
  const cohort = isNamed ? audienceOf({ stage: first, live, before, holdback: 0, hasher }) : undefined
  const able = live.filter(
    member =>
      (cohort === undefined || inAudience(member, cohort, hasher)) &&
      canRehearse(member, stable) &&
      idOf(member.clientId, { salt, hasher }) !== except,
  )
  return canaryOf(able, { salt, hasher })
}

function canRehearse(member: Member, stable: ReadonlySet<Digest>): boolean {
  const { identity, current, shared } = member
  if (identity.ephemeral || shared || refusalOf(member, stable) !== undefined) return false
  return current
    .filter(({ phase }) => phase !== 'stopped')
    .every(word => runs(word, stable) && word.protection === 'disk' && !isOnDemand(word) && seemsWell(word))
}

/**
 * A client as it may be judged on its way back: how a life ended before that began says nothing
 * about it.
 */
export function sinceThen(member: Member, atMs: number): Member {
  const since = (word: ClientReport): ClientReport => {
    if (firstHeardMs(word) >= atMs) return word
    const { previous: _, ...rest } = word
    return rest
  }
  return { ...member, words: member.words.map(since), current: member.current.map(since) }
}

/** The client of a rehearsal as its stage shows it; undefined where it is not heard any more. */
export function rehearserIn(
  exposed: readonly Observed[],
  { id }: Rehearsal,
  { salt, hasher }: { readonly salt: string; readonly hasher: Hasher },
): Observed | undefined {
  return exposed.find(({ member }) => idOf(member.clientId, { salt, hasher }) === id)
}

/**
 * Why the client of a rehearsal can tell nothing any more, for people: it went away in order, say.
 * Then another one rehearses. Undefined while it can.
 */
export function lossOf({ state }: Observed): string | undefined {
  if (state.is === 'left-out') return `the client that rehearses the way back is ${state.why}`
  return state.is === 'doubtful' && state.why === 'shared-id'
    ? 'the client that rehearses the way back shares its name with another one'
    : undefined
}

/**
 * Whether a process of the client was started anew since a time, in order: nothing was tried on
 * that one.
 */
export function wasRestarted({ member }: Observed, atMs: number): boolean {
  return member.current.some(word => word.phase !== 'stopped' && firstHeardMs(word) >= atMs)
}

/** Whether a process of the client ended without a word since a time, whatever it ran. */
export function diedSince({ member }: Observed, atMs: number): boolean {
  return member.words.some(word => firstHeardMs(word) >= atMs && word.previous?.end === 'abrupt')
}
