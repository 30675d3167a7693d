import { describe, expect, test, vi } from 'vitest'
import type { Ran } from './command-line.js'
import { staged } from '../../../src/rollouts/index.js'
import { PERIODS, rolloutDesk, type RolloutDesk } from './rollout-desk.js'

// Minutes and hours of a fleet in virtual time; a busy machine takes a while for that.
vi.setConfig({ testTimeout: 300_000 })

const MINUTE = 60_000
const publish = ['publish', 'next.json', '--reason', 'more load', '--json'] as const
const WAIT = '--wait=completed'
const promote = ['rollout', 'promote', '--reason', 'it fixes the outage', '--json'] as const
/** Leaves early, so that a promote finds a rollout that is still in its stages. */
const early = [...publish, WAIT, '--timeout', '4'] as const

/** Clients come through their bake before the watch ends. */
const config = { rollout: staged({ ...PERIODS, watchMs: 3 * MINUTE }) }

const only = (refuser: string) => (clientId: string) =>
  clientId === refuser ? ('rejected' as const) : ('works' as const)

/** The command that waits, in each way in which everybody comes to have a document. */
const WAYS: readonly (readonly [way: string, run: (desk: RolloutDesk) => ReturnType<RolloutDesk['nb']>])[] = [
  ['by default', ({ nb }) => nb([...publish, WAIT])],
  ['to everyone', ({ nb }) => nb([...publish, '--everyone', WAIT])],
  [
    'promoted by hand',
    async ({ nb }) => {
      await nb(early)
      const promoted = await nb(promote)
      // One or two clients have it without a stage, and then it stands there already.
      expect(JSON.parse(promoted.stdout).state).toBe('watching')
      return nb(['rollout', 'show', WAIT, '--json'])
    },
  ],
]
const FLEETS = [1, 2, 20].flatMap(clients => WAYS.map(([way, run]) => [clients, way, run] as const))

/** The JSON document that a wait prints. */
function told({ stdout, stderr }: Pick<Ran, 'stdout' | 'stderr'>) {
  const last = stdout.trim().split('\n').at(-1)
  if (last === undefined || last === '') throw new Error(`nothing was printed: ${stderr}`)
  return JSON.parse(last)
}

