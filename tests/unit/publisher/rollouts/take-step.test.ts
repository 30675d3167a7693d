import { describe, expect, test } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import type { RolloutState } from '../../../../src/core/release/rollout.js'
import type { HistoryEntry, Publisher } from '../../../../src/publisher/index.js'
import type { AskedStep } from '../../../../src/publisher/rollouts/take-step.js'
import { audience, rolloutBoard, size } from './rollout-board.js'

const HOUR_MS = 3_600_000

type State = RolloutState['state'] | 'none'

/**
 * Where each step leads from each state. `=`: it is there already, and nothing is appended. `!`:
 * refused.
 */
const TABLE: Readonly<Record<Exclude<State, 'other' | 'completed'>, Readonly<Record<AskedStep, string>>>> = {
  none: { pause: '!', resume: '!', promote: '!', abort: '!', retreat: '!' },
  running: { pause: 'paused', resume: '=', promote: 'watching', abort: 'rolled-back', retreat: 'retreated' },
  paused: { pause: '=', resume: 'running', promote: 'watching', abort: 'rolled-back', retreat: 'retreated' },
  retreated: { pause: '!', resume: 'running', promote: 'watching', abort: 'rolled-back', retreat: '=' },
  watching: { pause: '!', resume: '!', promote: '=', abort: 'rolled-back', retreat: '!' },
  'rolled-back': { pause: '!', resume: '!', promote: '!', abort: '=', retreat: '!' },
}

async function newestEntry(publisher: Publisher<never>): Promise<HistoryEntry> {
  for await (const entry of publisher.history({ limit: 1 })) return entry
  throw new Error('the log is empty')
}

describe.each(Object.entries(TABLE))('a rollout that is %s', (state, steps) => {
  test.each(Object.entries(steps))('answers %s as the table says: %s', async (step, expected) => {
    const board = await rolloutBoard(state === 'none' ? {} : { state: state as RolloutState['state'] })
    const before = board.releases().length
    const asked = board.publisher[step as AskedStep]({ reason: 'because' })
    if (expected === '!') {
      await expect(asked).rejects.toSatisfy(error => isNoticeboardError(error, 'conflict'))
      expect(board.releases()).toHaveLength(before)
      return
    }
    expect((await asked).outcome).toBe(expected === '=' ? 'unchanged' : 'published')
    expect(board.releases()).toHaveLength(expected === '=' ? before : before + 1)
    if (expected === '=') return
    const newest = board.newest()
    expect(newest.rollout).toMatchObject({
      id: 'r1',
      state: expected,
      controller: 'publisher',
      from: { sequence: 1 },
    })
    // Readers of the release are not given the reason, readers of the history are, and the
    // evidence.
    expect(JSON.stringify(newest)).not.toContain('because')
    const { audit } = await newestEntry(board.publisher as never)
    expect(audit).toMatchObject({ author: 'ada', reason: 'because', evidence: { rollout: 'r1', step } })
  })
})

test('a pause keeps who is exposed, and a resume leaves the stage as it began', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const running = board.newest()
  await board.publisher.pause({ reason: 'x' })
  const { candidate, audience: exposed, stable, spreadMs, evidence } = board.newest()
  expect({ candidate, exposed, stable, spreadMs, evidence }).toEqual({
    candidate: running.candidate,
    exposed: audience,
    stable: running.stable,
    spreadMs: 500,
    evidence: running.evidence,
  })
  await board.publisher.resume({ reason: 'x' })
  expect(board.newest().rollout).toMatchObject({ stageStart: running.rollout?.stageStart })
})

