import { expect, test } from 'vitest'
import type { Release } from '../../../src/core/release/release.js'
import type { StepEvidence } from '../../../src/core/release/step-evidence.js'
import { staged } from '../../../src/rollouts/index.js'
import { overMemory } from '../../support/rollouts/media.js'
import { PERIODS, startFleet, whenHeard, type Medium } from '../../support/rollouts/same-rollout.js'

const REHEARSED = staged({ ...PERIODS, stages: [1, 'all'], rehearse: true })
const PATIENCE_MS = 300_000

/** Where each release of a rollout stands. */
const phasesOf = (releases: readonly Release[]): readonly string[] =>
  releases
    .filter(({ rollout }) => rollout !== undefined)
    .map(({ cause, rollout }) =>
      [cause, rollout?.state, rollout?.stageStart.rehearsal?.phase ?? rollout?.stage].join(' '),
    )

async function rehearse(refuses?: Medium['refuses']) {
  await using medium = await overMemory()
  await using fleet = await startFleet({ ...medium, ...(refuses !== undefined && { refuses }) })
  const { publisher, clients, done } = fleet
  await whenHeard(fleet)
  const ran = clients.map(client => {
    const pools: number[] = []
    client.subscribe(({ pool }) => void pools.push(pool))
    return pools
  })
  const rollout = await done(publisher.publish({ pool: 2 }, { rollout: REHEARSED, reason: 'a new format' }))
  const end = await done(rollout.settled)
  const evidence: (StepEvidence | undefined)[] = []
  for await (const { audit } of publisher.history()) evidence.push(audit?.evidence)
  return { end, ran, releases: await done(fleet.releases()), evidence: evidence[0] }
}

test(
  'real clients: one goes forward, back and forward, and only then the others have the document',
  async () => {
    const { end, releases, ran } = await rehearse()
    expect(end).toBe('completed')
    expect(phasesOf(releases)).toEqual([
      'publish running forward',
      'retreat running back',
      'advance running again',
      'advance running 0',
      'advance running 1',
      'promote watching 1',
      'complete completed 1',
    ])
    const [rehearser, ...others] = ran.toSorted((a, b) => b.length - a.length)
    expect(rehearser).toEqual([1, 2, 1, 2])
    expect(new Set(others.map(pools => pools.join()))).toEqual(new Set(['1,2']))
  },
  PATIENCE_MS,
)

test(
  'a document that its client cannot leave again goes to nobody else, and the reason is in the history',
  async () => {
    // What ran before is refused by whoever has run the new format.
    const { end, releases, evidence, ran } = await rehearse(
      (pool, before) => before !== undefined && pool < before,
    )
    expect(end).toBe('rolled-back')
    expect(phasesOf(releases)).toEqual([
      'publish running forward',
      'retreat running back',
      'rollback rolled-back back',
    ])
    expect(evidence).toMatchObject({
      code: 'way-back-failed',
      verdict: 'bad',
      exceptions: [{ kind: 'rejected', clientId: expect.any(String) }],
    })
    // It runs on with what it has, as a client does that has nothing else.
    expect(ran.filter(pools => pools.length > 1)).toEqual([[1, 2]])
  },
  PATIENCE_MS,
)
