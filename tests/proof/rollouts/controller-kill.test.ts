import { describe, expect, test } from 'vitest'
import { runControllerKills } from './controller-kills.js'
import { wrongIn, type PlainRelease } from './read-story.js'

/** `npm run prove` kills two hundred. */
const TRIALS = 6

describe('a controller that is killed with -9 in the middle of a rollout', () => {
  test(
    `is followed by one that goes on with the same stage, ${TRIALS} times over every write of a rollout`,
    { timeout: 60_000 + TRIALS * 5_000 },
    async () => {
      const { killed, resumed, violations } = await runControllerKills({ trials: TRIALS })
      expect(violations).toEqual([])
      expect(killed).toBe(TRIALS)
      // Some die before their first step is there, and the next one takes them all.
      expect(resumed).toBeGreaterThan(TRIALS / 4)
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
  const look = (
    log: readonly PlainRelease[],
    runs: Parameters<typeof wrongIn>[1]['runs'] = [],
  ): readonly string[] => wrongIn(log, { runs, end: 'completed', stages: 2 })

  test('finds nothing wrong with a rollout that is right', () => {
    expect(look(right)).toEqual([])
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

  test('finds a client that ran the candidate from outside of the audience', () => {
    const outside = Array.from({ length: 50 }, (_, index) => `client-${index}`).flatMap(clientId =>
      look(right, [{ clientId, digest: 'new', sequence: 2 }]),
    )
    expect(outside.length).toBeGreaterThan(25)
    expect(look(right, [{ clientId: 'client-1', digest: 'new', sequence: 4 }])).toEqual([])
  })
})
