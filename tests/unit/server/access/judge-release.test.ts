import { describe, expect, test } from 'vitest'
import type { Scope } from '../../../../src/contracts/access.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { BUCKETS } from '../../../../src/core/release/audience.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { decodeRelease, identifyRelease, type Release } from '../../../../src/core/release/release.js'
import { cohortHash } from '../../../../src/core/release/audience.js'
import type { RolloutState } from '../../../../src/core/release/rollout.js'
import { encodeText } from '../../../../src/core/json/text.js'
import type { RolloutFloor } from '../../../../src/rollouts/index.js'
import { judgeRelease } from '../../../../src/server/access/judge-release.js'
import { systemHasher } from '../../../../src/system/system.js'
import { reportOf } from '../../../support/report-of.js'
import { EPOCH, makeRelease, NAMESPACE } from '../../../support/server-fixtures.js'

const arm = (pool: number, version: number): Release['stable'] => ({
  version,
  variants: makeRelease({ pool }).release.stable.variants,
})
const WITHDRAWN = makeRelease({ pool: 66 }).digest
const SALT = 'salt'
const idOf = (clientId: string): string => cohortHash(SALT, clientId, systemHasher).slice(0, 32)
const CLIENTS = Array.from({ length: 10 }, (_, index) => `web-${index}`)

const PLAN = {
  type: 'staged', version: 1, stages: [{ by: 'count', count: 1 }, { by: 'share', share: 0.5 }, { by: 'all' }],
  bakeMs: 60_000, reportMs: 15_000, spreadMs: 0, quorum: 0.9, watchMs: 60_000, late: 'roll-back', gates: [],
} // prettier-ignore

const plan = (changes: object): RolloutState['plan'] => ({ ...PLAN, ...changes }) as never

/** The log: what ran first, and what runs. */
const FIRST = makeRelease({ pool: 1 }, { sequence: 1, stable: arm(1, 1) })
const HEAD = identify({ sequence: 2, stable: arm(2, 2), withdrawn: [WITHDRAWN] })

function identify(release: Partial<Release>) {
  return identifyRelease(systemHasher, makeRelease({}, release).bytes)
}

const rolloutAfter = (head: typeof HEAD, changes: Partial<RolloutState> = {}): RolloutState => ({
  id: 'r1',
  state: 'running',
  stage: 0,
  plan: plan({}),
  stageStart: {
    position: { epoch: EPOCH, sequence: head.position.sequence + 1 },
    at: '2026-01-01T00:00:00.000Z',
    live: 10,
    exposed: 1,
    control: 9,
  },
  from: head.position,
  decideBy: '2026-01-02T00:00:00.000Z',
  controller: 'publisher',
  ...changes,
})

/** What an honest publisher appends. */
const BEGUN: Partial<Release> = {
  sequence: 3,
  prev: HEAD.digest,
  stable: arm(2, 2),
  candidate: arm(3, 3),
  audience: { salt: SALT, clauses: [{ ids: [idOf('web-0')] }] },
  rollout: rolloutAfter(HEAD),
  evidence: { bakeMs: 60_000, reportMs: 15_000, spreadMs: 0 },
  withdrawn: [WITHDRAWN],
}

interface Judged {
  readonly scopes: readonly Scope[]
  readonly head?: typeof HEAD | undefined
  readonly release: Partial<Release>
  readonly floors?: readonly RolloutFloor[]
  readonly urgent?: boolean
  /** Members beside those that are known, by the path of their object. */
  readonly foreign?: (release: Record<string, never>) => void
  readonly clients?: readonly string[]
  readonly log?: readonly Partial<Release>[]
}

async function judged(query: Judged): Promise<string> {
  const { scopes, release, floors = [], urgent = false, foreign, clients = CLIENTS, log = [] } = query
  const head = 'head' in query ? query.head : HEAD
  let bytes: Uint8Array = makeRelease({}, release).bytes
  if (foreign !== undefined) {
    const file = JSON.parse(new TextDecoder().decode(bytes)) as { release: Record<string, never> }
    foreign(file.release)
    bytes = encodeText(canonicalize(file))
  }
  const asOf = '2026-01-01T00:01:00.000Z'
  const reports: readonly ClientReport[] = clients.map(clientId =>
    reportOf({ namespace: NAMESPACE, instanceId: `i-${clientId}`, clientId, receivedAt: asOf }),
  )
  const judgement = await judgeRelease(
    { name: 'ci', scopes, namespaces: ['**'] },
    { release: decodeRelease(bytes).release, bytes: bytes.length, urgent },
    {
      head,
      heard: async () => ({ since: asOf, asOf, reports }),
      async *history() {
        for (const earlier of log) yield { bytes: makeRelease({}, earlier).bytes }
        if (head !== undefined) yield { bytes: head.bytes }
        yield { bytes: FIRST.bytes }
      },
      floors,
      hasher: systemHasher,
    },
  )
  return judgement.type === 'refused' ? judgement.why : judgement.type
}

