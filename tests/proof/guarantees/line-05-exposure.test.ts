import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { BUCKETS } from '../../../src/core/release/audience.js'
import {
  decodeRelease,
  encodeRelease,
  positionOf,
  releaseDigest,
  type Release,
} from '../../../src/core/release/release.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { memoryFolder, type MemoryFolder } from '../../support/client-harness.js'
import { boundMs, NAMESPACE, openPlace, runs, WAYS, type Config, type Member } from './place.js'

const SALT = 'drawn-once'
const CLIENTS = 16
const { signal } = new AbortController()
const START = { epoch: '1-00000001', sequence: 1 }
const ROLLOUT: RolloutState = {
  id: 'r1',
  state: 'running',
  stage: 0,
  plan: { type: 'by-hand' },
  stageStart: {
    position: START,
    at: '2026-01-01T00:00:00.000Z',
    live: CLIENTS,
    exposed: 1,
    control: CLIENTS - 1,
  },
  from: START,
  decideBy: '2026-01-02T00:00:00.000Z',
  controller: 'somebody',
}

/** The next release, as somebody writes it who runs a rollout by hand. */
async function append(store: MemoryStore, change: (before: Release) => Partial<Release>): Promise<Release> {
  const latest = await store.latest({ namespace: NAMESPACE }, signal)
  if (latest.type !== 'release') throw new Error('there is a release')
  const { release } = decodeRelease(latest.bytes)
  const { candidate: _, audience: __, ...rest } = release
  const next: Release = {
    ...rest,
    sequence: release.sequence + 1,
    cause: 'publish',
    prev: releaseDigest(systemHasher, latest.bytes),
    ...change(release),
  }
  const bytes = encodeRelease(next)
  expect(await store.append({ namespace: NAMESPACE, at: positionOf(next), bytes }, signal)).toBe('appended')
  return next
}

async function put(store: MemoryStore, document: Config): Promise<{ digest: string; bytes: number }> {
  const bytes = encodeText(canonicalize(document))
  const digest = digestOf(systemHasher, bytes)
  await store.put({ namespace: NAMESPACE, digest, bytes }, signal)
  return { digest, bytes: bytes.length }
}

/** Who belongs to a stage, worked out apart from the library. */
const belongs = (clientId: string, share: number): boolean =>
  Number.parseInt(createHash('sha256').update(`${SALT}\0${clientId}`).digest('hex').slice(0, 8), 16) <
  share * BUCKETS

describe.each(WAYS)(
  '5. no client outside a stage commits the candidate; audience only grows (%s)',
  (_name, way) => {
    test('over stages, restarts and a server that comes anew', async () => {
      const clock = virtualClock({ turns: 1 })
      const store = memory({ system: { clock } })
      const place = openPlace({ clock, store })
      await place.publish({ n: 1 })
      const names = Array.from({ length: CLIENTS }, (_, index) => `web-${index}`)
      const folders = new Map(names.map((name): [string, MemoryFolder] => [name, memoryFolder()]))
      const start = (clientId: string): Member =>
        place.client(way, { clientId, state: folders.get(clientId) as MemoryFolder })
      const members = new Map(names.map((name): [string, Member] => [name, start(name)]))
      const everybody = (): Member[] => [...members.values()]
      await place.until(() => everybody().every(member => runs(member)?.n === 1), boundMs(way))

      const next = await put(store, { n: 2 })
      const gotIt = ({ sent, given, ran }: Member): boolean =>
        sent.some(({ path }) => path.includes(next.digest)) ||
        given.includes(next.digest) ||
        ran.some(({ n }) => n === 2)
      let exposed = new Set<string>()
      for (const share of [0.2, 0.5, 0.8]) {
        const release = await append(store, ({ sequence, stable, candidate }) => ({
          stable,
          candidate: candidate ?? { version: sequence + 1, variants: [next] },
          audience: { salt: SALT, clauses: [{ below: Math.floor(share * BUCKETS) }] },
          rollout: ROLLOUT,
        }))
        const expected = new Set(names.filter(name => belongs(name, share)))
        const isThere = ({ client }: Member): boolean =>
          client.status !== 'starting' && client.running.position?.sequence === release.sequence
        const settled = (): boolean =>
          names.every(name => {
            const member = members.get(name) as Member
            return isThere(member) && runs(member)?.n === (expected.has(name) ? 2 : 1)
          })
        await place.until(settled, boundMs(way))
        expect([...exposed].every(name => expected.has(name))).toBe(true)
        expect(expected.size).toBeGreaterThan(exposed.size)
        expect(expected.size).toBeLessThan(CLIENTS)
        exposed = expected
        // The application can tell its own metrics by it.
        for (const name of names)
          expect((members.get(name) as Member).client.running).toMatchObject({
            arm: expected.has(name) ? 'candidate' : 'stable',
            rolloutId: ROLLOUT.id,
          })
        // Whoever is outside did not even get it.
        expect(names.filter(name => gotIt(members.get(name) as Member))).toEqual([...expected])

        // One of each kind starts anew, and so does the server.
        for (const name of [names.find(one => exposed.has(one)), names.find(one => !exposed.has(one))]) {
          await place.done((members.get(name as string) as Member).client.close())
          members.set(name as string, start(name as string))
        }
        place.origin.start(store)
        await place.until(settled, boundMs(way))
        for (const name of exposed) expect((members.get(name) as Member).ran.at(-1)).toEqual({ n: 2 })
        for (const name of names.filter(one => !exposed.has(one)))
          expect(gotIt(members.get(name) as Member)).toBe(false)
      }
      await append(store, ({ sequence }) => ({ stable: { version: sequence, variants: [next] } }))
      await place.until(() => everybody().every(member => runs(member)?.n === 2), boundMs(way))
      await place.until(
        () => everybody().every(({ client }) => client.running.arm === 'stable'),
        boundMs(way),
      )
    })
  },
)
