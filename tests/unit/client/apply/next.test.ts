import { describe, expect, test } from 'vitest'
import { next } from '../../../../src/client/apply/next.js'
import type { Mode, Trial, Work } from '../../../../src/client/apply/state.js'
import {
  EVENTS,
  MODES,
  pairsOf,
  savedRelease,
  savedVersion,
  sayMode,
  sayTrial,
  sayWork,
  stateOf,
  TRIALS,
  working,
  WORKS,
  type EventName,
} from './states.js'

type Table<Rows extends string> = Record<Rows, Record<EventName, string>>

const NO_ATTEMPT = {
  trying: 'same',
  staged: 'same',
  refused: 'same',
  'ended prepared': 'same',
  'ended unchanged': 'same',
  'ended kept': 'same',
  'ended unsupported': 'same',
  'ended vetoed': 'same',
  'ended failed': 'same',
  'ended missing': 'same',
} as const

const NEWER = 'applying 2 release 3 under-way'

const work: Table<Work['at']> = {
  idle: {
    ...NO_ATTEMPT,
    boot: 'restoring 2 saved-release, then saved-version',
    release: NEWER,
    again: NEWER,
    current: 'same',
    freed: 'applying 2 release 2 under-way',
    pause: 'same',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'applying 2 release 2 under-way',
    soaked: 'same',
    close: 'closed',
  },
  restoring: {
    boot: 'same',
    release: NEWER,
    again: 'same',
    current: 'same',
    freed: 'same',
    pause: 'same',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'same',
    soaked: 'same',
    close: 'closed',
    trying: 'restoring 1 saved-release, trying, then saved-version',
    staged: 'same',
    refused: 'same',
    'ended prepared': 'restored newest',
    'ended unchanged': 'restored newest',
    'ended kept': 'restoring 2 saved-version',
    'ended unsupported': 'restoring 2 saved-version',
    'ended vetoed': 'restoring 2 saved-version, else saved-release',
    'ended failed': 'restoring 2 saved-version, else saved-release',
    'ended missing': 'restoring 2 saved-version',
  },
  applying: {
    boot: 'same',
    release: NEWER,
    again: 'same',
    current: 'same',
    freed: 'same',
    pause: 'idle',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'same',
    soaked: 'same',
    close: 'closed',
    trying: 'applying 1 release 2 trying',
    staged: 'applying 1 release 2 staged',
    refused: 'same',
    'ended prepared': 'settled applied',
    'ended unchanged': 'settled applied',
    'ended kept': 'settled kept',
    'ended unsupported': 'settled unsupported',
    'ended vetoed': 'retrying 1 release 2 vetoed',
    'ended failed': 'retrying 1 release 2 failed',
    'ended missing': 'idle',
  },
  retrying: {
    ...NO_ATTEMPT,
    boot: 'same',
    release: NEWER,
    again: 'same',
    current: 'same',
    freed: 'same',
    pause: 'idle',
    resume: 'same',
    'retry-due': 'applying 2 release 2 under-way',
    confirmed: 'same',
    reverted: 'same',
    soaked: 'same',
    close: 'closed',
  },
  restored: {
    ...NO_ATTEMPT,
    boot: 'same',
    release: NEWER,
    again: NEWER,
    current: 'same',
    freed: 'applying 2 release 2 under-way',
    pause: 'same',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'applying 2 release 2 under-way',
    soaked: 'same',
    close: 'closed',
  },
  settled: {
    ...NO_ATTEMPT,
    boot: 'same',
    release: NEWER,
    again: 'same',
    current: 'same',
    freed: 'applying 2 release 2 under-way',
    pause: 'same',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'applying 2 release 2 under-way',
    soaked: 'same',
    close: 'closed',
  },
  closed: {
    ...NO_ATTEMPT,
    boot: 'same',
    release: 'same',
    again: 'same',
    current: 'same',
    freed: 'same',
    pause: 'same',
    resume: 'same',
    'retry-due': 'same',
    confirmed: 'same',
    reverted: 'same',
    soaked: 'same',
    close: 'same',
  },
}