const staged = (changes: Partial<Release>, more: Partial<Judged> = {}): Promise<string> =>
  judged({ scopes: ['publish-staged'], release: { ...BEGUN, ...changes }, ...more })
const rollout = (changes: Partial<RolloutState>): Partial<Release> => ({
  rollout: rolloutAfter(HEAD, changes),
})

describe('a token that publishes in stages alone', () => {
  test.each<[string, Partial<Release>]>([
    ['a rollout with one client first', {}],
    ['a rollout in the place of the one that runs', { rollout: rolloutAfter(HEAD, { id: 'r2' }) }],
    [
      'a timed rollout whose first step is a quarter',
      {
        audience: { salt: SALT, clauses: [{ below: BUCKETS / 4 }] },
        rollout: rolloutAfter(HEAD, {
          plan: {
            type: 'timed',
            version: 1,
            stages: [{ by: 'share', share: 0.25 }, { by: 'all' }],
            everyMs: 1,
          },
        }),
      },
    ],
  ])('begins %s', async (_, changes) => {
    expect(await staged(changes)).toBe('allowed')
  })

  test.each<[string, Partial<Release>, RegExp]>([
    ['a release for everyone', { stable: arm(3, 3), candidate: undefined, audience: undefined, rollout: undefined } as never, /makes stable what was not/],
    ['a stable document that is another beside a candidate', { stable: arm(4, 3) }, /makes stable what was not/],
    ['a stable document that is another under the old version', { stable: arm(4, 2) }, /makes stable what was not/],
    ['another version of the same stable document', { stable: arm(2, 3) }, /makes stable what was not/],
    ['a candidate without a rollout', { rollout: undefined } as never, /begins no rollout/],
    ['a rollout that is paused, which nothing ends', rollout({ state: 'paused' }), /no rollout that begins/],
    ['a rollout that is watched already', rollout({ state: 'watching' }), /no rollout that begins/],
    ['a rollout at its last stage', rollout({ stage: 2 }), /no rollout that begins/],
    ['a rollout that would go back to another release', rollout({ from: { epoch: EPOCH, sequence: 1 } }), /after the newest/],
    ['the same release once more', { candidate: undefined, audience: undefined, rollout: undefined } as never, /begins no rollout/],
    ['an audience of everybody', { audience: { salt: SALT, clauses: [{ below: BUCKETS }] } }, /everyone at once/],
    ['an audience of half', { audience: { salt: SALT, clauses: [{ below: BUCKETS / 2 }] } }, /exposes \d+ of the 10/],
    ['more clients by name than the stage has', { audience: { salt: SALT, clauses: [{ ids: ['web-0', 'web-1', 'web-2'].map(idOf) }] } }, /first stage does not/],
    ['clients by label', { audience: { salt: SALT, clauses: [{ labels: { tier: ['gold'] } }] } }, /first stage does not/],
    ['a first stage of everybody', { ...rollout({ plan: plan({ stages: [{ by: 'all' }] }) }), audience: { salt: SALT, clauses: [{ below: BUCKETS }] } }, /everyone at once/],
    ['a plan that nobody here reads', rollout({ plan: plan({ type: 'own' }) }), /cannot judge/],
    ['a plan that is none', rollout({ plan: plan({ stages: [] }) }), /cannot judge/],
    ['the cause of a kill, which no health probe takes back', { cause: 'kill' }, /its cause is kill/],
    ['a document that was withdrawn', { candidate: { version: 3, variants: [{ digest: WITHDRAWN, bytes: 11 }] }, withdrawn: [] }, /leaves out what was withdrawn/],
    ['a document that was withdrawn, still listed', { candidate: { version: 3, variants: [{ digest: WITHDRAWN, bytes: 11 }] } }, /brings back/],
    ['fewer withdrawals than before', { withdrawn: [] }, /leaves out what was withdrawn/],
    ['a withdrawal', { withdrawn: [WITHDRAWN, FIRST.digest] }, /withdraws/],
    ['a readmission', { readmit: [{ digest: makeRelease({ pool: 3 }).digest, reason: 'mine' }] }, /readmits/],
    ['a member that must be known, so that no client moves', { crit: ['nobody-knows'] }, /crit/],
    ['a time until which everybody waits', { activateAt: '2999-01-01T00:00:00.000Z' }, /wait until a time/],
    ['a report of every client each millisecond', { evidence: { bakeMs: 0, reportMs: 1, spreadMs: 0 } }, /more often/],
    ['another release before it', { prev: FIRST.digest }, /does not name the newest/],
    ['a new epoch', { epoch: '2-00000000', sequence: 1, prev: null }, /begins an epoch/],
  ])('does not append %s', async (_, changes, why) => {
    const release = Object.fromEntries(
      Object.entries({ ...BEGUN, ...changes }).filter(([, value]) => value !== undefined),
    )
    expect(await judged({ scopes: ['publish-staged'], release })).toMatch(why)
  }) // prettier-ignore

  describe('where a controller is to ask the gates first, and nobody is exposed before', () => {
    const awaiting = (stages: readonly object[], start: object = {}): Promise<string> => {
      const { stageStart } = rolloutAfter(HEAD)
      return staged({
        audience: { salt: SALT, clauses: [] },
        ...rollout({
          plan: plan({ stages, gates: [{ name: 'latency', onBad: 'pause' }] }),
          stageStart: { ...stageStart, exposed: 0, control: 10, awaitsGates: true, ...start },
        }),
      })
    }

    test.each<[string, object]>([
      ['one client first', { by: 'count', count: 1 }],
      ['half of them first', { by: 'share', share: 0.5 }],
      ['two by name first', { by: 'ids', ids: ['web-0', 'web-1'].map(idOf) }],
      ['those of a label first', { by: 'labels', labels: { tier: ['gold'] } }],
    ])('begins a rollout to %s', async (_, first) => {
      expect(await awaiting([first, { by: 'all' }])).toBe('allowed')
    })

    test.each<[string, object]>([
      ['all', { by: 'all' }],
      ['as many as there are', { by: 'count', count: 10 }],
      ['more than there are', { by: 'count', count: 1_000_000 }],
      ['a share that is all of them', { by: 'share', share: 1 }],
      ['a share with at least all of them', { by: 'share', share: 0.1, atLeast: 10 }],
      ['all by name', { by: 'ids', ids: CLIENTS.map(idOf) }],
    ])('does not append a rollout to %s at first, nor after a rehearsal', async (_, first) => {
      expect(await awaiting([first, { by: 'all' }])).toMatch(/everyone at once/)
      const id = idOf('web-0')
      const rehearsed = staged({
        audience: { salt: SALT, clauses: [{ ids: [id] }] },
        ...rollout({
          plan: plan({ stages: [first, { by: 'all' }], rehearse: true }),
          stageStart: { ...rolloutAfter(HEAD).stageStart, rehearsal: { phase: 'forward', id } },
        }),
      })
      expect(await rehearsed).toMatch(/everyone at once/)
    })

    test('does not append one that says that too few are live for stages', async () => {
      expect(await awaiting([{ by: 'count', count: 1 }, { by: 'all' }], { live: 2 })).toMatch(
        /says that 2 clients are live, and 10 are heard/,
      )
    })
  })

  test('does not append what this server cannot read, at any level', async () => {
    const put = (at: (release: never) => Record<string, unknown>) => (release: never) => {
      at(release)['later'] = true
    }
    const places: readonly ((release: never) => Record<string, unknown>)[] = [
      release => release,
      ({ candidate }) => candidate,
      ({ stable }) => stable,
      ({ candidate }) => (candidate as { variants: never[] }).variants[0]!,
      ({ audience }) => (audience as { clauses: never[] }).clauses[0]!,
      ({ rollout: { stageStart } }: { rollout: { stageStart: never } }) => stageStart,
    ]
    for (const place of places)
      expect(await staged({}, { foreign: put(place) as never })).toMatch(/does not know|first stage does not/)
  })

  test('does not append the first release of a namespace, which goes to everyone', async () => {
    const release = { ...BEGUN, sequence: 1, prev: null } as Partial<Release>
    expect(await judged({ scopes: ['publish-staged'], head: undefined, release })).toMatch(/first release/)
  })

  test('exposes of those that are heard one more than a fifth of ten, and no two', async () => {
    const buckets = CLIENTS.map(id => Number.parseInt(cohortHash(SALT, id, systemHasher).slice(0, 8), 16))
    const exposing = (clients: number): Promise<string> =>
      staged({
        audience: { salt: SALT, clauses: [{ below: buckets.toSorted((a, b) => a - b)[clients] ?? BUCKETS }] },
        ...rollout({ plan: plan({ stages: [{ by: 'share', share: 0.2 }, { by: 'all' }] }) }),
      })
    expect(await exposing(3)).toBe('allowed')
    expect(await exposing(4)).toMatch(/exposes 4 of the 10 clients that are heard, and its first stage 2/)
  })

  test('keeps to the floor of the namespace', async () => {
    const floors = [{ minBakeMs: 600_000 }, { firstStage: 1 }]
    expect(await staged({}, { floors })).toMatch(/a bake of 60000 ms; 600000 are wanted/)
    expect(await staged(rollout({ plan: plan({ bakeMs: 600_000 }) }), { floors })).toBe('allowed')
    const many = rollout({
      plan: plan({ bakeMs: 600_000, stages: [{ by: 'count', count: 5 }, { by: 'all' }] }),
    })
    expect(await staged(many, { floors })).toMatch(/first stage exposes 5 clients; 1 are allowed/)
  })

  test('does not use the reserve of the disk', async () => {
    expect(await staged({}, { urgent: true })).toMatch(/urgent/)
  })

  test('loses a race like anybody else: what comes too late is a conflict and no refusal', async () => {
    const later = { ...BEGUN, sequence: 9, rollout: rolloutAfter(HEAD) }
    expect(await judged({ scopes: ['publish-staged'], release: later })).toBe('taken')
    // Its position holds something: whether that is the same, the store says.
    expect(await judged({ scopes: ['publish-staged'], release: { ...BEGUN, sequence: 2 } })).toBe('allowed')
  })

  test('neither takes back nor goes on', async () => {
    const head = identify(BEGUN)
    const back: Partial<Release> = {
      sequence: 4,
      prev: head.digest,
      cause: 'abort',
      stable: arm(2, 2),
      withdrawn: [WITHDRAWN],
    }
    expect(await judged({ scopes: ['publish-staged'], head, release: back })).toMatch(/its cause is abort/)
    expect(await judged({ scopes: ['revert'], head, release: back })).toBe('allowed')
  })
})

