import { expect, test, vi } from 'vitest'
import type { AppendQuery, CompleteStore } from '../../../../src/contracts/transport.js'
import { isNoticeboardError, NoticeboardError } from '../../../../src/contracts/errors.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { decodeRelease, releaseDigest } from '../../../../src/core/release/release.js'
import type { Json } from '../../../../src/contracts/json.js'
import { everyone } from '../../../../src/publisher/index.js'
import { staged, timed } from '../../../../src/rollouts/index.js'
import { systemHasher } from '../../../../src/system/system.js'
import type { Effect } from '../../../support/rollouts/paper-fleet.js'
import { digestOfDocument } from '../scenes/rollouts/machine.js'
import { AT_ONCE, DEFAULTS, MINUTE, play, REAL, reason, type Stand } from './rolled.js'

// As rollouts.test.ts, over a smaller fleet: each is played again without what holds it off.

vi.setConfig({ testTimeout: 120_000 })

const CLIENTS = 24
const small = { clients: CLIENTS } as const
const dies = (): Effect => 'dies'
const works = (): Effect => 'works'

/** Three regions of eight clients each. */
const REGIONS = ['eu', 'us', 'ap'] as const
const inRegions = {
  ...small,
  labels: (number: number) => ({ region: REGIONS[number % REGIONS.length] ?? '' }),
}
const byRegion = [{ labels: { region: 'eu' } }, { labels: { region: ['eu', 'us'] } }, 'all'] as const

test('cloudflare-generated: a generator that writes a good and a bad file by turns reaches two clients with the bad one', async () => {
  const [bad, good] = [2, 3]
  const badDigest = digestOfDocument({ pool: bad })
  const effect = (_: string, __: number, digest: string): Effect => (digest === badDigest ? 'dies' : 'works')
  const told: string[] = []
  const generates = async ({ clock, publish, fleet }: Stand) => {
    for (let turn = 0; turn < 12; turn += 1) {
      await clock.advance(5 * MINUTE)
      await publish(turn % 2 === 0 ? good : bad).catch((error: unknown) => {
        if (!isNoticeboardError(error)) throw error
        told.push(error.code)
      })
    }
    expect(fleet.everRan(digestOfDocument({ pool: good })).length).toBeGreaterThan(0)
  }
  const { touched, left } = await play({ ...small, rollout: staged(DEFAULTS), effect, after: generates })
  expect(touched).toBeLessThanOrEqual(2)
  expect(left).toBe(0)
  // The file that was taken back does not come back by itself, and nothing overtakes a rollout.
  expect(new Set(told)).toEqual(new Set(['rollout-in-progress', 'withdrawn']))
  // Off: everyone at once.
  const hasty = await play({ ...small, rollout: everyone(), effect, after: generates })
  expect(hasty.touched).toBe(CLIENTS)
})

test('cloudflare-empty-selector: a stage whose labels are empty means nobody, and not everybody', async () => {
  expect(() => staged({ ...DEFAULTS, stages: [{ labels: {} }, 'all'] })).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  )
  // A value that nobody carries is one that was forgotten too.
  const stages = [{ labels: { region: [] } }, 'all'] as const
  const { touched, state } = await play({
    ...inRegions,
    rollout: staged({ ...DEFAULTS, stages }),
    effect: dies,
  })
  expect({ touched, state }).toEqual({ touched: 0, state: 'running' })
  // Off: a selector that means all.
  const all = await play({ ...inRegions, rollout: staged({ ...DEFAULTS, stages: ['all'] }), effect: dies })
  expect(all.touched).toBe(CLIENTS)
})

test('azure-policy: a remedy that hits the wrong clients stays in the region that has it first', async () => {
  const { touched, left, state } = await play({
    ...inRegions,
    rollout: staged({ ...DEFAULTS, stages: byRegion }),
    effect: dies,
  })
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  expect(touched).toBeLessThanOrEqual(CLIENTS / REGIONS.length)
  // Off: every region at once.
  expect((await play({ ...inRegions, rollout: everyone(), effect: dies })).touched).toBe(CLIENTS)
})

test('datadog-same-hour: an update that shows after most of an hour has one region, and not all of them', async () => {
  const diesAfterMs = 25 * MINUTE
  const patient = { ...DEFAULTS, bakeMs: 30 * MINUTE }
  const slow = { ...inRegions, effect: dies, diesAfterMs }
  const { touched, state } = await play({ ...slow, rollout: staged({ ...patient, stages: byRegion }) })
  expect(touched).toBe(CLIENTS / REGIONS.length)
  expect(state).toBe('rolled-back')
  // Off: the same patience, and every region in the same hour.
  expect((await play({ ...slow, rollout: staged({ ...patient, stages: ['all'] }) })).touched).toBe(CLIENTS)
})