test.each(pairsOf(work))('work that is %s meets "%s": %s', (at, event, expected) => {
  const before = stateOf({ work: WORKS[at], trial: TRIALS.unconfirmed })
  const { state } = next(before, EVENTS[event])
  if (expected === 'same') expect(state.work).toBe(before.work)
  else expect(sayWork(state.work)).toBe(expected)
})

/**
 * Modes while release 2 is attempted: what the pause keeps from coming into force is what it goes
 * on with.
 */
const mode: Table<Mode['at']> = {
  following: {
    boot: 'following',
    release: 'following',
    again: 'following',
    current: 'following',
    freed: 'following',
    pause: 'paused before release 2',
    resume: 'following',
    'retry-due': 'following',
    confirmed: 'following',
    reverted: 'following',
    soaked: 'following',
    close: 'following',
    trying: 'following',
    staged: 'following',
    refused: 'following',
    'ended prepared': 'following',
    'ended unchanged': 'following',
    'ended kept': 'following',
    'ended unsupported': 'following',
    'ended vetoed': 'following',
    'ended failed': 'following',
    'ended missing': 'following',
  },
  paused: {
    boot: 'paused before release 2',
    release: 'paused before release 3',
    again: 'paused before release 3',
    current: 'paused before release 2',
    freed: 'paused before release 2',
    pause: 'paused before release 2',
    resume: 'following',
    'retry-due': 'paused before release 2',
    confirmed: 'paused before release 2',
    reverted: 'paused before release 2',
    soaked: 'paused before release 2',
    close: 'paused before release 2',
    trying: 'paused before release 2',
    staged: 'paused before release 2',
    refused: 'paused before release 2',
    'ended prepared': 'paused before release 2',
    'ended unchanged': 'paused before release 2',
    'ended kept': 'paused before release 2',
    'ended unsupported': 'paused before release 2',
    'ended vetoed': 'paused before release 2',
    'ended failed': 'paused before release 2',
    'ended missing': 'paused before release 2',
  },
  pinned: {
    boot: 'pinned',
    release: 'pinned',
    again: 'pinned',
    current: 'pinned',
    freed: 'pinned',
    pause: 'pinned',
    resume: 'pinned',
    'retry-due': 'pinned',
    confirmed: 'pinned',
    reverted: 'pinned',
    soaked: 'pinned',
    close: 'pinned',
    trying: 'pinned',
    staged: 'pinned',
    refused: 'pinned',
    'ended prepared': 'pinned',
    'ended unchanged': 'pinned',
    'ended kept': 'pinned',
    'ended unsupported': 'pinned',
    'ended vetoed': 'pinned',
    'ended failed': 'pinned',
    'ended missing': 'pinned',
  },
}

test.each(pairsOf(mode))('a client that is %s meets "%s": %s', (at, event, expected) => {
  const work = at === 'following' ? WORKS.applying : WORKS.idle
  const { state } = next(stateOf({ work, mode: MODES[at] }), EVENTS[event])
  expect(sayMode(state.mode)).toBe(expected)
})

