import { expect, test } from 'vitest'
import { z } from 'zod'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { rolloutBoard, size } from './rollout-board.js'

const patch = { fast: false }

test('a kill patches what everybody runs, and withdraws what it replaced', async () => {
  const board = await rolloutBoard()
  const [old] = board.newest().stable.variants
  const killed = await board.publisher.kill({ patch, reason: 'it loses orders' })
  expect(killed).toMatchObject({ outcome: 'published', withdrawn: [old.digest], warnings: [] })
  expect(board.document('stable')).toEqual({ ...size(1), fast: false })
  expect(board.newest()).not.toHaveProperty('rollout')
})

test.each(['running', 'paused'] as const)(
  'a kill in a rollout that is %s patches both arms at once, keeps who is exposed, and pauses',
  async state => {
    const board = await rolloutBoard({ state })
    const before = board.newest()
    await board.publisher.kill({ patch, reason: 'x' })
    expect(board.document('stable')).toEqual({ ...size(1), fast: false })
    expect(board.document('candidate')).toEqual({ ...size(2), fast: false })
    const { audience, rollout, evidence } = board.newest()
    expect({ audience, evidence }).toEqual({ audience: before.audience, evidence: before.evidence })
    expect(rollout).toMatchObject({ id: 'r1', state: 'paused' })
    expect(board.newest()).not.toHaveProperty('spreadMs')
    expect(board.newest().withdrawn).toHaveLength(2)
  },
)

test('a kill ends when a document is published as always, with `supersede` where it paused a rollout', async () => {
  const board = await rolloutBoard()
  await board.publisher.kill({ patch, reason: 'x' })
  await board.publisher.publish(size(3), { rollout: everyone(), reason: 'mended' })
  expect(board.document('stable')).toEqual(size(3))

  const rolling = await rolloutBoard({ state: 'running' })
  await rolling.publisher.kill({ patch, reason: 'x' })
  const mended = { rollout: everyone(), reason: 'mended' }
  await expect(rolling.publisher.publish(size(3), mended)).rejects.toMatchObject({
    code: 'rollout-in-progress',
  })
  await rolling.publisher.publish(size(3), { ...mended, supersede: true })
  expect(rolling.document('stable')).toEqual(size(3))
  expect(rolling.newest()).not.toHaveProperty('candidate')
})

test('a kill aborts a rollout that has retreated, so that going on does not undo it', async () => {
  const board = await rolloutBoard({ state: 'retreated' })
  const tried = board.releases()[1]?.candidate?.variants[0]?.digest
  await board.publisher.kill({ patch, reason: 'x' })
  expect(board.newest()).toMatchObject({ rollout: { state: 'rolled-back' } })
  expect(board.newest().withdrawn).toContain(tried)
})

test('a kill ends a watch, so that going back does not undo it', async () => {
  const board = await rolloutBoard({ state: 'watching' })
  await board.publisher.kill({ patch, reason: 'x' })
  expect(board.document('stable')).toEqual({ ...size(2), fast: false })
  expect(board.newest().rollout?.state).toBe('completed')
})

test('a candidate that cannot be read is aborted by the very release that kills', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const tried = board.newest().candidate?.variants[0]?.digest ?? ''
  board.store.snapshots.delete(tried)
  const killed = await board.publisher.kill({ patch, reason: 'x' })
  expect(killed.warnings.join()).toContain('aborted')
  expect(board.newest()).not.toHaveProperty('candidate')
  expect(board.newest()).toMatchObject({ stable: { version: 3 }, rollout: { state: 'rolled-back' } })
  expect(board.newest().withdrawn).toContain(tried)
})

test('a candidate for which there is no room is aborted as well', async () => {
  const board = await rolloutBoard({ state: 'running' })
  let puts = 0
  board.store.before = operation => {
    // The candidate's snapshot is put first.
    if (operation === 'put' && (puts += 1) === 1) throw new Error('no space')
  }
  await board.publisher.kill({ patch, reason: 'x' })
  expect(board.newest().rollout?.state).toBe('rolled-back')
  expect(board.document('stable')).toEqual({ ...size(1), fast: false })
})

test('a stable document that cannot be read fails the kill at once and names the rollback', async () => {
  const board = await rolloutBoard({ state: 'running' })
  board.store.snapshots.delete(board.newest().stable.variants[0].digest)
  await expect(board.publisher.kill({ patch, reason: 'x' })).rejects.toThrow(/roll back/)
  expect(board.releases()).toHaveLength(2)
})

test('a schema that refuses the patched document warns and stops no kill', async () => {
  const board = await rolloutBoard()
  const killed = await board.publisher.kill({ patch: { pool: { size: 0 } }, reason: 'x' })
  expect(killed.outcome).toBe('published')
  expect(killed.warnings.join()).toMatch(/pool\.size.*go on with what they run, unpatched/)
})

test('what a refused patch was for is withdrawn only by the kill that the schema takes', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const before = [board.newest().stable, board.newest().candidate].map(arm => arm?.variants[0]?.digest)
  const mistyped = await board.publisher.kill({ patch: { pool: { sise: 0, size: 0 } }, reason: 'x' })
  expect(mistyped.withdrawn).toEqual([])
  await board.publisher.kill({ patch: { pool: { size: 'none' } }, reason: 'still wrong' })
  expect(board.newest().withdrawn ?? []).toEqual([])
  await board.publisher.kill({ patch: { pool: { sise: null, size: 9 } }, reason: 'right' })
  expect(board.document('stable')).toEqual(size(9))
  expect(board.newest().withdrawn).toEqual(expect.arrayContaining(before))
})

test('a schema that refuses what runs as well says nothing about the patch: it is withdrawn', async () => {
  const board = await rolloutBoard()
  const [old] = board.newest().stable.variants
  const strict = createPublisher({ namespace: 'checkout/prod', schema: z.never(), store: board.store })
  const killed = await strict.kill({ patch, reason: 'x' })
  expect(killed.withdrawn).toEqual([old.digest])
  expect(killed.warnings.join()).not.toContain('unpatched')
})

test('a kill that changes nothing appends nothing', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const same = await board.publisher.kill({ patch: {}, reason: 'x' })
  expect([same.outcome, board.releases().length]).toEqual(['unchanged', 2])
})

test('a kill that lost a race is decided anew on what won', async () => {
  const board = await rolloutBoard({ state: 'running' })
  let raced = false
  board.store.before = async operation => {
    if (operation !== 'append' || raced) return
    raced = true
    await board.publisher.promote({ reason: 'the other one' })
  }
  await board.publisher.kill({ patch, reason: 'x' })
  expect(board.document('stable')).toEqual({ ...size(2), fast: false })
})
