import { expect, test } from 'vitest'
import { createPublisher } from '../../../src/publisher/index.js'
import { assertFloor } from '../../../src/rollouts/assert-floor.js'
import type { RolloutFloor } from '../../../src/rollouts/floor.js'
import { anything } from '../../../src/core/schema/anything.js'
import { createHandler } from '../../../src/server/index.js'
import { memory } from '../../../src/transports/memory.js'

test.each<RolloutFloor>([
  {},
  { staged: false },
  { staged: true, firstStage: 1, growth: 1, minBakeMs: 0, minWatchMs: 0, minQuorum: 1, gates: [] },
  { growth: 2.5, minBakeMs: 900_000, minWatchMs: 2_700_000, minQuorum: 0.9, gates: ['error rate'] },
])('%j is a floor', floor => {
  assertFloor('floor', floor)
})

// One that holds nobody back would be found out in an outage.
const WRONG: readonly (readonly [floor: unknown, said: RegExp])[] = [
  [5, /must be an object/],
  [null, /must be an object/],
  [{ firstStages: 1 }, /has no option "firstStages"; did you mean firstStage\?/],
  [{ staged: 'yes' }, /staged must be true or false/],
  [{ firstStage: 0 }, /firstStage must be a whole number of clients from 1/],
  [{ firstStage: '1' }, /firstStage must/],
  [{ firstStage: 1.5 }, /firstStage must/],
  [{ growth: 0.5 }, /growth must be a number from 1/],
  [{ growth: Number.NaN }, /growth must/],
  [{ minBakeMs: -1 }, /minBakeMs must be a number of milliseconds from 0/],
  [{ minBakeMs: '15 min' }, /minBakeMs must/],
  [{ minWatchMs: Number.POSITIVE_INFINITY }, /minWatchMs must/],
  [{ minQuorum: 90 }, /minQuorum must be a share from 0 to 1/],
  [{ minQuorum: -0.1 }, /minQuorum must/],
  [{ gates: 'errors' }, /gates must be a list of the names of gates/],
  [{ gates: [{ name: 'errors' }] }, /gates must/],
]

test.each(WRONG)('a publisher and a server refuse the floor %j, and say what it lacks', (floor, said) => {
  const refused = (place: string) =>
    expect.objectContaining({
      code: 'invalid-option',
      message: expect.stringMatching(new RegExp(`^${place}.*${said.source}`)),
    })
  const given = floor as RolloutFloor
  expect(() =>
    createPublisher({ namespace: 'a/b', schema: anything, store: memory(), floor: given }),
  ).toThrow(refused('floor of createPublisher\\(\\)'))
  expect(() => createHandler(memory(), { floors: { 'shop/**': given } })).toThrow(
    refused('floors\\["shop/\\*\\*"\\]'),
  )
})
