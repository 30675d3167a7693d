import { describe, expect, test } from 'vitest'
import { runControllerKills } from './controller-kills.js'
import { wrongIn, type Expected, type PlainRelease } from './read-story.js'

/** `npm run prove` kills two hundred, of which one of ten has real clients. */
const [TRIALS, REAL_TRIALS] = [8, 2]
const ALL = TRIALS + REAL_TRIALS

describe('a controller that is killed with -9 in the middle of a rollout', () => {
  test(
    `is followed by one that goes on with the same stage or goes back, ${ALL} times over every write of a rollout, and nobody outside of the audience parses the candidate`,
    { timeout: 180_000 + ALL * 10_000 },
    async () => {
      const result = await runControllerKills({ trials: TRIALS, realTrials: REAL_TRIALS })
      const { violations, killed, killedGoingBack, resumed, parsed, spared } = result
      expect(violations).toEqual([])
      expect(killed).toBe(ALL)
      expect(killedGoingBack).toBe(2)
      // Some die before their first step is there, and the next one takes them all.
      expect(resumed).toBeGreaterThan(1)
      // Real clients: nine parse what works, and two to four of nine what the second stage refuses.
      expect(parsed).toBeGreaterThan(9)
      expect(spared).toBeGreaterThan(4)
    },
  )
})

describe('the reader of the log', () => {
  const arm = (digest: string): PlainRelease['stable'] => ({ variants: [{ digest }] })
  const step = (sequence: number, state: string, stage: number, more: object = {}): PlainRelease => ({
    sequence,
    cause: 'x',
    stable: arm('old'),
    ...(state === 'running' && {
      candidate: arm('new'),
      audience: { salt: 's', clauses: [{ below: 10 ** 9 * (stage + 1) }] },
    }),
    rollout: { id: 'r', state, stage, controller: 'c', stageStart: { position: { sequence } } },
    ...more,
  })
  const first: PlainRelease = { sequence: 1, cause: 'publish', stable: arm('old') }
  const right = [
    first,
    step(2, 'running', 0),
    step(3, 'running', 1),
    step(4, 'watching', 1, { stable: arm('new') }),
    step(5, 'completed', 1, { stable: arm('new') }),
  ]
  const back = (more: object = {}): PlainRelease => step(3, 'rolled-back', 0, { withdrawn: ['new'], ...more })
  const look = (log: readonly PlainRelease[], more: Partial<Expected> = {}): readonly string[] =>
    wrongIn(log, { runs: [], stages: 2, ...more })
  const refused = new Set(['new'])

  test('finds nothing wrong with a rollout that is right', () => {
    expect(look(right)).toEqual([])
    expect(look([first, step(2, 'running', 0), back()], { refused })).toEqual([])
  })

  test.each([
    [
      'a stage that is passed over',
      [first, step(2, 'running', 0), ...right.slice(3).map((one, at) => ({ ...one, sequence: at + 3 }))],
    ],
    [
      'a stage that begins twice',
      [first, step(2, 'running', 0), step(3, 'running', 0), step(4, 'running', 1)],
    ],
    ['a release that is missing', right.filter(({ sequence }) => sequence !== 3)],
    ['an end that is not reached', right.slice(0, 3)],
    [
      'an audience that is drawn anew',
      right.map(one =>
        one.sequence === 3 ? { ...one, audience: { salt: 'other', clauses: [{ below: 2e9 }] } } : one,
      ),
    ],
    [
      'an audience that is made smaller',
      right.map(one =>
        one.sequence === 3 ? { ...one, audience: { salt: 's', clauses: [{ below: 1 }] } } : one,
      ),
    ],
  ])('finds %s', (_, log) => {
    expect(look(log as readonly PlainRelease[])).not.toEqual([])
  })

  test.each([
    ['a refused candidate that goes on to everybody', right],
    ['a refused candidate that is left where it is', right.slice(0, 2)],
    [
      'a way back after which the rollout goes on',
      [first, step(2, 'running', 0), back(), step(4, 'running', 1)],
    ],
    ['a way back that is taken twice', [first, step(2, 'running', 0), back(), back({ sequence: 4 })]],
    ['a way back that leaves the candidate', [first, step(2, 'running', 0), back({ candidate: arm('new') })]],
    ['a way back to something else', [first, step(2, 'running', 0), back({ stable: arm('new') })]],
    ['a way back that withdraws nothing', [first, step(2, 'running', 0), back({ withdrawn: [] })]],
  ])('finds %s', (_, log) => {
    expect(look(log, { refused })).not.toEqual([])
  })

  test('finds a client that was given or parsed the candidate from outside of the audience', () => {
    const readers = (heard: readonly number[]): readonly string[] =>
      Array.from({ length: 50 }, (_, index) => `client-${index}`).filter((clientId, index) => {
        const how = index % 2 === 0 ? 'was given' : 'parsed'
        return look(right, { reads: [{ clientId, how, digest: 'new', heard }] }).length > 0
      })
    expect(readers([])).toHaveLength(50)
    expect(readers([1, 2]).length).toBeGreaterThan(25)
    expect(readers([1, 2, 3]).length).toBeLessThan(readers([1, 2]).length)
    expect(readers([1, 2, 3, 4])).toEqual([])
  })

  test('finds a client that ran the candidate from outside of the audience', () => {
    const outside = Array.from({ length: 50 }, (_, index) => `client-${index}`).flatMap(clientId =>
      look(right, { runs: [{ clientId, digest: 'new', sequence: 2 }] }),
    )
    expect(outside.length).toBeGreaterThan(25)
    expect(look(right, { runs: [{ clientId: 'client-1', digest: 'new', sequence: 4 }] })).toEqual([])
  })
})
