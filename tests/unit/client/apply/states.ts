import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Transport } from '../../../../src/contracts/transport.js'
import type { Release } from '../../../../src/core/release/release.js'
import type { ApplyEvent, AttemptEnd } from '../../../../src/client/apply/events.js'
import type {
  Pending,
  ReceivedRelease,
  SavedRelease,
  SavedVersion,
} from '../../../../src/client/apply/pending.js'
import {
  UNDER_WAY,
  type ApplyState,
  type Mode,
  type Trial,
  type Work,
} from '../../../../src/client/apply/state.js'

/** An event's name; the ends of an attempt are told apart. */
export type EventName = Exclude<ApplyEvent['type'], 'ended'> | `ended ${AttemptEnd['type']}`

const from: Transport = {
  name: 'board',
  latest: async () => ({ type: 'none' }),
  snapshot: async () => new Uint8Array(),
}
const saved = { digest: 'd'.repeat(64), version: 1, bytes: 2 }
const position = (sequence: number): { epoch: string; sequence: number } => ({
  epoch: '1-0000000a',
  sequence,
})

/** A release at a position, as a transport brings it; nothing reads what is in it. */
export function received(sequence: number): ReceivedRelease {
  return {
    type: 'release',
    release: { sequence } as Release,
    position: position(sequence),
    from,
    inline: [],
    origin: 'network',
  }
}

export const savedRelease: SavedRelease = {
  type: 'saved-release',
  release: { sequence: 1 } as Release,
  position: position(1),
}
export const savedVersion: SavedVersion = { type: 'saved-version', saved, position: position(1) }

/** What runs into a state: the release that is worked on, and a newer one. */
export const working = received(2)
export const newer = received(3)

const error = new NoticeboardError('internal', 'of a test')

/** One event of each name; what carries a number speaks of attempt 1. */
export const EVENTS: { readonly [Name in EventName]: ApplyEvent<string> } = {
  boot: { type: 'boot', restore: [savedRelease, savedVersion], pinned: false },
  release: { type: 'release', pending: newer },
  again: { type: 'again', pending: newer },
  current: { type: 'current' },
  freed: { type: 'freed', pending: working },
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  close: { type: 'close' },
  'retry-due': { type: 'retry-due', id: 1 },
  confirmed: { type: 'confirmed', commit: 1 },
  reverted: {
    type: 'reverted',
    commit: 1,
    pending: working,
    refused: {
      digest: saved.digest,
      version: 1,
      code: 'unhealthy',
      issues: [],
      overridden: false,
      reverted: true,
    },
  },
  soaked: { type: 'soaked', commit: 1 },
  trying: { type: 'trying', id: 1, saved },
  staged: { type: 'staged', id: 1 },
  refused: {
    type: 'refused',
    id: 1,
    refused: { digest: saved.digest, version: 1, code: 'invalid-document', issues: [], overridden: false },
  },
  'ended prepared': { type: 'ended', id: 1, end: { type: 'prepared', saved, change: 'change 1' } },
  'ended unchanged': { type: 'ended', id: 1, end: { type: 'unchanged', saved } },
  'ended kept': { type: 'ended', id: 1, end: { type: 'kept' } },
  'ended unsupported': { type: 'ended', id: 1, end: { type: 'unsupported', error } },
  'ended vetoed': { type: 'ended', id: 1, end: { type: 'vetoed', error, digest: saved.digest } },
  'ended failed': { type: 'ended', id: 1, end: { type: 'failed', error } },
  'ended missing': { type: 'ended', id: 1, end: { type: 'missing' } },
}

/** One work of each kind; the attempt at hand is number 1. */
export const WORKS: { readonly [At in Work['at']]: Extract<Work, { at: At }> } = {
  idle: { at: 'idle' },
  restoring: {
    at: 'restoring',
    id: 1,
    pending: savedRelease,
    step: UNDER_WAY,
    rest: [savedVersion],
    retry: undefined,
  },
  applying: { at: 'applying', id: 1, pending: working, step: UNDER_WAY },
  retrying: { at: 'retrying', id: 1, retry: { pending: working, why: { type: 'failed' } } },
  restored: { at: 'restored', newest: true },
  settled: { at: 'settled', how: 'applied' },
  closed: { at: 'closed' },
}

export const MODES: { readonly [At in Mode['at']]: Extract<Mode, { at: At }> } = {
  following: { at: 'following' },
  paused: { at: 'paused', newest: working },
  pinned: { at: 'pinned' },
}

export const TRIALS: { readonly [At in Trial['at']]: Extract<Trial, { at: At }> } = {
  none: { at: 'none' },
  unconfirmed: { at: 'unconfirmed', commit: 1 },
  probation: { at: 'probation', commit: 1 },
  earned: { at: 'earned', commit: 1 },
}

/** A state whose last attempt was number 1. */
export function stateOf(regions: Partial<ApplyState>): ApplyState {
  return { serial: 1, work: WORKS.idle, mode: MODES.following, trial: TRIALS.none, ...regions }
}

/** Every pair of a table, to be tried one by one. */
export function pairsOf<Row extends string, Column extends string, Cell>(
  table: Readonly<Record<Row, Readonly<Record<Column, Cell>>>>,
): readonly (readonly [Row, Column, Cell])[] {
  return (Object.keys(table) as Row[]).flatMap(row =>
    (Object.keys(table[row]) as Column[]).map(column => [row, column, table[row][column]] as const),
  )
}

export function sayPending(pending: Pending | undefined): string {
  if (pending === undefined) return 'nothing'
  return pending.type === 'release' ? `release ${pending.position.sequence}` : pending.type
}

export function sayWork(work: Work): string {
  switch (work.at) {
    case 'restoring':
      return [
        `restoring ${work.id} ${sayPending(work.pending)}`,
        ...(work.step === UNDER_WAY ? [] : [work.step.type]),
        ...work.rest.map(pending => `then ${sayPending(pending)}`),
        ...(work.retry === undefined ? [] : [`else ${sayPending(work.retry.pending)}`]),
      ].join(', ')
    case 'applying':
      return `applying ${work.id} ${sayPending(work.pending)} ${work.step.type}`
    case 'retrying':
      return `retrying ${work.id} ${sayPending(work.retry.pending)} ${work.retry.why.type}`
    case 'restored':
      return work.newest ? 'restored newest' : 'restored'
    case 'settled':
      return `settled ${work.how}`
    case 'idle':
    case 'closed':
      return work.at
  }
}

export function sayMode(mode: Mode): string {
  return mode.at === 'paused' ? `paused before ${sayPending(mode.newest)}` : mode.at
}

export function sayTrial(trial: Trial): string {
  return trial.at === 'none' ? 'none' : `${trial.at} of ${trial.commit}`
}
