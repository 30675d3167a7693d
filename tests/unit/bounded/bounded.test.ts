import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { checkBounded } from '../../support/bounded-model.js'
import { boundedSubjects } from './subjects.js'

test.each(boundedSubjects.map(subject => [`${subject.what} (${subject.bound})`, subject] as const))(
  '%s: contents, order and cost are those of a plain list, far past the bound',
  async (_, subject) => checkBounded(subject),
  60_000,
)

/** Bounds of the source that bound no collection that lets go of its entries, with the reason. */
const BOUNDS_NO_LIST: Readonly<Record<string, string>> = {
  KEPT: 'one buffer',
  MAX_ADDRESSES: 'emptied as a whole; what is forgotten is worked out again, with the same answer',
  MAX_ASKED: 'emptied as a whole; what is forgotten is read again, with the same answer',
  MAX_DELTAS_A_RELEASE: 'the front of one list',
  MAX_DIGESTS: 'the front of one list',
  MAX_FRAMES: 'past it nothing more is made; the whole snapshot is sent',
  MAX_HEADS: 'emptied each second; what is forgotten is written again, with the same bytes',
  MAX_KNOWN: 'emptied as a whole; what is forgotten is read again, with the same answer',
  MAX_WAITING: 'past it nothing waits; a snapshot is sent as it is',
  MOST_READ: 'how far back a log is read; what is further back is not told',
  MOST_WAITING: 'the oldest move of a rollout goes, which is told; tried by the tests of its outlet',
  MOST_KEPT: 'the front of one list',
  MOST_STAGES: 'past it a dry run plays no further stage',
  MOST_ON_THEIR_WAY: 'past it reports are refused; the next word of each client repairs it',
  MOST_WORKERS: 'an option past it is refused',
  MOST_LINES: 'emptied each minute; what else comes in it is one line together',
  MOST_DECODED: 'what is forgotten is decoded again, with the same answer',
  MOST_REMEMBERED: 'of texts that are equal; what is forgotten is kept once more',
  REMEMBERED: 'answers that are drawn from at random',
  SEARCHED: 'bounds a search; the registry is in the table',
  MOST_ADDRESSES: 'counts of a minute, which end with it; those past it are one count',
  MOST_NAMED: 'the front of one list; how many more there are is said',
  MOST_PATHS: 'the front of one list',
  MOST_KEYS: 'the front of one list',
  MOST_VALUES: 'a label with more values is left out as a whole',
  MOST_ANEW: 'how often a stage begins anew; a rollout pauses then',
  MOST_HALF_OPEN: 'a share of clients past which a miss is told',
  MOST_STREAMS: 'a count past which a miss is told',
  MAX_ISSUES: 'the front of one list',
  MAX_KEPT: 'readmissions of releases that are gone; the oldest go, as they were heard of longest ago',
  MAX_OVERRIDDEN: 'the front of one list',
  MOST_SAID: 'the front of one list',
  MOST_DECODED_BYTES: 'what is forgotten is decoded again, with the same answer',
  MOST_LIGHT: 'the clients of a simulation, each of which stands for some of a larger fleet',
  KEPT_SILENT_MS: 'a time, after which reports go by themselves; the registry is in the table',
  MOST_LOOK_MS: 'a model that looks less often is computed',
  MOST_OPENED: 'streams that stand in for clients of a run; of the others it is a sample',
  MOST_POLLS_PER_SECOND: 'polls that stand in for clients of a run; of the others it is a sample',
}

/**
 * Bounds on what is accepted at all: a number, a length or a count past it is refused, and nothing
 * is let go.
 */
const REFUSES =
  /^MAX_(?:\w*BYTES|DEPTH|\w*LENGTH|SIGNATURES|VARIANTS|SPREAD_MS|READMITTED|CRITICAL|STAGE|CLAUSES|IDS|REPORTS|REPORTS_MARKS|LABELS|NEXT_REPORT_MS|REPORT_MS|BAKE_MS|EXCEPTIONS|COUNTS|VERDICTS|SLOT|RUNNABLE|STREAM_NAMESPACES|UNPUBLISHED|SEGMENTS|TOKEN_SCOPES|TOKEN_NAMESPACES|TOKEN_CLIENTS|ALIASES|LINE|QUERY|CHARACTERS|DELAY_MS|WORSE_BY|MEASURES|MEASURED|PIECES|\w*EPOCH_LEAP|SEQUENCE_LEAP|RETRY_AFTER_MS|HEARTBEAT_MS|REPORT_MS)$|^MOST_(?:TEXT|EPOCHS|BYTES)$/

/** Bounds on how often or how long something is tried. */
const TRIES =
  /^(?:MAX|MOST)_(?:TRIES|ATTEMPTS|LOOKS|STEPS|SETTLING_MS|FAILURES|RACES|TIMERS|VIOLATIONS|WAITING_MS)$/

test('every bound of the source is in the table, or bounds nothing that lets go of its entries', () => {
  const files = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' }).filter(
    name => name.endsWith('.ts') && !name.startsWith('testing'),
  )
  const named = files.flatMap(name =>
    [...readFileSync(`${root}/src/${name}`, 'utf8').matchAll(/^(?:export )?const ([A-Z_]+) =/gm)].map(
      ([, constant = '']) => constant,
    ),
  )
  const bounds = named.filter(name => /^(?:MAX|MOST|KEPT|REMEMBERED|SEARCHED)(?:_|$)/.test(name))
  const inTable = new Set(boundedSubjects.map(({ bound }) => bound))
  const unknown = bounds.filter(
    name =>
      !inTable.has(name) && !Object.hasOwn(BOUNDS_NO_LIST, name) && !REFUSES.test(name) && !TRIES.test(name),
  )
  expect(bounds.length).toBeGreaterThan(40)
  expect(unknown).toEqual([])
})