/** Trials while attempt 1 is under way. */
const trial: Table<Trial['at']> = {
  none: {
    boot: 'none',
    release: 'none',
    again: 'none',
    current: 'none',
    freed: 'none',
    pause: 'none',
    resume: 'none',
    'retry-due': 'none',
    confirmed: 'none',
    reverted: 'none',
    soaked: 'none',
    close: 'none',
    trying: 'none',
    staged: 'none',
    refused: 'none',
    'ended prepared': 'probation of 1',
    'ended unchanged': 'none',
    'ended kept': 'none',
    'ended unsupported': 'none',
    'ended vetoed': 'none',
    'ended failed': 'none',
    'ended missing': 'none',
  },
  unconfirmed: {
    boot: 'unconfirmed of 1',
    release: 'unconfirmed of 1',
    again: 'unconfirmed of 1',
    current: 'unconfirmed of 1',
    freed: 'unconfirmed of 1',
    pause: 'unconfirmed of 1',
    resume: 'unconfirmed of 1',
    'retry-due': 'unconfirmed of 1',
    confirmed: 'probation of 1',
    reverted: 'unconfirmed of 1',
    soaked: 'unconfirmed of 1',
    close: 'none',
    trying: 'unconfirmed of 1',
    staged: 'unconfirmed of 1',
    refused: 'unconfirmed of 1',
    'ended prepared': 'probation of 1',
    'ended unchanged': 'unconfirmed of 1',
    'ended kept': 'unconfirmed of 1',
    'ended unsupported': 'unconfirmed of 1',
    'ended vetoed': 'unconfirmed of 1',
    'ended failed': 'unconfirmed of 1',
    'ended missing': 'unconfirmed of 1',
  },
  probation: {
    boot: 'probation of 1',
    release: 'probation of 1',
    again: 'probation of 1',
    current: 'probation of 1',
    freed: 'probation of 1',
    pause: 'probation of 1',
    resume: 'probation of 1',
    'retry-due': 'probation of 1',
    confirmed: 'probation of 1',
    reverted: 'probation of 1',
    soaked: 'earned of 1',
    close: 'none',
    trying: 'probation of 1',
    staged: 'probation of 1',
    refused: 'probation of 1',
    'ended prepared': 'probation of 1',
    'ended unchanged': 'probation of 1',
    'ended kept': 'probation of 1',
    'ended unsupported': 'probation of 1',
    'ended vetoed': 'probation of 1',
    'ended failed': 'probation of 1',
    'ended missing': 'probation of 1',
  },
  earned: {
    boot: 'earned of 1',
    release: 'earned of 1',
    again: 'earned of 1',
    current: 'earned of 1',
    freed: 'earned of 1',
    pause: 'earned of 1',
    resume: 'earned of 1',
    'retry-due': 'earned of 1',
    confirmed: 'earned of 1',
    reverted: 'earned of 1',
    soaked: 'earned of 1',
    close: 'none',
    trying: 'earned of 1',
    staged: 'earned of 1',
    refused: 'earned of 1',
    'ended prepared': 'probation of 1',
    'ended unchanged': 'earned of 1',
    'ended kept': 'earned of 1',
    'ended unsupported': 'earned of 1',
    'ended vetoed': 'earned of 1',
    'ended failed': 'earned of 1',
    'ended missing': 'earned of 1',
  },
}

test.each(pairsOf(trial))('a trial that is %s meets "%s": %s', (at, event, expected) => {
  const { state } = next(stateOf({ work: WORKS.applying, trial: TRIALS[at] }), EVENTS[event])
  expect(sayTrial(state.trial)).toBe(expected)
})

/** What follows from each event while attempt 1 works on release 2. */
const effects: Record<EventName, readonly string[]> = {
  boot: [],
  release: [],
  again: [],
  current: [],
  freed: [],
  pause: ['report'],
  resume: [],
  'retry-due': [],
  confirmed: [],
  reverted: [],
  soaked: ['earn', 'report'],
  close: [],
  trying: [],
  staged: ['report'],
  refused: ['refuse', 'report'],
  'ended prepared': ['commit', 'save', 'prove', 'report'],
  'ended unchanged': ['confirm', 'save', 'prove', 'report'],
  'ended kept': ['save', 'fall-behind', 'report'],
  'ended unsupported': ['complain', 'fall-behind', 'report'],
  'ended vetoed': ['complain', 'fall-behind', 'report'],
  'ended failed': ['complain', 'fall-behind', 'report'],
  'ended missing': [],
}

test.each(Object.entries(effects))(
  'while a release is applied, "%s" has the effects %j',
  (event, expected) => {
    const before = stateOf({ work: WORKS.applying, trial: TRIALS.probation })
    expect(next(before, EVENTS[event as EventName]).effects.map(({ type }) => type)).toEqual(expected)
  },
)