test('github-ttl: a value that makes every client rewrite its cache does not do it in one minute', async () => {
  const { most, state } = await play({ ...small, rollout: staged(DEFAULTS), effect: works })
  expect(state).toBe('completed')
  expect(most).toBeLessThanOrEqual(CLIENTS / 2)
  // Off: everyone at once.
  expect((await play({ ...small, rollout: everyone(), effect: works })).most).toBe(CLIENTS)
})

test('github-corrupt: a bundle that nobody can read is good for nobody, and goes no further than one client', async () => {
  const asked = new Set<string>()
  const effect = (clientId: string): Effect => {
    asked.add(clientId)
    return 'unread'
  }
  const { touched, state } = await play({ ...small, rollout: staged(DEFAULTS), effect })
  expect({ touched, state }).toEqual({ touched: 0, state: 'running' })
  expect(asked.size).toBe(1)
  // Off: by the clock, which asks nobody.
  asked.clear()
  const blind = await play({ ...small, rollout: timed({ steps: 3, everyMs: 10 * MINUTE }), effect })
  expect(blind.state).toBe('completed')
  expect(asked.size).toBe(CLIENTS)
})

test('roblox-blind: when the way by which a fleet is watched is lost, a rollout stands', async () => {
  let isLost = false
  const through = (store: CompleteStore): CompleteStore => ({
    ...store,
    async report(states, signal) {
      if (isLost) throw new NoticeboardError('unavailable', 'nothing is heard any more')
      await store.report(states, signal)
    },
  })
  const after = async (): Promise<void> => void (isLost = true)
  const { touched, state } = await play({ ...small, rollout: staged(DEFAULTS), effect: dies, through, after })
  expect(touched).toBeLessThanOrEqual(1)
  expect(state).toBe('running')
  // Off: by the clock, which asks nobody.
  isLost = false
  const rollout = timed({ steps: 3, everyMs: 10 * MINUTE })
  expect((await play({ ...small, rollout, effect: dies, through, after })).touched).toBe(CLIENTS)
})

test('facebook-cut-off: a command that takes whoever obeys it off the network is taken back from two clients', async () => {
  const effect = (): Effect => 'mute'
  const { touched, state } = await play({ ...REAL, rollout: staged(DEFAULTS), effect })
  expect(touched).toBeGreaterThanOrEqual(1)
  expect(touched).toBeLessThanOrEqual(2)
  expect(state).toBe('retreated')
  // Off: everyone at once, and nobody is left to say so.
  expect((await play({ ...AT_ONCE, effect })).touched).toBe(REAL.clients)
})

test('dynamodb-late: a step that was decided long ago does not undo what was done since', async () => {
  // The first step of the controller is held up on its way, and comes when the rollout was aborted.
  const held = (): {
    readonly through: (store: CompleteStore) => CompleteStore
    free: () => void
    append: Append
  } => {
    let resolve = (): void => {}
    const promise = new Promise<void>(done => (resolve = done))
    let isFirst = true
    const line = {
      free: () => resolve(),
      append: (async (store, query, signal) => store.append(query, signal)) as Append,
      through: (store: CompleteStore): CompleteStore => ({
        ...store,
        async append(query, signal) {
          if (!isFirst) return store.append(query, signal)
          isFirst = false
          await promise
          return line.append(store, query, signal)
        },
      }),
    }
    return line
  }
  const given = (line: ReturnType<typeof held>) => ({
    ...small,
    rollout: staged(DEFAULTS),
    effect: works,
    through: line.through,
    async after({ clock, publisher }: Stand) {
      await clock.advance(15 * MINUTE)
      await publisher.abort({ reason })
      line.free()
    },
  })
  expect(await play(given(held()))).toMatchObject({ left: 0, state: 'rolled-back' })
  // Off: an enactor that writes after whatever is there now.
  const careless = held()
  careless.append = async (store, query, signal) => {
    await store.append(await rebased(store, query, signal), signal)
    // Where it wanted to write the abort stands: a store that said otherwise would have gone back
    // since.
    return 'taken'
  }
  const { left, state } = await play(given(careless))
  expect(state).toBe('completed')
  expect(left).toBe(CLIENTS)
})

type Append = (
  store: CompleteStore,
  query: AppendQuery,
  signal: AbortSignal,
) => ReturnType<CompleteStore['append']>

/** The same statement, right after what is newest. */
async function rebased(store: CompleteStore, query: AppendQuery, signal: AbortSignal): Promise<AppendQuery> {
  const latest = await store.latest({ namespace: query.namespace }, signal)
  if (latest.type !== 'release') throw new Error('nothing was published')
  const { epoch, sequence } = decodeRelease(latest.bytes).release
  const { release, ...rest } = JSON.parse(new TextDecoder().decode(query.bytes)) as {
    release: Record<string, Json>
  }
  const at = { epoch, sequence: sequence + 1 }
  const next = { ...release, ...at, prev: releaseDigest(systemHasher, latest.bytes) }
  return { ...query, at, bytes: encodeText(canonicalize({ release: next, ...rest } as Json)) }
}
