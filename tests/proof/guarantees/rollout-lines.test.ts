import { beforeAll, describe, expect, test } from 'vitest'
import { scaled, SCALED_LIMIT_MS } from '../../support/scale.js'
import { alone, bundleScenes } from '../sim/one-scene.js'
import { runMany } from '../sim/run-many.js'
import type { SeedLine } from '../sim/seed-process.js'

/** Rollouts of a simulated fleet: from these seeds on a few see all that has to have happened. */
const FROM = 3_000_063
const COUNT = scaled({ share: 8, whole: 100 })

/** The line, its oracles, and what has to have happened so that it was tested. */
const LINES: readonly (readonly [line: string, oracles: readonly string[], met: readonly string[]])[] = [
  [
    '4. a quarantine is not tried again',
    ['two-deaths-at-most', 'innocent-is-not-quarantined'],
    ['a client of a rollout quarantined what killed it', 'a document came back with a reason'],
  ],
  [
    '5. audience grows with the stages of a rollout, and by nothing else',
    ['audience', 'exposure-only-grows', 'a-stage-is-what-it-says'],
    ['a controller took a step', 'a ring was exposed', 'a controller died in a rollout'],
  ],
  [
    '9. rollback and kill are never blocked by a running rollout or a failing gate',
    [
      'verbs-answer',
      'strangers-stand-in-no-way',
      'a-kill-reaches-all',
      'bad-is-left',
      'a-rollback-is-not-undone',
    ],
    [
      'somebody ended a rollout that stood',
      'somebody killed something in a rollout',
      'probes turned red after a way back',
    ],
  ],
  [
    '12. a deadly document costs a client with storage at most two deaths',
    ['two-deaths-at-most', 'everybody-gets-there'],
    [
      'a client of a rollout was killed',
      'a client died by chance of what stays',
      'a client of a rollout quarantined what killed it',
    ],
  ],
  [
    '18. a controller that dies in mid-rollout resumes the same stage',
    ['stages-are-earned', 'each-step-once', 'a-pause-holds', 'rollouts-end-or-alarm'],
    ['a controller died in a rollout', 'a controller took a step', 'somebody paused a rollout'],
  ],
  [
    '23. no stage advances without the minimum of fresh, positive evidence; the four are different in every gate',
    [
      'stages-are-earned',
      'evidence-is-true',
      'no-false-rollback',
      'bad-goes-no-further',
      'a-gate-is-never-skipped',
    ],
    ['a gate let a stage go on', 'a fleet was deployed in a rollout', 'strangers reported of a rollout'],
  ],
]

describe(`what always holds of rollouts, in ${COUNT} of them`, () => {
  let scenes: readonly SeedLine[] = []

  beforeAll(async () => {
    const file = await bundleScenes()
    scenes = await runMany({ ...alone('rollouts'), file, from: FROM, count: COUNT, mostMs: 600_000 })
  }, SCALED_LIMIT_MS)

  test.each(LINES)('%s', (_line, oracles, met) => {
    expect(scenes).toHaveLength(COUNT)
    const broken = scenes.flatMap(({ seed, violations }) =>
      violations.filter(({ oracle }) => oracles.includes(oracle)).map(({ text }) => `${seed}: ${text}`),
    )
    expect(broken).toEqual([])
    expect(met.filter(thing => !scenes.some(({ sometimes }) => sometimes.includes(thing)))).toEqual([])
  })

  test('no other oracle found anything', () => {
    expect(scenes.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed)).toEqual([])
  })
})
