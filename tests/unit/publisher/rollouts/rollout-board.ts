import { z } from 'zod'
import type { Json } from '../../../../src/contracts/json.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import { decodeRelease, positionOf, type Release } from '../../../../src/core/release/release.js'
import type { RolloutState } from '../../../../src/core/release/rollout.js'
import { appendUntil } from '../../../../src/publisher/append.js'
import { encodeAudit } from '../../../../src/publisher/audit.js'
import { createPublisher, everyone, type Publisher } from '../../../../src/publisher/index.js'
import { systemHasher } from '../../../../src/system/system.js'
import { publisherContext } from '../publisher-context.js'
import { scriptedStore, type ScriptedStore } from '../scripted-store.js'

export const schema = z.object({
  pool: z.object({ size: z.number().int().min(1).max(1000) }),
  fast: z.boolean().default(false),
})
export type Document = z.input<typeof schema>
export const size = (n: number): Document => ({ pool: { size: n } })
export const audience = { salt: 'salt', clauses: [{ below: 429_496_730 }] }
const never = new AbortController().signal

/**
 * A board on which version 1 is stable, and perhaps a rollout of {@link size}(2) stands somewhere.
 */
export interface RolloutBoard {
  readonly store: ScriptedStore
  readonly publisher: Publisher<Document>
  newest(): Release
  releases(): readonly Release[]
  /** The document that an arm of the newest release names. */
  document(arm: 'stable' | 'candidate'): Json
  /** Time passes, and nothing else happens. */
  elapse(ms: number): void
}

export interface RolloutBoardOptions {
  /** Where the rollout stands; none unless given. */
  readonly state?: RolloutState['state']
}

/** Publishes version 1, and takes a rollout of version 2 to where it shall stand. */
export async function rolloutBoard({ state }: RolloutBoardOptions = {}): Promise<RolloutBoard> {
  const store = scriptedStore()
  let nowMs = Date.UTC(2026, 0, 1)
  const { clock } = publisherContext(store)
  const context = publisherContext(store, { clock: { ...clock, now: () => nowMs } })
  const publisher = createPublisher({
    namespace: 'checkout/prod',
    schema,
    store,
    author: 'ada',
    system: { clock: context.clock },
  })
  await publisher.publish(size(1), { rollout: everyone(), reason: 'the first' })
  const releases = (): readonly Release[] => store.log.map(({ bytes }) => decodeRelease(bytes).release)
  const newest = (): Release => releases().at(-1) as Release
  const board: RolloutBoard = {
    store,
    publisher,
    newest,
    releases,
    elapse: ms => void (nowMs += ms),
    document(arm) {
      const digest = newest()[arm]?.variants.at(-1)?.digest ?? ''
      return JSON.parse(new TextDecoder().decode(store.snapshots.get(digest))) as Json
    },
  }
  if (state === undefined) return board
  const bytes = encodeText(canonicalize(size(2)))
  const digest = digestOf(systemHasher, bytes)
  await appendUntil(
    context,
    head => ({
      type: 'append',
      snapshots: [{ digest, bytes }],
      statement: {
        cause: 'publish',
        audit: encodeAudit(context, { reason: 'a bigger pool' }),
        stable: head!.release.stable.variants,
        candidate: [{ digest, bytes: bytes.length }],
        audience,
        spreadMs: 500,
        evidence: { bakeMs: 300_000, reportMs: 60_000, spreadMs: 10_000 },
        rollout: {
          id: 'r1',
          state: 'running',
          stage: 0,
          plan: { type: 'own', version: 1, stages: [1, 'all'] },
          stageStart: {
            position: { epoch: head!.release.epoch, sequence: 2 },
            at: '2025-12-31T23:00:00.000Z',
            live: 20,
            exposed: 2,
            control: 18,
          },
          from: positionOf(head!.release),
          decideBy: '2026-01-01T01:00:00.000Z',
          controller: 'publisher',
        },
      },
    }),
    { signal: never },
  )
  const reason = 'to get there'
  switch (state) {
    case 'paused':
      await publisher.pause({ reason })
      break
    case 'retreated':
      await publisher.retreat({ reason })
      break
    case 'watching':
      await publisher.promote({ reason })
      break
    case 'rolled-back':
      await publisher.abort({ reason })
      break
    case 'running':
    case 'completed':
    case 'other':
      break
  }
  return board
}
