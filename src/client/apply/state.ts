import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Pending, ReceivedRelease } from './pending.js'

/**
 * Where a client stands between what it was told to run and what it runs: three regions that change
 * by themselves, each by its own pure function. A state exists only where an event from outside is
 * answered differently.
 */
export interface ApplyState {
  /** The number of the last attempt; the next one gets the number after it. */
  readonly serial: number
  readonly work: Work
  readonly mode: Mode
  readonly trial: Trial
}

/** The attempt at hand, or how the last one ended. */
export type Work =
  /**
   * Nothing was attempted yet, nothing kept could be used, or the client was paused in the middle.
   */
  | { readonly at: 'idle' }
  /** Puts what an earlier life ran back in force; `rest` comes after it, in order. */
  | {
      readonly at: 'restoring'
      readonly id: number
      readonly pending: Pending
      readonly step: AttemptStep
      readonly rest: readonly Pending[]
      /**
       * The first that failed for a reason that may pass; tried again when nothing of the rest can
       * be used.
       */
      readonly retry: Retry | undefined
    }
  | {
      readonly at: 'applying'
      readonly id: number
      readonly pending: Pending
      readonly step: AttemptStep
    }
  | { readonly at: 'retrying'; readonly id: number; readonly retry: Retry }
  /** Runs what was kept. `newest`: it is what the newest release known here asks for. */
  | { readonly at: 'restored'; readonly newest: boolean }
  /**
   * A release that a transport brought came to its end; `waiting`: until more of it may be tried.
   */
  | { readonly at: 'settled'; readonly how: 'applied' | 'kept' | 'unsupported' | 'waiting' }
  | { readonly at: 'closed' }

/**
 * How far an attempt is, for reports: `trying` is about to parse a candidate, `staged` is validated
 * and waits for its time.
 */
export type AttemptStep =
  | { readonly type: 'under-way' | 'staged' }
  | { readonly type: 'trying'; readonly saved: SavedSnapshot }

/** The step that each attempt begins with. */
export const UNDER_WAY: AttemptStep = { type: 'under-way' }

/** What is tried again later, and why it failed. */
export interface Retry {
  readonly pending: Pending
  readonly why: Vetoed | { readonly type: 'failed' }
}

/** A participant refused a snapshot. */
export interface Vetoed {
  readonly type: 'vetoed'
  readonly digest: Digest
  /** Who, and what it did, in words that never hold a value. */
  readonly participant?: string
  readonly reason?: string
}

/** Whether the client follows releases. */
export type Mode =
  | { readonly at: 'following' }
  /** By the operator; `newest` is what to go on with. */
  | { readonly at: 'paused'; readonly newest: Pending | undefined }
  /** By a pin file, for the life of this client. */
  | { readonly at: 'pinned' }

/** What the running snapshot has proven by running; goes on while the client is paused. */
export type Trial =
  | { readonly at: 'none' }
  /** It was committed by attempt number `commit`, and a probe has to confirm it. */
  | { readonly at: 'unconfirmed'; readonly commit: number }
  /** It was committed by attempt number `commit`, and has not run for long enough. */
  | { readonly at: 'probation'; readonly commit: number }
  | { readonly at: 'earned'; readonly commit: number }

/** The state of a client that was created. */
export const INITIAL: ApplyState = {
  serial: 0,
  work: { at: 'idle' },
  mode: { at: 'following' },
  trial: { at: 'none' },
}

/** What an attempt is: its number, and what it is to bring into force. */
export interface Attempt {
  readonly id: number
  readonly pending: Pending
}

/** The attempt that is under way in this state; undefined when none is. */
export function attemptOf({ work }: ApplyState): Attempt | undefined {
  return work.at === 'restoring' || work.at === 'applying' ? work : undefined
}

/** Whether something is about to come into force, or to be refused. */
export function isWorking(state: ApplyState): boolean {
  return attemptOf(state) !== undefined
}

/** Whether a mere proof that nothing newer exists also proves that the newest runs here. */
export function isProvable({ work, mode }: ApplyState): boolean {
  if (mode.at === 'paused' && mode.newest !== undefined) return false
  switch (work.at) {
    case 'settled':
      return work.how === 'applied'
    case 'restored':
      return work.newest
    case 'idle':
    case 'restoring':
    case 'applying':
    case 'retrying':
    case 'closed':
      return false
  }
}

/**
 * Whether the newest release, brought once more by a transport, was not attempted from there yet.
 */
export function isUntried({ work }: ApplyState): boolean {
  switch (work.at) {
    case 'idle':
    case 'restored':
      return true
    case 'retrying':
      return work.retry.pending.type !== 'release'
    case 'restoring':
    case 'applying':
    case 'settled':
    case 'closed':
      return false
  }
}

/** Whether something was brought by a transport, and not read back from disk. */
export function isReceived(pending: Pending): pending is ReceivedRelease {
  return pending.type === 'release'
}