describe('a restart', () => {
  const last = { ...WORKS.restoring, pending: savedVersion, rest: [] }

  test('makes a value of what was kept, and no proof', () => {
    const { state, effects } = next(stateOf({ work: WORKS.restoring }), EVENTS['ended prepared'])
    expect(effects.map(({ type }) => type)).toEqual(['commit', 'value', 'report'])
    expect(next(state, EVENTS.current).effects).toEqual([{ type: 'prove' }])
  })

  test('that had to take an older snapshot is not proven by a mere mark', () => {
    const { state } = next(stateOf({ work: last }), EVENTS['ended prepared'])
    expect(next(state, EVENTS.current).effects).toEqual([])
  })

  test('is not broken off by a pause', () => {
    const { state } = next(stateOf({ work: WORKS.restoring }), EVENTS.pause)
    expect(state.work).toBe(WORKS.restoring)
    expect(sayWork(next(state, EVENTS['ended kept']).state.work)).toBe('restoring 2 saved-version')
  })

  test('tries the best of what was vetoed again when nothing else could be used', () => {
    const retry = { pending: savedRelease, why: { type: 'failed' } } as const
    const after = (end: EventName, mode: Mode): string => {
      const { state } = next(stateOf({ work: { ...last, retry }, mode }), EVENTS[end])
      return `${sayWork(state.work)}, ${sayMode(state.mode)}`
    }
    expect(after('ended vetoed', MODES.following)).toBe('retrying 1 saved-release failed, following')
    expect(after('ended missing', MODES.following)).toBe('retrying 1 saved-release failed, following')
    expect(after('ended missing', { at: 'paused', newest: undefined })).toBe(
      'idle, paused before saved-release',
    )
  })

  test('gives way to a release that a transport brought', () => {
    const before = stateOf({
      work: { ...WORKS.retrying, retry: { pending: savedVersion, why: { type: 'failed' } } },
    })
    expect(sayWork(next(before, EVENTS.again).state.work)).toBe(NEWER)
  })

  test('under a pin restores nothing', () => {
    const { state } = next(stateOf({}), { type: 'boot', restore: [], pinned: true })
    expect(state).toMatchObject({ work: { at: 'idle' }, mode: { at: 'pinned' } })
    expect(next(state, EVENTS.release).state).toEqual(state)
    expect(next(state, EVENTS.current).effects).toEqual([])
  })
})

describe('a probe that does not confirm what runs', () => {
  const unconfirmed = stateOf({ work: WORKS.settled, trial: TRIALS.unconfirmed })

  test('has it refused, and something else attempted', () => {
    const { state, effects } = next(unconfirmed, EVENTS.reverted)
    expect(sayWork(state.work)).toBe('applying 2 release 2 under-way')
    expect(effects.map(({ type }) => type)).toEqual(['refuse', 'report'])
  })

  test('does not break off what is under way, which comes into force in its place', () => {
    const { state, effects } = next({ ...unconfirmed, work: WORKS.applying }, EVENTS.reverted)
    expect(state.work).toBe(WORKS.applying)
    expect(effects.map(({ type }) => type)).toEqual(['refuse', 'report'])
  })

  test('changes nothing during a pause, nor once something else was committed', () => {
    for (const state of [
      { ...unconfirmed, mode: MODES.paused },
      { ...unconfirmed, mode: MODES.pinned },
      { ...unconfirmed, trial: { at: 'unconfirmed', commit: 2 } as const },
      { ...unconfirmed, trial: TRIALS.probation },
    ])
      expect(next(state, EVENTS.reverted)).toEqual({ state, effects: [] })
  })

  test('is waited for by what it has to confirm', () => {
    const end = { type: 'prepared', saved: savedVersion.saved, change: 'change 1', confirm: true } as const
    const { state } = next(stateOf({ work: WORKS.applying }), { type: 'ended', id: 1, end })
    expect(sayTrial(state.trial)).toBe('unconfirmed of 1')
    expect(sayTrial(next(state, EVENTS.soaked).state.trial)).toBe('unconfirmed of 1')
  })
})

describe('what had to wait', () => {
  test('is attempted by who rests, and by nobody who works', () => {
    for (const at of ['idle', 'restored', 'settled'] as const)
      expect(sayWork(next(stateOf({ work: WORKS[at] }), EVENTS.freed).state.work)).toBe(
        'applying 2 release 2 under-way',
      )
  })

  test('is what a pause goes on with, unless something newer came', () => {
    const paused = stateOf({ work: WORKS.settled, mode: { at: 'paused', newest: undefined } })
    const { state } = next(paused, EVENTS.freed)
    expect(sayMode(state.mode)).toBe('paused before release 2')
    expect(sayMode(next(next(paused, EVENTS.release).state, EVENTS.freed).state.mode)).toBe(
      'paused before release 3',
    )
  })
})