test('the time for which a stage stood still does not count, however often, and a resume says by when it is to be decided', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const { publisher } = board
  // An hour is left.
  for (const [hours, decideBy] of [
    [2, '2026-01-01T03:00:00.000Z'],
    [3, '2026-01-01T06:00:00.000Z'],
  ] as const) {
    await publisher.pause({ reason: 'x' })
    board.elapse(hours * HOUR_MS)
    const { notes } = await publisher.resume({ reason: 'x' })
    expect(board.newest().rollout).toMatchObject({
      decideBy,
      why: `resumed by hand, to be decided by ${decideBy}`,
    })
    expect(notes).toEqual([expect.stringContaining(`to be decided by ${decideBy}; before it stood still`)])
  }
})

test('a stage that was late when it was paused has as long again as it had', async () => {
  const board = await rolloutBoard({ state: 'running' })
  board.elapse(2 * HOUR_MS)
  await board.publisher.pause({ reason: 'x' })
  await board.publisher.resume({ reason: 'x' })
  expect(board.newest().rollout?.decideBy).toBe('2026-01-01T04:00:00.000Z')
})

test('a retreat takes the candidate back without withdrawing it, and a resume exposes the same clients again', async () => {
  const board = await rolloutBoard({ state: 'retreated' })
  expect(board.newest()).not.toHaveProperty('candidate')
  expect(board.newest()).not.toHaveProperty('withdrawn')
  await board.publisher.resume({ reason: 'x' })
  const { rollout, audience: exposed, sequence } = board.newest()
  expect(exposed).toEqual(audience)
  expect(board.document('candidate')).toEqual(size(2))
  expect(rollout?.stageStart).toMatchObject({
    position: { sequence },
    at: '2026-01-01T00:00:00.000Z',
    live: 20,
  })
})

test('a promotion makes the candidate stable under its own version, and withdraws nothing', async () => {
  const board = await rolloutBoard({ state: 'watching' })
  expect(board.document('stable')).toEqual(size(2))
  expect(board.newest()).toMatchObject({ stable: { version: 2 }, rollout: { stage: 1, state: 'watching' } })
  expect(board.newest()).not.toHaveProperty('withdrawn')
})

test.each(['running', 'paused', 'retreated', 'watching'] as const)(
  'an abort of a rollout that is %s goes back to what ran before it, and withdraws what it tried',
  async state => {
    const board = await rolloutBoard({ state })
    const tried = board.releases()[1]?.candidate?.variants[0]?.digest
    expect((await board.publisher.abort({ reason: 'x' })).withdrawn).toEqual([tried])
    expect(board.document('stable')).toEqual(size(1))
    expect(board.newest()).toMatchObject({ stable: { version: 1 }, withdrawn: [tried] })
    expect(board.newest()).not.toHaveProperty('candidate')
  },
)

test('an abort of a watched rollout whose way back cannot be read names the way out', async () => {
  const board = await rolloutBoard({ state: 'watching' })
  const back = board.releases()[0]?.stable.variants[0]?.digest ?? ''
  board.store.snapshots.delete(back)
  await expect(board.publisher.abort({ reason: 'x' })).rejects.toThrow(/rollback\(\{ to \}\)/)
})

test('a step at a position is refused once another release stands there', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const ifPosition = { epoch: board.newest().epoch, sequence: 1 }
  await expect(board.publisher.pause({ reason: 'x', ifPosition })).rejects.toMatchObject({ code: 'conflict' })
})

test('a step that lost its place to a new rollout is not taken on that one', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const { store } = board
  let raced = false
  store.before = async operation => {
    if (operation !== 'append' || raced) return
    raced = true
    await board.publisher.abort({ reason: 'the other one' })
  }
  await expect(board.publisher.promote({ reason: 'x' })).rejects.toMatchObject({ code: 'conflict' })
  expect(board.newest().rollout?.state).toBe('rolled-back')
})

test('a step without a reason is refused before anything is asked', async () => {
  const board = await rolloutBoard({ state: 'running' })
  board.store.before = () => {
    throw new Error('asked')
  }
  await expect(board.publisher.pause({ reason: ' ' })).rejects.toMatchObject({ code: 'invalid-option' })
})
