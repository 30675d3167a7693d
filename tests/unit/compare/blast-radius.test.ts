import { expect, test } from 'vitest'
import { predictBlast } from '../../../src/compare/index.js'

const stalenessMs = { half: 100, all: 500 }

test('a document that shows within the bake of the first stage reaches one client', () => {
  const { staged, everyone } = predictBlast({ clients: 3_000, stalenessMs })
  expect(staged).toMatchObject({ reached: 1, noticedIn: 0, stages: [1, 30, 300, 1_500, 3_000] })
  expect(staged.goneMs).toBeLessThan(120_000)
  expect(everyone).toMatchObject({ reached: 3_000 })
  expect(everyone.goneMs).toBeGreaterThan(900_000)
})

test('what shows later than a stage bakes is noticed in the next', () => {
  const later = predictBlast({ clients: 60, stalenessMs }, { showsAfterMs: 400_000 })
  expect(later.staged).toMatchObject({ reached: 6, noticedIn: 1, stages: [1, 6, 30, 60] })
  const baked = predictBlast({ clients: 60, stalenessMs }, { showsAfterMs: 400_000, bakeMs: 900_000 })
  expect(baked.staged).toMatchObject({ reached: 1, noticedIn: 0 })
})

test('what shows after every stage has passed reaches everybody, and somebody has to be called', () => {
  const { staged } = predictBlast({ clients: 60, stalenessMs }, { showsAfterMs: 86_400_000 })
  expect(staged).toMatchObject({ reached: 60, noticedIn: undefined })
  expect(staged.goneMs).toBeGreaterThan(86_400_000 + 900_000)
})
