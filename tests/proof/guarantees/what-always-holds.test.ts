import { beforeAll, describe, expect, test } from 'vitest'
import { scaled, SCALED_LIMIT_MS } from '../../support/scale.js'
import { runHerd } from '../sim/herd.js'
import { runPlan, type History } from '../sim/history.js'
import { EVERY_WAY, planOf, type Happening } from '../sim/plan-of.js'

/**
 * Histories that every line is held against; each has a client for every strategy, direct and
 * relayed.
 */
const HISTORIES: readonly (readonly Happening[])[] = [
  ['stale-proxy', 'rollback', 'duplicates', 'client-kill', 'candidate'],
  ['partitions', 'server-kill', 'rollback', 'client-pause'],
  ['server-power', 'burst', 'disk-full', 'rollback', 'server-kill'],
  ['server-backup', 'second-server', 'candidate', 'race', 'server-backup', 'client-kill'],
  ['mangling-proxy', 'cut-bodies', 'candidate', 'login-page'],
  ['poison', 'client-kill', 'poison', 'client-kill', 'poison', 'veto', 'candidate'],
  ['lossy-links', 'race', 'cut-bodies', 'burst', 'slow-links', 'publisher-kill', 'burst'],
]

/**
 * The first seed of each. The last begins with the one of which an acknowledgement is lost, which
 * is rare.
 */
const FIRST_SEEDS = [29, 35, 41, 47, 53, 59, 67]

/** How often each is run, with other chances: every other time it ends with a rollback. */
const DRAWS = scaled({ share: 2, whole: 6 })

/** A client's report that was taken, and a stream that was given. */
const REPORTED = / POST \S+\/~reports 2/
const STREAMED = / GET \S+\/~events 200/

/**
 * The line, its oracles, and what has to have happened so that it was tested: by its name, or as
 * the trace has it.
 */
const LINES: readonly (readonly [
  line: string,
  oracles: readonly string[],
  met: readonly (string | RegExp)[],
])[] = [
  [
    '1. a committed snapshot matched its digest and its validators',
    ['digest-matches', 'validated', 'only-what-was-published'],
    ['a client met digest-mismatch', 'a client met invalid-data', 'a client rejected a document'],
  ],
  [
    '2. seen and applied only grow, across restarts too',
    ['positions-only-grow'],
    [
      'a client began from its disk',
      'a rollback was acknowledged',
      'an older backup was restored',
      'a epoch was acknowledged',
    ],
  ],
  [
    '3. a veto by one participant means nobody changed',
    ['all-or-nothing'],
    ['a client met vetoed', 'a client rejected a document'],
  ],
  [
    '5. no client outside a stage commits the candidate',
    ['audience'],
    ['a candidate was acknowledged', 'a client ran a candidate'],
  ],
  [
    '6. of two concurrent appends at one position exactly one succeeds',
    ['compare-and-swap', 'one-release-a-position', 'no-gap'],
    ['one of two racing publishers won', 'a publish failed with conflict'],
  ],
  [
    '7. what a publisher acknowledged survives',
    ['acknowledged-survives', 'pointer-follows-the-log', 'pointer-has-a-later-second'],
    [
      'the power went',
      'a publisher was killed',
      'an acknowledgement was lost',
      'an older backup was restored',
      'an urgent write met a full disk',
    ],
  ],
  [
    '8. nothing moves on receipt',
    ['nothing-moves-on-receipt'],
    [REPORTED, 'a client met vetoed', 'a client rejected a document', 'a client met digest-mismatch'],
  ],
  [
    '10. values never appear in logs',
    ['values-never-appear', 'one-error-class'],
    [
      'a client rejected a document',
      'a client met vetoed',
      'a client met invalid-data',
      'a publish failed with unavailable',
      'a publish failed with conflict',
      'a rollback failed with unavailable',
    ],
  ],
  [
    '13. when faults stop, everybody gets there',
    ['everybody-gets-there', 'streams-come-back', 'told-at-once', 'asked-in-time', 'publishing-works-again'],
    [
      'the power went',
      'a half-open stream was noticed',
      'a client met timeout',
      'a client met unavailable',
      'an older backup was restored',
      STREAMED,
    ],
  ],
  ['14. a half-open stream is noticed', ['half-open-noticed'], ['a half-open stream was noticed']],
  [
    '15. no error is terminal',
    ['everybody-gets-there', 'nobody-asks-in-a-loop'],
    [
      'a client met unavailable',
      'a client met timeout',
      'a client met invalid-data',
      'a client met digest-mismatch',
      'a client met vetoed',
      'a client rejected a document',
    ],
  ],
  [
    '16. a restart begins from what ran',
    ['a-restart-begins-from-what-ran'],
    ['a client began from its disk', / client-\d is killed/],
  ],
  [
    '19. nobody asks in a loop, and nobody keeps two streams',
    ['nobody-asks-in-a-loop', 'one-stream'],
    [STREAMED, 'a half-open stream was noticed', 'a client met unavailable', 'a client rejected a document'],
  ],
  [
    '22. after close() nothing is left, and no rejection is unhandled',
    ['nothing-is-left', 'no-unhandled-rejection'],
    [STREAMED, REPORTED, 'a client met timeout', 'a client met vetoed', 'a publish failed with conflict'],
  ],
]