/** While {@link BEGUN} is the newest. */
const RUNNING = identify(BEGUN)
const next = (changes: Partial<Release>): Partial<Release> => ({
  sequence: 4,
  prev: RUNNING.digest,
  stable: arm(2, 2),
  withdrawn: [WITHDRAWN],
  ...changes,
})
const going = (changes: Partial<RolloutState> = {}): RolloutState => rolloutAfter(HEAD, changes)
const onTrial = { candidate: arm(3, 3), audience: BEGUN.audience! }
const CANDIDATE = makeRelease({ pool: 3 }).digest

describe('a token that takes back alone', () => {
  const revert = (release: Partial<Release>, more: Partial<Judged> = {}): Promise<string> =>
    judged({ scopes: ['revert'], head: RUNNING, release: next(release), urgent: true, ...more })
  const ended = going({ state: 'rolled-back' })

  test.each<[string, Partial<Release>]>([
    ['aborts', { cause: 'abort', rollout: ended, withdrawn: [WITHDRAWN, CANDIDATE] }],
    ['rolls back to an earlier version', { cause: 'rollback', stable: arm(1, 1), rollout: ended, withdrawn: [WITHDRAWN, makeRelease({ pool: 2 }).digest, CANDIDATE] }],
    ['retreats', { cause: 'retreat', rollout: going({ state: 'retreated' }) }],
    ['pauses', { cause: 'pause', ...onTrial, rollout: going({ state: 'paused' }) }],
  ])('%s', async (_, release) => {
    expect(await revert(release)).toBe('allowed')
  }) // prettier-ignore

  test('drops the oldest withdrawal for its own where 128 leave no room, and never before', async () => {
    const abortAfter = (withdrawals: number): Promise<string> => {
      const others = Array.from({ length: withdrawals }, (_, index) => index.toString(16).padStart(64, '0'))
      const head = identify({ ...BEGUN, withdrawn: others })
      const withdrawn = [...others.slice(1), CANDIDATE]
      return judged({
        scopes: ['revert'],
        head,
        release: { ...next({ cause: 'abort', rollout: ended, withdrawn }), prev: head.digest },
      })
    }
    expect(await abortAfter(128)).toBe('allowed')
    expect(await abortAfter(127)).toMatch(/leaves out what was withdrawn/)
  })

  test('aborts a rollout that had retreated, and withdraws what it tried', async () => {
    const retreat = next({ cause: 'retreat', rollout: going({ state: 'retreated' }) })
    const head = identify(retreat)
    const release = { ...next({ cause: 'abort', rollout: ended, withdrawn: [WITHDRAWN, CANDIDATE] }), sequence: 5, prev: head.digest }
    expect(await judged({ scopes: ['revert'], head, release, log: [retreat, BEGUN] })).toBe('allowed')
    expect(await judged({ scopes: ['revert'], head, release, log: [retreat] })).toMatch(/no release of the log names/)
  }) // prettier-ignore

  test.each<[string, Partial<Release>, RegExp]>([
    ['publish', { cause: 'publish', stable: arm(9, 4) }, /takes nothing back/],
    ['roll back to what never ran', { cause: 'rollback', stable: arm(9, 4), rollout: ended }, /no release of the log had/],
    ['roll back to what was only tried', { cause: 'rollback', stable: arm(3, 3), rollout: ended }, /no release of the log had/],
    ['roll back to what was withdrawn', { cause: 'rollback', stable: arm(66, 1), rollout: ended, withdrawn: [] }, /withdrawn/],
    ['expose more clients while it pauses', { cause: 'pause', candidate: arm(3, 3), audience: { salt: SALT, clauses: [{ below: BUCKETS }] }, rollout: going({ state: 'paused' }) }, /exposes clients/],
    ['resume', { cause: 'resume', ...onTrial, rollout: going() }, /takes nothing back/],
    ['have the rollout go on by itself', { cause: 'retreat', rollout: going({ state: 'watching' }) }, /no end of the rollout/],
    ['write another plan into what it pauses', { cause: 'pause', ...onTrial, rollout: going({ state: 'paused', plan: plan({ stages: [{ by: 'all' }] }) }) }, /no end of the rollout/],
    ['kill', { cause: 'kill', stable: arm(9, 4) }, /takes nothing back/],
    ['withdraw what it has not seen', { cause: 'abort', rollout: ended, withdrawn: [WITHDRAWN, makeRelease({ pool: 77 }).digest] }, /no release of the log names/],
    ['have clients wait', { cause: 'abort', rollout: ended, activateAt: '2999-01-01T00:00:00.000Z' }, /wait until/],
    ['have clients report', { cause: 'abort', rollout: ended, evidence: { bakeMs: 0, reportMs: 1, spreadMs: 0 } }, /other reports/],
    ['open an epoch', { cause: 'rollback', epoch: '2-00000000', sequence: 1 }, /begins an epoch/],
  ])('does not %s', async (_, release, why) => {
    expect(await revert(release)).toMatch(why)
  }) // prettier-ignore
})