describe('--wait=completed', () => {
  test.each(FLEETS)(
    'of %i clients, %s: leaves with 0 once all of them run it',
    async (clients, _way, run) => {
      const ran = await run(await rolloutDesk({ clients }))
      expect(ran.status).toBe(0)
      expect(told(ran)).toMatchObject({
        end: expect.stringMatching(/^(?:passed|completed)$/),
        exposed: clients,
        applied: clients,
        reach: { is: 'everywhere', underWay: 0, refused: 0 },
      })
    },
  )

  test.each([1, 2, 20])(
    'of %i clients that all refuse it: leaves with 6 where it was taken back',
    async clients => {
      const ran = await (await rolloutDesk({ clients, effect: 'rejected' })).nb([...publish, WAIT])
      expect([ran.status, told(ran)]).toEqual([6, expect.objectContaining({ end: 'rolled-back' })])
      expect(ran.stderr).toMatch(/^ {2}client-\d+: rejected$/m)
    },
  )

  test.each([1, 2, 20])(
    'of %i clients that all refuse it, to everyone: leaves with 10 and names them',
    async clients => {
      const ran = await (
        await rolloutDesk({ clients, effect: 'rejected' })
      ).nb([...publish, '--everyone', WAIT])
      expect(ran.status).toBe(10)
      const { end, applied, reach } = told(ran)
      expect([end, applied, reach.is, reach.refused]).toEqual(['refused', 0, 'refused', clients])
      const names = Array.from({ length: clients }, (_, index) => `client-${index + 1}`)
      expect(reach.refusals.map(({ clientId }: { clientId: string }) => clientId).toSorted()).toEqual(
        names.toSorted(),
      )
      for (const name of names) expect(ran.stderr).toContain(`  ${name}: rejected\n`)
    },
  )

  test.each([1, 2, 20])('of a first release that %i clients refuse: leaves with 10', async clients => {
    const { nb } = await rolloutDesk({ clients, hasFirst: false, effect: 'rejected', heardForMs: 1_000 })
    const ran = await nb([...publish, WAIT])
    expect([ran.status, told(ran)]).toEqual([
      10,
      expect.objectContaining({ end: 'refused', reach: expect.objectContaining({ refused: clients }) }),
    ])
  })

  test('leaves with 10 where one of two refuses it, which takes nothing back', async () => {
    const { nb } = await rolloutDesk({ clients: 2, effect: only('client-2') })
    const ran = await nb([...publish, WAIT])
    expect([ran.status, told(ran)]).toEqual([
      10,
      expect.objectContaining({
        end: 'refused',
        state: 'watching',
        applied: 1,
        reach: expect.objectContaining({
          refused: 1,
          refusals: [expect.objectContaining({ clientId: 'client-2', kind: 'rejected' })],
        }),
      }),
    ])
    expect(ran.stderr).toContain('1 client has refused it or taken it back')
  })

  test.each(['stage', 'completed', 'watched'])(
    '--wait=%s after a promote leaves with 10 where one of twenty refuses it',
    async what => {
      const desk = await rolloutDesk({ effect: only('client-20'), config })
      await desk.nb(early)
      expect((await desk.nb(promote)).status).toBe(0)
      const ran = await desk.nb(['rollout', 'show', `--wait=${what}`, '--json'])
      expect([ran.status, told(ran)]).toEqual([
        10,
        expect.objectContaining({
          end: 'refused',
          state: what === 'watched' ? 'completed' : 'watching',
          applied: 19,
        }),
      ])
      expect(ran.stderr).toMatch(/^ {2}client-20: rejected$/m)
    },
  )

  test('leaves with 10 a minute after a refusal, though others are under way', async () => {
    const desk = await rolloutDesk({ clients: 3, effect: id => (id === 'client-1' ? 'rejected' : 'unread') })
    const fromMs = desk.clock.now()
    const ran = await desk.nb([...publish, '--everyone', WAIT])
    expect([ran.status, told(ran).reach]).toEqual([
      10,
      expect.objectContaining({ is: 'under-way', underWay: 2, refused: 1 }),
    ])
    expect(desk.clock.now() - fromMs).toBeLessThan(2 * MINUTE)
  })

  test.each([
    ['its timeout', ['--timeout', '90'], 3],
    ['an hour', [], 70],
  ])('keeps waiting for a client that is behind, and leaves with 8 after %s', async (_, timeout, minutes) => {
    const desk = await rolloutDesk({ clients: 2, effect: id => (id === 'client-1' ? 'works' : 'unread') })
    const fromMs = desk.clock.now()
    const ran = await desk.nb([...publish, '--everyone', WAIT, ...timeout])
    expect([ran.status, told(ran)]).toEqual([
      8,
      expect.objectContaining({
        end: 'running',
        applied: 1,
        reach: expect.objectContaining({ is: 'under-way', underWay: 1 }),
      }),
    ])
    expect(ran.stderr).toMatch(/^not there: client-2 \(\w+\)$/m)
    expect(desk.clock.now() - fromMs).toBeLessThan(minutes * MINUTE)
  })

  test('leaves with 8 an hour after the end of the watch, where a client is behind still', async () => {
    const desk = await rolloutDesk({ effect: id => (id === 'client-20' ? 'unread' : 'works'), config })
    await desk.nb(early)
    expect((await desk.nb(promote)).status).toBe(0)
    const ran = await desk.nb(['rollout', 'show', WAIT, '--json'])
    expect([ran.status, told(ran)]).toEqual([
      8,
      expect.objectContaining({ end: 'running', state: 'completed', applied: 19 }),
    ])
  })

  test('leaves with 4 where something else took the place of a release for everyone', async () => {
    const { nb, publisher } = await rolloutDesk({ clients: 2, effect: 'unread' })
    const ran = await nb([...publish, '--everyone', WAIT], {
      during: { says: 'everyone: 0 of 2', do: () => publisher.rollback({ reason: 'it loses orders' }) },
    })
    expect([ran.status, told(ran).end]).toEqual([4, 'superseded'])
  })
})

describe('where nobody is there', () => {
  test('a first release is waited for by a minute, and then leaves with 0 and says so', async () => {
    const { nb, clock } = await rolloutDesk({ clients: 0, hasFirst: false, heardForMs: 1_000 })
    const fromMs = clock.now()
    const ran = await nb([...publish, WAIT])
    expect([ran.status, told(ran)]).toEqual([
      0,
      expect.objectContaining({ end: 'nobody', exposed: 0, applied: 0 }),
    ])
    expect(ran.stderr).toContain('no client is there to run it')
    expect(clock.now() - fromMs).toBeLessThan(2 * MINUTE)
  })

  test.each([
    ['at once', 20 * MINUTE, 0, 1],
    ['when that is known', MINUTE, 13, 16],
  ])('a later one leaves with 0 and says so, %s', async (_, heardForMs, least, most) => {
    const { nb, clock } = await rolloutDesk({ clients: 0, heardForMs })
    const fromMs = clock.now()
    const ran = await nb([...publish, '--everyone', WAIT])
    expect([ran.status, told(ran).end]).toEqual([0, 'nobody'])
    const minutes = (clock.now() - fromMs) / MINUTE
    expect(minutes).toBeGreaterThanOrEqual(least)
    expect(minutes).toBeLessThan(most)
  })

  test('clients that are silent are somebody, and no success', async () => {
    const desk = await rolloutDesk({ clients: 2, effect: 'mute' })
    // Their last word is that they run it, and then nothing is heard for an hour.
    await desk.nb([...publish, '--everyone'])
    await desk.clock.advance(10 * MINUTE)
    const ran = await desk.nb([...publish, '--everyone', WAIT, '--timeout', '600'])
    expect([ran.status, told(ran)]).toEqual([8, expect.objectContaining({ exposed: 0, missing: 2 })])
    expect(ran.stderr).toContain('not there: client-1 (missing), client-2 (missing)\n')
  })
})
