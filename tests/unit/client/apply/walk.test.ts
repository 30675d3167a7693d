import { describe, expect, test } from 'vitest'
import type { ApplyEffect, ApplyEvent, AttemptEnd } from '../../../../src/client/apply/events.js'
import { next } from '../../../../src/client/apply/next.js'
import type { Pending } from '../../../../src/client/apply/pending.js'
import { attemptOf, INITIAL, isProvable, type ApplyState } from '../../../../src/client/apply/state.js'
import { chanceOf, type Chance } from '../../../support/chance.js'
import { EVENTS, received, savedRelease, savedVersion } from './states.js'

type Ended = Extract<ApplyEvent<string>, { type: 'ended' }>

const ENDS: readonly AttemptEnd<string>['type'][] = [
  'prepared',
  'prepared',
  'prepared',
  'unchanged',
  'kept',
  'unsupported',
  'vetoed',
  'vetoed',
  'failed',
  'missing',
]

/** A walk's own account of what happened, kept apart from the state. */
interface Walk {
  state: ApplyState
  /** The newest release that was offered. */
  newest: number
  paused: boolean
  /**
   * Attempts that were begun and have not said how they ended; all but the last of them were
   * aborted.
   */
  readonly begun: Map<number, Pending>
  /** Attempts that the state asked for. */
  readonly asked: Set<number>
  readonly committed: string[]
  readonly discarded: string[]
  /** The end of the newest release, if it came to one. */
  settled: AttemptEnd<string>['type'] | undefined
}

function walkOf(chance: Chance): Walk {
  const kept = chance.pick<readonly Pending[]>([
    [],
    [savedVersion],
    [savedRelease, savedVersion, savedVersion],
  ])
  const walk: Walk = {
    state: INITIAL,
    newest: 0,
    paused: false,
    begun: new Map(),
    asked: new Set(),
    committed: [],
    discarded: [],
    settled: undefined,
  }
  if (chance.oneIn(5)) take(walk, EVENTS.pause)
  take(walk, { type: 'boot', restore: kept, pinned: false })
  return walk
}

/** Something that may happen next, also what comes late. */
function eventOf({ state, newest, begun }: Walk, chance: Chance): ApplyEvent<string> {
  const id = chance.oneIn(4) ? chance.below(state.serial + 2) : (attemptOf(state)?.id ?? state.serial)
  switch (chance.below(14)) {
    case 0:
    case 1:
      return { type: 'release', pending: received(newest + 1) }
    case 2:
      return newest === 0 ? EVENTS.current : { type: 'again', pending: received(newest) }
    case 3:
      return EVENTS.current
    case 4:
      return EVENTS.pause
    case 5:
      return EVENTS.resume
    case 6:
      return { type: 'retry-due', id }
    case 7: {
      const { trial } = state
      return { type: 'soaked', commit: trial.at === 'none' || chance.oneIn(3) ? id : trial.commit }
    }
    case 8:
      return { ...(chance.oneIn(2) ? EVENTS.staged : EVENTS.refused), id } as ApplyEvent<string>
    case 9: {
      const { trial } = state
      const commit = trial.at === 'none' || chance.oneIn(3) ? id : trial.commit
      if (chance.oneIn(2)) return { type: 'confirmed', commit }
      return { ...EVENTS.reverted, commit, pending: newestOf(newest) } as ApplyEvent<string>
    }
    case 10:
      return { type: 'freed', pending: newestOf(newest) }
    default: {
      if (!begun.has(id)) return EVENTS.current
      const { end } = EVENTS[`ended ${chance.pick(ENDS)}`] as Ended
      const confirm = chance.oneIn(3)
      return {
        type: 'ended',
        id,
        end: end.type === 'prepared' ? { ...end, change: `change ${id}`, confirm } : end,
      }
    }
  }
}

function newestOf(newest: number): Pending {
  return newest === 0 ? savedRelease : received(newest)
}

