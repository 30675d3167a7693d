import { describe, expect, test } from 'vitest'
import { createPublisher, everyone, type Gate, type RolloutStep } from '../../../../src/publisher/index.js'
import type { RolloutPolicy } from '../../../../src/rollouts/index.js'
import { rolloutBoard, schema, size } from './rollout-board.js'

/** A policy and a gate of one's own that count how often they are asked. */
function own() {
  const asked = { policy: 0, gate: 0 }
  const policy: RolloutPolicy = {
    type: 'own',
    version: 1,
    start: () => ({ type: 'everyone', says: [] }),
    decide: ({ release }, _evidence, nowMs) => {
      asked.policy += 1
      return {
        type: 'hold',
        explanation: {
          rollout: release.rollout?.id ?? '',
          stage: 0,
          where: 'here',
          verdict: 'good',
          why: ['all is well now'],
          unknowns: [],
          counts: {},
          canSee: '',
          exceptions: [],
          omitted: 0,
          wouldChange: [],
          asOf: new Date(nowMs).toISOString(),
        },
      }
    },
  }
  const latency: Gate = {
    name: 'latency',
    check: () => {
      asked.gate += 1
      return 'good'
    },
  }
  return { asked, policy, latency }
}

describe('a rollout that has ended', () => {
  test('is explained by what was kept with its end, and asks neither its policy nor a gate', async () => {
    const board = await rolloutBoard({ state: 'rolled-back' })
    const { asked, policy, latency } = own()
    const { store } = board
    const reader = createPublisher({
      namespace: 'checkout/prod',
      schema,
      store,
      rollout: policy,
      gates: [latency],
    })
    const rollout = await reader.rollout()
    expect(await rollout?.explain()).toMatchObject({
      rollout: 'r1',
      where: 'rolled-back, stage 1 of 2',
      verdict: 'unknown',
      why: ['rolled back: aborted by hand: to get there'],
      wouldChange: [],
    })
    const steps: RolloutStep[] = []
    for await (const step of rollout ?? []) steps.push(step)
    expect(steps).toMatchObject([
      { state: 'rolled-back', why: ['rolled back: aborted by hand: to get there'], waitingFor: [] },
    ])
    expect(asked).toEqual({ policy: 0, gate: 0 })
  })

  test('while it goes on is judged anew, by the same reader', async () => {
    const { store } = await rolloutBoard({ state: 'running' })
    const { asked, policy } = own()
    const reader = createPublisher({ namespace: 'checkout/prod', schema, store, rollout: policy })
    expect(await (await reader.rollout())?.explain()).toMatchObject({ why: ['all is well now'] })
    expect(asked.policy).toBe(1)
  })

  test('since another release took its place is not judged by what clients report of that', async () => {
    const { publisher, store } = await rolloutBoard({ state: 'paused' })
    const { asked, policy } = own()
    const reader = createPublisher({ namespace: 'checkout/prod', schema, store, rollout: policy })
    const rollout = await reader.rollout()
    await publisher.publish(size(3), { rollout: everyone(), supersede: true, reason: 'now' })
    expect(await rollout?.explain()).toMatchObject({
      where: 'superseded, stage 1 of 2',
      verdict: 'unknown',
      why: ['another release took its place; the last step: paused by hand: to get there'],
    })
    expect(asked.policy).toBe(0)
  })
})

test.each(['retreated', 'rolled-back'] as const)(
  'a rollout that is %s names the version that it tried, and not the one that runs',
  async state => {
    const { publisher, releases } = await rolloutBoard({ state })
    const tried = releases()[1]?.candidate
    expect(await publisher.rollout()).toMatchObject({
      state,
      version: tried?.version,
      digest: tried?.variants[0]?.digest,
    })
    expect(tried?.version).not.toBe(1)
  },
)

test('a rollout that was taken back while it was watched names the version that it tried', async () => {
  const { publisher, releases } = await rolloutBoard({ state: 'watching' })
  await publisher.abort({ reason: 'too slow' })
  expect(await publisher.rollout()).toMatchObject({
    state: 'rolled-back',
    version: releases()[1]?.candidate?.version,
  })
})