const NAMES = EVERY_WAY.map(({ strategy, relayed }) => `${strategy}, ${relayed ? 'relayed' : 'direct'}`)

const happened = ({ sometimes, trace }: History, thing: string | RegExp): boolean =>
  typeof thing === 'string' ? sometimes.has(thing) : trace.some(line => thing.test(line))

/** Whether a client that refused a document started again while that was still the newest. */
function startedOnWhatItRefused(trace: readonly string[]): boolean {
  const refusing = new Set<string>()
  for (const line of trace) {
    if (/ publisher\S* \S+ acknowledged /.test(line)) refusing.clear()
    const [, name = '', what] = / (client-\d) (rejects|starts) /.exec(line) ?? []
    if (what === 'rejects') refusing.add(name)
    if (what === 'starts' && refusing.has(name)) return true
  }
  return false
}

describe(`what always holds (${NAMES.join('; ')})`, () => {
  let histories: readonly History[] = []
  beforeAll(async () => {
    const done: History[] = []
    for (const [index, happenings] of HISTORIES.entries()) {
      for (let draw = 0; draw < DRAWS; draw += 1) {
        const last = draw % 2 === 0 ? 'publish' : 'rollback'
        done.push(
          await runPlan(
            planOf({
              seed: (FIRST_SEEDS[index] ?? 0) + draw,
              happenings,
              // A rollback after a refused document may lead back to it.
              last: happenings.includes('poison') ? 'publish' : last,
              calm: index % 2 === 0 ? 'race' : 'publish',
            }),
          ),
        )
      }
    }
    histories = done
  }, SCALED_LIMIT_MS)

  test('every client of every way ran what was published', () => {
    for (const { plan, trace } of histories) {
      for (const { name } of plan.clients)
        expect(
          trace.some(line => line.includes(` ${name} runs `)),
          `${name} in ${[...plan.faults].join(' ')}`,
        ).toBe(true)
    }
  })

  test.each(LINES)('%s', (_line, oracles, met) => {
    expect(histories).toHaveLength(DRAWS * HISTORIES.length)
    for (const { violations, plan } of histories) {
      expect(
        violations
          .filter(({ oracle }) => oracles.includes(oracle))
          .map(({ text }) => `${[...plan.faults].join(' ')}: ${text}`),
      ).toEqual([])
    }
    expect(met.filter(thing => !histories.some(history => happened(history, thing)))).toEqual([])
  })

  test('4. no verdict is asked for twice', () => {
    const rejected = histories.filter(history => happened(history, 'a client rejected a document'))
    for (const index of EVERY_WAY.keys())
      expect(
        rejected.some(history => happened(history, new RegExp(` client-${index} rejects `))),
        NAMES[index],
      ).toBe(true)
    expect(rejected.some(({ trace }) => startedOnWhatItRefused(trace))).toBe(true)
    for (const { violations } of rejected)
      expect(violations.filter(({ oracle }) => oracle === 'no-verdict-twice')).toEqual([])
  })

  test('19. a fleet that starts at once, and waits for a server that is away, does not ask in step', async () => {
    const problems: string[] = []
    await runHerd(100, (oracle, text) => problems.push(`${oracle}: ${text}`))
    expect(problems).toEqual([])
  })
})