describe('a token that moves rollouts on', () => {
  const control = (release: Partial<Release>, more: Partial<Judged> = {}): Promise<string> =>
    judged({ scopes: ['control'], head: RUNNING, release: next(release), ...more })
  const wide = { salt: SALT, clauses: [{ ids: [idOf('web-0')] }, { below: BUCKETS / 2 }] }

  test.each<[string, Partial<Release>]>([
    ['begins the next stage', { cause: 'advance', candidate: arm(3, 3), audience: wide, rollout: going({ stage: 1 }) }],
    ['makes the candidate stable', { cause: 'promote', stable: arm(3, 3), rollout: going({ stage: 2, state: 'watching' }) }],
    ['takes it back', { cause: 'rollback', rollout: going({ state: 'rolled-back' }), withdrawn: [WITHDRAWN, CANDIDATE] }],
  ])('%s', async (_, release) => {
    expect(await control(release)).toBe('allowed')
    expect(await control(release, { scopes: ['publish-staged'] })).not.toBe('allowed')
  }) // prettier-ignore

  test.each<[string, Partial<Release>, RegExp]>([
    ['begin a rollout', { cause: 'publish', candidate: arm(4, 4), audience: BEGUN.audience!, rollout: rolloutAfter(RUNNING, { id: 'r2' }) }, /no step/],
    ['try another document', { cause: 'advance', candidate: arm(4, 4), audience: wide, rollout: going({ stage: 1 }) }, /tries what/],
    ['make another document stable', { cause: 'promote', stable: arm(4, 4), rollout: going({ state: 'watching' }) }, /makes stable what/],
    ['plan anew', { cause: 'advance', candidate: arm(3, 3), audience: wide, rollout: going({ plan: plan({ bakeMs: 1 }) }) }, /no step/],
    ['take clients out of the audience', { cause: 'advance', candidate: arm(3, 3), audience: { salt: SALT, clauses: [] }, rollout: going() }, /out of the audience/],
    ['draw the audience anew', { cause: 'advance', candidate: arm(3, 3), audience: { ...wide, salt: 'other' }, rollout: going() }, /out of the audience/],
    ['kill', { cause: 'kill', stable: arm(3, 3), rollout: going({ state: 'watching' }) }, /no step of a rollout has/],
  ])('does not %s', async (_, release, why) => {
    expect(await control(release)).toMatch(why)
  }) // prettier-ignore

  test('does not go on where a person stopped it', async () => {
    const head = identify(next({ cause: 'pause', ...onTrial, rollout: going({ state: 'paused' }) }))
    const release = {
      ...next({ cause: 'resume', ...onTrial, rollout: going() }),
      sequence: 5,
      prev: head.digest,
    }
    expect(await judged({ scopes: ['control'], head, release })).toMatch(/no rollout goes on/)
  })

  test('rehearses the way back with one client', async () => {
    const rehearsal = (phase: 'forward' | 'back' | 'again', sequence: number): RolloutState => {
      const { stageStart, ...rest } = going()
      return { ...rest, stageStart: { ...stageStart, position: { epoch: EPOCH, sequence }, rehearsal: { phase, id: idOf('web-5') } } }
    }
    const one = { candidate: arm(3, 3), audience: { salt: SALT, clauses: [{ ids: [idOf('web-5')] }] } }
    const begun = { ...BEGUN, ...one, rollout: rehearsal('forward', 3) }
    expect(await judged({ scopes: ['publish-staged'], release: begun })).toBe('allowed')
    const head = identify(begun)
    const back = { ...next({ cause: 'retreat', candidate: arm(3, 3), audience: { salt: SALT, clauses: [] }, rollout: rehearsal('back', 4) }), prev: head.digest }
    expect(await judged({ scopes: ['control'], head, release: back })).toBe('allowed')
    const middle = identify(back)
    const again = { ...next({ cause: 'advance', ...one, rollout: rehearsal('again', 5) }), sequence: 5, prev: middle.digest }
    expect(await judged({ scopes: ['control'], head: middle, release: again })).toBe('allowed')
  }) // prettier-ignore
})