/** Takes an event, does what a driver does, and checks what must hold at every step. */
function take(walk: Walk, event: ApplyEvent<string>): void {
  const before = walk.state
  const { state, effects } = next(before, event)
  walk.state = state
  const attempt = attemptOf(state)
  const attemptBefore = attemptOf(before)

  if (event.type === 'ended') walk.begun.delete(event.id)
  if (attempt !== undefined && attempt.id !== attemptBefore?.id) {
    must('a number is given once', !walk.asked.has(attempt.id))
    must('numbers grow by one', attempt.id === before.serial + 1)
    walk.asked.add(attempt.id)
    walk.begun.set(attempt.id, attempt.pending)
  }
  if (event.type === 'release') [walk.newest, walk.settled] = [event.pending.position.sequence, undefined]
  if (event.type === 'pause') walk.paused = true
  if (event.type === 'resume') walk.paused = false
  const pending = attemptBefore?.pending
  if (event.type === 'ended' && event.id === attemptBefore?.id && isRelease(pending, walk.newest))
    walk.settled = event.end.type

  for (const effect of effects) check(walk, effect, { before, event })
  if (event.type === 'ended' && event.end.type === 'prepared') {
    const made = [...walk.committed, ...walk.discarded].filter(change => change === `change ${event.id}`)
    must('what was prepared is committed or discarded, once', made.length === 1)
  }
  if (event.type === 'pause' && before.work.at === 'restoring')
    must('a pause breaks off no restart', state.work === before.work)
  if (walk.paused && attempt !== undefined)
    must('in a pause nothing begins but a restart', state.work.at === 'restoring')
  must('the newest release is not lost', keepsNewest(walk))
}

function check(
  walk: Walk,
  effect: ApplyEffect<string>,
  { before, event }: { before: ApplyState; event: ApplyEvent<string> },
): void {
  switch (effect.type) {
    case 'commit': {
      const { id } = attemptOf(before) ?? { id: 0 }
      must('what is committed was worked on', effect.change === `change ${id}`)
      const { trial } = walk.state
      const onTrial = trial.at === 'probation' || trial.at === 'unconfirmed'
      must('a commit is on trial', onTrial && trial.commit === id)
      walk.committed.push(effect.change)
      return
    }
    case 'discard':
      walk.discarded.push(effect.change)
      return
    case 'earn':
      must(
        'what runs is what is earned',
        event.type === 'soaked' && walk.committed.at(-1) === `change ${event.commit}`,
      )
      return
    case 'prove':
      must('a proof is of what is settled', isProvable(walk.state))
      must('the newest came to a good end', walk.newest === 0 || GOOD.has(walk.settled))
      return
    case 'confirm':
    case 'save':
    case 'refuse':
    case 'value':
    case 'fall-behind':
    case 'complain':
    case 'report':
      return
  }
}

const GOOD: ReadonlySet<string | undefined> = new Set(['prepared', 'unchanged'])

/** As `expect`, which is too slow for a million steps. */
function must(what: string, holds: boolean): void {
  if (!holds) throw new Error(`does not hold: ${what}`)
}

function isRelease(pending: Pending | undefined, sequence: number): boolean {
  return pending?.type === 'release' && pending.position.sequence === sequence
}

/**
 * Whether the newest release is worked on, came to its end, or waits for its retry or for the end
 * of a pause.
 */
function keepsNewest({ state: { work, mode }, newest, settled }: Walk): boolean {
  if (newest === 0 || work.at === 'closed') return true
  switch (work.at) {
    case 'applying':
      return isRelease(work.pending, newest)
    case 'retrying':
      return isRelease(work.retry.pending, newest)
    case 'settled':
    case 'restored':
    case 'restoring':
    case 'idle':
      // `missing` is no answer of a transport; the walk gives it all the same.
      return (
        (settled !== undefined && settled !== 'vetoed' && settled !== 'failed') ||
        (mode.at === 'paused' && isRelease(mode.newest, newest))
      )
  }
}

describe('a walk at random', () => {
  test('keeps what always holds, and nothing happens after its end', () => {
    for (let seed = 0; seed < 4_000; seed += 1) {
      const chance = chanceOf(seed, 7, 0)
      const walk = walkOf(chance)
      try {
        for (let step = 0; step < 60; step += 1) take(walk, eventOf(walk, chance))
        take(walk, EVENTS.close)
        const committed = walk.committed.length
        for (let step = 0; step < 20; step += 1) take(walk, eventOf(walk, chance))
        must('after the end nothing is attempted', attemptOf(walk.state) === undefined)
        must('after the end nothing is committed', walk.committed.length === committed)
        must('after the end no trial goes on', walk.state.trial.at === 'none')
      } catch (error) {
        throw new Error(`walk ${seed} came to ${JSON.stringify(walk.state)}`, { cause: error })
      }
    }
  })

  test('visits every state', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 300; seed += 1) {
      const chance = chanceOf(seed, 7, 0)
      const walk = walkOf(chance)
      for (let step = 0; step < 60; step += 1) {
        take(walk, eventOf(walk, chance))
        const { work, mode, trial } = walk.state
        for (const { at } of [work, mode, trial]) seen.add(at)
      }
    }
    expect([...seen].sort()).toEqual([
      'applying',
      'earned',
      'following',
      'idle',
      'none',
      'paused',
      'probation',
      'restored',
      'restoring',
      'retrying',
      'settled',
      'unconfirmed',
    ])
  })
})
