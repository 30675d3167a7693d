import { expect, test } from 'vitest'
import { predictBlast, type BlastOptions } from '../../../src/compare/index.js'
import { predictCrash } from '../../../src/compare/blast-radius.js'
import { timed } from '../../../src/rollouts/index.js'

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

test('where nobody reports the steps of timed() go on by the clock, until somebody who was called stops them', () => {
  const { staged, bakeMs } = predictBlast({ clients: 3_000, stalenessMs, reports: false })
  // 90 s and a quarter of an hour are in the second of four steps.
  expect(staged).toMatchObject({
    by: 'clock',
    reached: 1_500,
    noticedIn: 1,
    stages: [750, 1_500, 2_250, 3_000],
  })
  expect(staged.goneMs).toBe(100 + 90_000 + 900_000 + 500)
  const first = timed().start({ salt: 'salt', heard: undefined, spreadMs: 0, nowMs: 0 } as never)
  expect(first).toMatchObject({
    plan: {
      everyMs: bakeMs,
      stages: staged.stages.map(clients => ({ by: 'share', share: clients / 3_000 })),
    },
  })
  const slow = predictBlast({ clients: 3_000, stalenessMs, reports: false }, { humanMs: 86_400_000 })
  expect(slow.staged).toMatchObject({ reached: 3_000, noticedIn: undefined })
})

test('a prediction that makes no sense is refused by its field', () => {
  const refused = (options: object, message: RegExp) =>
    expect(() => predictBlast({ clients: 60, stalenessMs }, options as BlastOptions)).toThrow(message)
  refused({ bake: 1 }, /predictBlast\(\) has no option "bake"; did you mean bakeMs/)
  refused({ bakeMs: 0 }, /predictBlast\(\): bakeMs must be/)
  refused({ showsAfterMs: Number.NaN }, /showsAfterMs must be/)
  refused({ humanMs: '5' }, /humanMs must be/)
  refused({ stages: [] }, /stages must be a list/)
  refused({ stages: [1, 2.5] }, /stages must be a list/)
})

test('one that ends the process is told where clients report, as predictCrash() says', () => {
  const fleet = { clients: 3_000, stalenessMs }
  const { crash, staged, bakeMs, showsAfterMs, humanMs } = predictBlast(fleet)
  expect(crash).toEqual(predictCrash(fleet, { showsAfterMs, bakeMs, stages: staged.stages, humanMs }))
  expect(crash?.goneMs).toBeGreaterThan(2 * showsAfterMs)
  expect(predictBlast({ ...fleet, reports: false })).not.toHaveProperty('crash')
})

test('one that ends the process after it is trusted stays for as long as somebody who is called takes', () => {
  const goneMs = (humanMs: number): number | undefined =>
    predictBlast({ clients: 3_000, stalenessMs }, { showsAfterMs: 400_000, humanMs }).crash?.goneMs
  expect(goneMs(300_000)).toBe(stalenessMs.half + 700_000 + stalenessMs.all)
  expect(goneMs(900_000)).toBe(stalenessMs.half + 1_300_000 + stalenessMs.all)
})