test('that a release was seen which changes nothing here is spread over the fleet', () => {
  const release = { ...working.release, evidence: { bakeMs: 1, reportMs: 1, spreadMs: 5_000 } }
  const before = stateOf({ work: { ...WORKS.applying, pending: { ...working, release } } })
  const last = (name: EventName): unknown => next(before, EVENTS[name]).effects.at(-1)
  for (const same of ['ended unchanged', 'ended kept'] as const)
    expect(last(same)).toEqual({ type: 'report', spreadMs: 5_000 })
  expect(last('ended prepared')).toEqual({ type: 'report' })
  const seen = { type: 'release', pending: { ...working, release } } as const
  expect(next(stateOf({ mode: MODES.pinned }), seen).effects).toEqual([{ type: 'report', spreadMs: 5_000 }])
})

describe('a pause', () => {
  const paused = stateOf({ work: WORKS.settled, mode: { at: 'paused', newest: undefined } })

  test('of a client that runs the newest still takes a proof', () => {
    expect(next(paused, EVENTS.current).effects).toEqual([{ type: 'prove' }])
    expect(next(paused, EVENTS.again).effects).toEqual([{ type: 'prove' }])
  })

  test('takes no proof once something newer waits', () => {
    const { state } = next(paused, EVENTS.release)
    expect(next(state, EVENTS.current).effects).toEqual([])
  })

  test('goes on with the newest of what came meanwhile', () => {
    const { state } = next(stateOf({ mode: MODES.paused }), EVENTS.release)
    expect(sayWork(next(state, EVENTS.resume).state.work)).toBe(NEWER)
  })

  test('goes on with nothing when nothing came', () => {
    const { state, effects } = next(paused, EVENTS.resume)
    expect(state.work).toBe(WORKS.settled)
    expect(effects).toEqual([{ type: 'report' }])
  })

  test('keeps what was to be tried again', () => {
    const { state } = next(stateOf({ work: WORKS.retrying }), EVENTS.pause)
    expect(sayMode(state.mode)).toBe('paused before release 2')
    expect(sayWork(next(state, EVENTS.resume).state.work)).toBe('applying 2 release 2 under-way')
  })
})

describe('what comes late', () => {
  const overtaken = next(stateOf({ work: WORKS.applying }), EVENTS.release).state

  test.each(Object.keys(NO_ATTEMPT) as EventName[])(
    '"%s" of an attempt that was overtaken changes nothing',
    event => {
      expect(next(overtaken, EVENTS[event]).state).toBe(overtaken)
    },
  )

  test('a change that was prepared too late is discarded, also after the end', () => {
    const closed = next(overtaken, EVENTS.close).state
    for (const state of [overtaken, closed])
      expect(next(state, EVENTS['ended prepared']).effects).toEqual([{ type: 'discard', change: 'change 1' }])
  })

  test('a timer of an earlier commit or retry changes nothing', () => {
    const state = stateOf({
      work: { ...WORKS.retrying, id: 2 },
      trial: { at: 'probation', commit: 2 },
    })
    for (const event of ['retry-due', 'soaked'] as const)
      expect(next(state, EVENTS[event])).toEqual({ state, effects: [] })
  })

  test('a release that cannot be understood is not tried again from the same transport', () => {
    const state = stateOf({ work: { at: 'settled', how: 'unsupported' } })
    expect(next(state, EVENTS.again)).toEqual({ state, effects: [] })
    expect(next(state, EVENTS.current)).toEqual({ state, effects: [] })
  })
})

test('the release that is worked on stays the one that is committed', () => {
  const { effects } = next(stateOf({ work: WORKS.applying }), EVENTS['ended prepared'])
  expect(effects[0]).toEqual({ type: 'commit', id: 1, pending: working, change: 'change 1' })
})
