import { expect, test } from 'vitest'
import { rolloutBoard, size } from './rollout-board.js'

const reason = 'the driver was to blame'

test('a readmission says the newest release again, for the snapshot that was named and no other', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const { sequence: _, issuedAt: _at, cause: _cause, prev: _prev, audit: _audit, ...before } = board.newest()
  const digest = before.candidate?.variants[0]?.digest ?? ''
  const done = await board.publisher.readmit({ digest: digest.slice(0, 8), reason })
  expect(done.outcome).toBe('published')
  expect(board.newest()).toMatchObject({ ...before, sequence: 3, cause: 'readmit' })
  expect(board.newest().readmit).toEqual([{ digest, reason }])
})

test('what the newest release does not name is not readmitted, and nothing is appended', async () => {
  const board = await rolloutBoard({ state: 'rolled-back' })
  const [digest = ''] = board.newest().withdrawn ?? []
  const before = board.releases().length
  await expect(board.publisher.readmit({ digest, reason })).rejects.toMatchObject({
    code: 'not-found',
    message: expect.stringContaining('publish(document, { readmit })'),
  })
  expect(board.releases()).toHaveLength(before)
})

test.each([{ digest: 'abc' }, { digest: 'a'.repeat(65) }, { digest: 7 as never }])(
  'no digest is refused before anything is asked: %o',
  async ({ digest }) => {
    const board = await rolloutBoard()
    await expect(board.publisher.readmit({ digest, reason })).rejects.toMatchObject({
      code: 'invalid-option',
    })
  },
)

test('later releases say it again for as long as they name the snapshot, with where it was said first', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const { publisher, newest } = board
  const digest = newest().candidate?.variants[0]?.digest ?? ''
  await publisher.readmit({ digest, reason })
  await publisher.pause({ reason: 'x' })
  await publisher.resume({ reason: 'x' })
  expect(newest()).toMatchObject({ sequence: 5, readmit: [{ digest, reason, since: 3 }] })
  // Said anew it counts anew.
  await publisher.readmit({ digest, reason: 'again' })
  expect(newest().readmit).toEqual([{ digest, reason: 'again' }])
  await publisher.abort({ reason: 'x' })
  expect(newest()).not.toHaveProperty('readmit')
})

test('a new epoch begins without readmissions', async () => {
  const board = await rolloutBoard()
  const digest = board.newest().stable.variants[0].digest
  await board.publisher.readmit({ digest, reason })
  await board.publisher.openEpoch({ reason: 'x', document: size(1), ignoreReports: true })
  expect(board.newest()).not.toHaveProperty('readmit')
})
