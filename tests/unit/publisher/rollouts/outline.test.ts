import { expect, test } from 'vitest'
import type { Json } from '../../../../src/contracts/json.js'
import { outlineOf } from '../../../../src/publisher/rollouts/outline.js'

test.each<[plan: Json, stages: number, stageMs: number, watchMs: number]>([
  [{ stages: [{}, {}], bakeMs: 300_000, watchMs: 900_000 }, 2, 300_000, 900_000],
  [{ stages: [{}], everyMs: 60_000 }, 1, 60_000, 1_800_000],
  // No time at all is a time.
  [{ stages: [{}], bakeMs: 0, everyMs: 60_000, watchMs: 0 }, 1, 0, 0],
  // What a policy of somebody's own says is read as far as it can be.
  [{ stages: 3, bakeMs: '5 min', watchMs: -1 }, 0, 0, 1_800_000],
  [{}, 0, 0, 1_800_000],
  [null, 0, 0, 1_800_000],
  [['a', 'b'], 0, 0, 1_800_000],
])(
  'of the plan %j a person knows %d stages of %d ms and a watch of %d ms',
  (plan, stages, stageMs, watchMs) => {
    expect(outlineOf(plan)).toEqual({ stages, stageMs, watchMs })
  },
)
