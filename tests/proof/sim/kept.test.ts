import { expect, test } from 'vitest'
import { scaled, SCALED_LIMIT_MS } from '../../support/scale.js'
import { runPlan } from './history.js'
import { KEPT_HISTORIES, planOfKept } from './kept-seeds.js'

/**
 * How often a kept history is drawn. `npm run test:bugs` shows that what broke each comes again
 * within 250.
 */
const DRAWS = scaled({ share: 2, whole: 250 })

test.each(KEPT_HISTORIES.map(kept => [kept.found, kept.oracle, kept] as const))(
  'the history in which %s (%s) breaks nothing any more',
  async (_found, _oracle, kept) => {
    for (let draw = 0; draw < DRAWS; draw += 1)
      expect((await runPlan(planOfKept(kept, draw))).violations).toEqual([])
  },
  SCALED_LIMIT_MS,
)
