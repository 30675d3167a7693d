import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import type { Audience } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import { idOf } from '../../../src/rollouts/cohort.js'
import { jumpStaged } from '../../../src/rollouts/jump-staged.js'
import type { StagedPlan } from '../../../src/rollouts/plan.js'
import { sayStageNumbers, saySkipped } from '../../../src/rollouts/skipped.js'
import type { Stage } from '../../../src/rollouts/stage.js'
import { timed } from '../../../src/rollouts/timed.js'
import { hasher, heard, minute, minuteMs, names, releaseOf, word } from './fleet.js'

const NONE: Audience = { salt: 's', clauses: [] }
const NOW = 20

const fleet = (count: number, labels = (_index: number): Record<string, string> => ({})) =>
  heard(
    names(count).map((name, index) => word(name, NOW, { labels: labels(index) })),
    NOW,
  )

/** Goes from stage to stage, by each number in turn; 0 is the one that begins it. */
function walk(plan: Partial<StagedPlan>, stops: readonly number[], clients = fleet(40)): Release {
  let release = releaseOf(NONE, { plan, stageStart: awaiting })
  for (const to of stops) {
    const next = jumpStaged({ release, hasher }, { heard: clients }, to)
    const { audience, stage, start, decideBy } = next ?? expect.fail('nobody is heard')
    const rollout = { ...release.rollout, stage, decideBy, stageStart: { ...start, position: release } }
    release = { ...release, audience, rollout } as Release
  }
  return release
}

/** As a rollout is before its first stage. */
const awaiting = { position: { epoch: '1-9f3a01bc', sequence: 7 }, at: minute(10), live: 40, exposed: 0, control: 40, awaitsGates: true } as const // prettier-ignore

const PLANS: readonly (readonly [string, readonly Stage[]])[] = [
  ['numbers', [{ by: 'count', count: 1 }, { by: 'share', share: 0.1, atLeast: 3 }, { by: 'share', share: 0.5 }, { by: 'all' }]], // prettier-ignore
  ['labels', [{ by: 'labels', labels: { ring: ['0'] } }, { by: 'labels', labels: { ring: ['1'] } }, { by: 'share', share: 0.6 }, { by: 'all' }]], // prettier-ignore
  ['names', [{ by: 'ids', ids: [idOf('client-3', { salt: 's', hasher })] }, { by: 'count', count: 9 }, { by: 'labels', labels: { ring: ['2'] } }, { by: 'all' }]], // prettier-ignore
]

describe.each(PLANS)('a jump in stages by %s', (_name, stages) => {
  const clients = fleet(40, index => ({ ring: String(index % 5) }))
  test.each([1, 2, 3])('to stage index %i exposes who would be if each before had begun', to => {
    for (const holdback of [undefined, 0.2]) {
      const plan = { stages, ...(holdback !== undefined && { holdback }) }
      const stepped = walk(plan, Array.from({ length: to + 1 }, (_, index) => index), clients) // prettier-ignore
      for (const from of [0, ...(to > 1 ? [1] : [])]) {
        const before = Array.from({ length: from + 1 }, (_, index) => index)
        const jumped = walk(plan, [...before, to], clients)
        expect(jumped.audience).toEqual(stepped.audience)
        expect(jumped.rollout).toMatchObject({ stage: to, stageStart: { live: 40, exposed: stepped.rollout?.stageStart.exposed } }) // prettier-ignore
      }
      expect(walk(plan, [to], clients).audience).toEqual(stepped.audience)
    }
  })
})

test('a jump begins the stage now, with its own time to be decided', () => {
  const { rollout } = walk({}, [0, 2])
  expect(rollout?.stageStart.at).toBe(minute(NOW))
  expect(Date.parse(rollout?.decideBy ?? '')).toBeGreaterThan(minuteMs(NOW))
  expect(rollout?.stageStart).not.toHaveProperty('awaitsGates')
})

test('the client of a rehearsal goes forward with a stage that is jumped to, also from its way back', () => {
  const id = idOf('client-7', { salt: 's', hasher })
  const release = releaseOf(NONE, {
    stageStart: { ...awaiting, rehearsal: { phase: 'back', id } },
    plan: { rehearse: true },
  })
  const next = jumpStaged({ release, hasher }, { heard: fleet(40) }, 1)
  expect(next?.audience?.clauses).toContainEqual({ ids: [id] })
  expect(next?.start).toMatchObject({ exposed: 4 })
  expect(next?.start).not.toHaveProperty('rehearsal')
})

test('nobody can say whom a stage exposes where no client is heard', () => {
  const release = releaseOf({ salt: 's', clauses: [{ below: 9 }] })
  expect(jumpStaged({ release, hasher }, { heard: heard([], NOW) }, 2)).toBeUndefined()
})

test('a step by the clock is jumped to, and lasts as long as any other', () => {
  const policy = timed({ steps: 4, everyMs: 60_000 })
  const base = releaseOf({ salt: 's', clauses: [{ below: 2 ** 30 }] })
  const plan: Json = { type: 'timed', version: 1, everyMs: 60_000, stages: [0.25, 0.5, 0.75, 1].map(share => ({ by: 'share', share })) } // prettier-ignore
  const release = { ...base, rollout: { ...base.rollout, plan } } as Release
  const next = policy.jump?.({ release, hasher }, { heard: heard([], NOW) }, 2) ?? expect.fail('no jump')
  expect(next).toMatchObject({
    state: 'running',
    stage: 2,
    audience: { salt: 's', clauses: [{ below: 3 * 2 ** 30 }] },
    start: { at: minute(NOW) },
  })
  const rollout = { ...release.rollout, skipped: [1], stage: 2, stageStart: { ...release.rollout?.stageStart, at: minute(NOW) } } // prettier-ignore
  const jumped = { ...release, rollout, audience: next.audience } as Release
  const decideAt = (minutes: number) =>
    policy.decide({ release: jumped, hasher }, { heard: heard([], NOW), gates: {} }, minuteMs(minutes))
  expect(decideAt(NOW + 0.9).type).toBe('hold')
  expect(decideAt(NOW + 0.9).explanation.why).toContain('stage 2 was skipped by hand')
  expect(decideAt(NOW + 1)).toMatchObject({ type: 'advance', next: { stage: 3 } })
})

test('stages that were skipped are told by their numbers', () => {
  expect([[1], [1, 2], [1, 2, 3], [0, 2, 3, 4, 6]].map(sayStageNumbers)).toEqual([
    'stage 2',
    'stages 2 and 3',
    'stages 2 to 4',
    'stages 1, 3 to 5 and 7',
  ])
  expect(saySkipped([])).toEqual([])
  expect(saySkipped()).toEqual([])
})