test('what a release keeps that is of a later version may stay, and nothing is added to it', async () => {
  const withLater = makeRelease({}, { sequence: 2, stable: arm(2, 2), withdrawn: [WITHDRAWN] }).bytes
  const file = JSON.parse(new TextDecoder().decode(withLater)) as { release: Record<string, unknown> }
  file.release['later'] = 1
  const head = identifyRelease(systemHasher, encodeText(canonicalize(file)))
  const judge = (value: number): Promise<string> =>
    judged({
      scopes: ['publish-staged'],
      head,
      release: { ...BEGUN, prev: head.digest, rollout: rolloutAfter(head) },
      foreign: release => void ((release as Record<string, unknown>)['later'] = value),
    })
  expect([await judge(1), await judge(2)]).toEqual(['allowed', expect.stringMatching(/does not know/)])
})

test('an audience may have a tenth more clients than its stage asks for, and no more', async () => {
  const clients = Array.from({ length: 1_000 }, (_, index) => `web-${index}`)
  const buckets = clients
    .map(clientId => Number.parseInt(cohortHash(SALT, clientId, systemHasher).slice(0, 8), 16))
    .toSorted((a, b) => a - b)
  const exposing = (count: number): Promise<string> =>
    staged(
      {
        audience: { salt: SALT, clauses: [{ below: buckets[count] ?? 0 }] },
        ...rollout({ plan: plan({ stages: [{ by: 'count', count: 100 }, { by: 'all' }] }) }),
      },
      { clients },
    )
  expect(await exposing(110)).toBe('allowed')
  expect(await exposing(111)).toContain(
    'exposes 111 of the 1000 clients that are heard, and its first stage 100',
  )
})
