import type { Audience } from '../core/release/audience.js'
import type { Rehearsal, StageStart } from '../core/release/rollout.js'
import { idOf } from './cohort.js'
import { decideWithinMs } from './deadline.js'
import type { Anew } from './begin-anew.js'
import { liveIn, startOf, withOneMore, type NextQuery } from './next-stage.js'
import type { NextStage } from './policy.js'
import { rehearserOf } from './rehearsal.js'

/**
 * A phase of the rehearsal that begins now. On the way back nobody is exposed: the client goes back
 * as it would in an incident.
 *
 * ```ts
 * const next = rehearsalFrom(query, { phase: 'back', id: rehearsal.id })
 * ```
 */
export function rehearsalFrom(
  query: NextQuery,
  rehearsal: Rehearsal,
  { anew = query.view.rollout.stageStart.anew }: Pick<StageStart, 'anew'> = {},
): NextStage {
  const { plan, nowMs } = query.view
  const live = liveIn(query)
  const { salt } = audienceIn(query)
  const audience: Audience = {
    salt,
    clauses: rehearsal.phase === 'back' ? [] : [{ ids: [rehearsal.id] }],
  }
  return {
    state: 'running',
    stage: 0,
    audience,
    start: { ...startOf(query, live, audience), ...(anew !== undefined && { anew }), rehearsal },
    decideBy: new Date(nowMs + decideWithinMs(plan, live, query.release.spreadMs)).toISOString(),
  }
}

/**
 * The rehearsal from its beginning, with another client, or with the `same` one where that is able
 * still. Its `next` is undefined where nobody is.
 */
export function rehearsalAnew(query: NextQuery, gone: string, same: 'also-the-same' | 'another'): Anew {
  const except = same === 'another' ? query.view.rollout.stageStart.rehearsal?.id : undefined
  return {
    gone,
    wanted: 'a live client that is well, runs what is stable, and has a state folder',
    next(times) {
      const id = idOfRehearser(query, except)
      return id === undefined ? undefined : rehearsalFrom(query, { phase: 'forward', id }, times)
    },
  }
}

/**
 * The rehearsal with one client more, which rehearses in the place of the one that failed; that one
 * stays exposed, so that a second failure tells. Undefined where nobody is left.
 */
export function rehearsalWithOneMore(query: NextQuery): NextStage | undefined {
  const { stageStart, decideBy } = query.view.rollout
  const id = idOfRehearser(query, stageStart.rehearsal?.id)
  if (id === undefined) return undefined
  const { salt, clauses } = audienceIn(query)
  return {
    state: 'running',
    stage: 0,
    audience: { salt, clauses: [{ ids: [...clauses.flatMap(({ ids = [] }) => ids), id] }] },
    start: { ...withOneMore(stageStart), rehearsal: { phase: 'forward', id } },
    decideBy,
  }
}

function idOfRehearser(query: NextQuery, except: string | undefined): string | undefined {
  const { release, hasher, view } = query
  const { salt } = audienceIn(query)
  const [first] = view.plan.stages
  if (first === undefined) throw new TypeError('a plan has stages')
  const client = rehearserOf({
    live: liveIn(query),
    first,
    stable: new Set(release.stable.variants.map(({ digest }) => digest)),
    ...(except !== undefined && { except }),
    salt,
    hasher,
  })
  return client === undefined ? undefined : idOf(client.clientId, { salt, hasher })
}

function audienceIn({ release }: NextQuery): Audience {
  if (release.audience === undefined) throw new TypeError('a rehearsal has an audience')
  return release.audience
}
