import { expect, test } from 'vitest'
import type { JsonObject } from '../../../../src/contracts/json.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { decodeText } from '../../../../src/core/json/strict-parse.js'
import { encodeText } from '../../../../src/core/json/text.js'
import type { Publisher } from '../../../../src/publisher/index.js'
import { rolloutBoard, size, type Document, type RolloutBoard } from './rollout-board.js'

/** What is looked at is JSON. */
type Raw = any

/** The newest release as it is written. */
function rawNewest({ store }: RolloutBoard): Raw {
  return (JSON.parse(decodeText(store.log.at(-1)?.bytes ?? new Uint8Array(), 'the release')) as JsonObject)[
    'release'
  ]
}

/** Writes the newest release anew. */
function rewriteNewest({ store }: RolloutBoard, raw: Raw): void {
  const [entry] = store.log.splice(-1)
  store.log.push({ ...entry, bytes: encodeText(canonicalize({ release: raw, signatures: [] })) })
}

/** A board whose newest release was written by a later version, which says more at every level. */
async function fromLater({
  crit = ['later'],
}: { readonly crit?: readonly string[] } = {}): Promise<RolloutBoard> {
  const board = await rolloutBoard({ state: 'running' })
  const raw = rawNewest(board)
  raw.later = { of: 'the release' }
  raw.crit = crit
  raw.stable.later = 'stable'
  raw.stable.variants[0].later = 'of stable'
  raw.candidate.later = 'candidate'
  raw.candidate.variants[0].later = 'of the candidate'
  raw.audience.later = 'audience'
  raw.audience.clauses.push({ moon: 'full' })
  raw.rollout.later = 'rollout'
  raw.rollout.stageStart.later = 'start'
  raw.evidence.later = 'evidence'
  rewriteNewest(board, raw)
  return board
}

const reason = 'x'

const STEPS: Readonly<Record<string, (publisher: Publisher<Document>) => Promise<unknown>>> = {
  pause: publisher => publisher.pause({ reason }),
  'pause and resume': async publisher => {
    await publisher.pause({ reason })
    await publisher.resume({ reason })
  },
  kill: publisher => publisher.kill({ patch: { fast: true }, reason }),
}

test.each(Object.entries(STEPS))(
  'a publisher that does not know a member keeps it, at every level: %s',
  async (_, step) => {
    const board = await fromLater()
    const before = rawNewest(board)
    await step(board.publisher)
    const after = rawNewest(board)
    expect(after.sequence).toBeGreaterThan(before.sequence)
    expect(after).toMatchObject({
      later: { of: 'the release' },
      crit: ['later'],
      stable: { variants: [{ later: 'of stable' }] },
      candidate: { later: 'candidate', variants: [{ later: 'of the candidate' }] },
      audience: before.audience,
      rollout: { later: 'rollout', stageStart: { later: 'start' } },
      evidence: { later: 'evidence' },
    })
  },
)

test('what a candidate says that is not known goes with it when it becomes stable', async () => {
  const board = await fromLater()
  await board.publisher.promote({ reason })
  expect(rawNewest(board)).toMatchObject({
    later: { of: 'the release' },
    stable: { later: 'candidate', variants: [{ later: 'of the candidate' }] },
    rollout: { later: 'rollout' },
  })
})

test('a rollout that retreated and is resumed exposes nobody whom a condition kept out that is not known', async () => {
  const board = await fromLater()
  const before = rawNewest(board)
  await board.publisher.retreat({ reason })
  expect(rawNewest(board)).toMatchObject({ later: { of: 'the release' }, stable: { later: 'stable' } })
  await board.publisher.resume({ reason })
  expect(rawNewest(board).audience.clauses).toEqual(before.audience.clauses)
})

test('an abort keeps what is not known of what it goes back to, and a new document nothing', async () => {
  const board = await fromLater({ crit: [] })
  await board.publisher.abort({ reason })
  const aborted = rawNewest(board)
  expect(aborted).toMatchObject({
    later: { of: 'the release' },
    stable: { later: 'stable', variants: [{ later: 'of stable' }] },
  })
  await board.publisher.publish(size(3), { reason, supersede: true })
  expect(rawNewest(board)).not.toHaveProperty('later')
  expect(rawNewest(board).stable).not.toHaveProperty('later')
})

test('a state that is not known stays when the release is said again', async () => {
  const board = await fromLater()
  const raw = rawNewest(board)
  raw.rollout.state = 'rehearsing'
  rewriteNewest(board, raw)
  const [{ digest }] = raw.stable.variants
  await board.publisher.readmit({ digest, reason })
  expect(rawNewest(board).rollout).toEqual(raw.rollout)
})
