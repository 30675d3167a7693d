import type { Digest } from '../../contracts/names.js'
import type { Pardon, Quarantine, SavedAttempt } from '../../contracts/state.js'
import type { ProcessFate } from '../disk/process-fate.js'

/** How long a death and a quarantine count, in milliseconds: a day. */
export const HELD_MS = 86_400_000

/** An attempt is dead when this many of its beats are missing. */
export const MISSED_BEATS = 3

/** What a folder tells of who tries what. */
export interface FolderRecord {
  readonly attempts: readonly SavedAttempt[]
  readonly quarantined: readonly Quarantine[]
  readonly pardoned: readonly Pardon[]
}

/** Who asks, and when. */
export interface Judge {
  readonly instanceId: string
  readonly build: string
  readonly fate: (of: Pick<SavedAttempt, 'owner' | 'bootId'>) => ProcessFate
  /** In milliseconds since 1970. */
  readonly nowMs: number
  readonly beatMs: number
}

/** What is held against one snapshot, for one build. */
export interface Case {
  readonly verdict: 'clear' | 'suspect' | 'guilty'
  /** Until when it is under quarantine, as a time of docs/formats.md. */
  readonly until: string | undefined
  /** Those that died of it, maybe. */
  readonly deaths: readonly SavedAttempt[]
  /** Other instances that try it, as far as is known. */
  readonly trying: readonly SavedAttempt[]
  /** Whether one of them may be dead, and nobody knows yet. */
  readonly uncertain: boolean
  /**
   * Whether deaths were held against it until what ran in its stead died as well: it has yet to
   * outlive its trial.
   */
  readonly acquitted: boolean
  /** Whether it has yet to outlive a trial that ended before its time, and without a death. */
  readonly unfinished: boolean
}

/**
 * Whether an attempt ended with its process: that is gone, or silent for three beats. Its own
 * attempts an instance knows to be alive.
 */
export function isDead(attempt: SavedAttempt, { instanceId, fate, nowMs, beatMs }: Judge): boolean {
  if (attempt.instanceId === instanceId) return false
  switch (fate(attempt)) {
    case 'gone':
      return true
    case 'alive':
      return false
    case 'unknown':
      return Math.abs(nowMs - Date.parse(attempt.beatAt)) > MISSED_BEATS * beatMs
  }
}

/**
 * What is held against a snapshot. One that a process died of is a suspect. It is guilty once a
 * process died that tried it again, alone; and clear once a process died that ran something else in
 * its stead.
 */
export function judge(digest: Digest, record: FolderRecord, by: Judge): Case {
  const { build, nowMs } = by
  // Times far from now were written by a clock that stood elsewhere.
  const isNear = (at: string): boolean => Math.abs(nowMs - Date.parse(at)) <= HELD_MS
  const pardonedAt = latest(
    record.pardoned.filter(pardon => pardon.digest === digest && isNear(pardon.at)).map(({ at }) => at),
  )
  const counts = (at: string): boolean => at > pardonedAt && isNear(at)
  const ofBuild = record.attempts.filter(attempt => attempt.build === build && counts(attempt.beatAt))
  const begun = ofBuild.filter(({ stopped }) => stopped === undefined)
  const others = begun.filter(({ instanceId }) => instanceId !== by.instanceId)
  const dead = others.filter(attempt => isDead(attempt, by))
  const acquittedAt = latest(
    dead.filter(attempt => attempt.digest === digest && attempt.instead === true).map(({ beatAt }) => beatAt),
  )
  const deaths = dead.filter(
    attempt => attempt.digest === digest && attempt.instead === undefined && attempt.beatAt > acquittedAt,
  )
  const trying = others.filter(
    attempt => attempt.digest === digest && attempt.instead === undefined && !dead.includes(attempt),
  )
  const until = latest(
    record.quarantined
      .filter(other => other.digest === digest && other.build === build && isHeld(other, pardonedAt, nowMs))
      .map(other => other.until),
  )
  const guilty = until !== '' || deaths.some(death => death.retry === true && isLone(death, dead))
  return {
    verdict: guilty ? 'guilty' : deaths.length > 0 ? 'suspect' : 'clear',
    until: until === '' ? undefined : until,
    deaths,
    trying,
    uncertain: trying.some(attempt => by.fate(attempt) === 'unknown'),
    acquitted: acquittedAt !== '',
    unfinished: ofBuild.some(attempt => attempt.digest === digest && attempt.stopped === true),
  }
}

/** Whether nothing else was tried in the process that died; what only waited there was not. */
function isLone({ digest, owner, bootId }: SavedAttempt, dead: readonly SavedAttempt[]): boolean {
  return dead.every(
    other =>
      other.digest === digest || other.instead === true || other.owner !== owner || other.bootId !== bootId,
  )
}

/** A quarantine is told by its end; a pardon that came after its beginning ends it. */
function isHeld({ until }: Quarantine, pardonedAt: string, nowMs: number): boolean {
  const untilMs = Date.parse(until)
  const begun = new Date(untilMs - HELD_MS).toISOString()
  return begun > pardonedAt && nowMs < untilMs && untilMs - nowMs <= HELD_MS
}

/** The latest of these times; empty when there is none, which is before every time. */
function latest(times: readonly string[]): string {
  return times.reduce((most, time) => (time > most ? time : most), '')
}
