import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import { encodeRelease, type Release } from '../../../src/core/release/release.js'
import { idOf } from '../../../src/rollouts/cohort.js'
import { evidenceOf, explanationLines } from '../../../src/rollouts/explanation.js'
import type { GateAnswers } from '../../../src/rollouts/gate.js'
import type { Decision, FirstStep, NextStage } from '../../../src/rollouts/policy.js'
import { staged } from '../../../src/rollouts/staged.js'
import type { StagedOptions } from '../../../src/rollouts/staged-options.js'
import {
  CANDIDATE,
  hasher,
  heard,
  minute,
  minuteMs,
  names,
  releaseOf,
  STABLE,
  START,
  startAt,
  withNames,
  word,
} from './fleet.js'

type Word = Partial<ClientReport> & { readonly firstAt?: number }
const SALT = 's'
/** When each phase of these tests begins, in minutes. */
const BEGAN = 20
const ON_CANDIDATE: Word = { phase: 'applied', digest: CANDIDATE, sinceMs: 300_000 }

const policyOf = (options: StagedOptions = {}) =>
  staged({ stages: [1, 'all'], bakeMs: 300_000, reportMs: 60_000, rehearse: true, ...options })

/**
 * A fleet of which one client says something else than that it runs what is stable, and is well.
 */
function reportsOf(
  at: number,
  {
    live = 10,
    says = {},
    more = [],
  }: {
    readonly live?: number
    readonly says?: Readonly<Record<string, Word>>
    readonly more?: readonly ClientReport[]
  } = {},
): readonly ClientReport[] {
  return [...names(live).map(name => word(name, at, says[name] ?? {})), ...more]
}

function begin(options: StagedOptions = {}, reports = reportsOf(BEGAN)): FirstStep {
  return policyOf(options).start({ ...startAt(BEGAN, heard(reports, BEGAN)), salt: SALT })
}

/** A rehearsal, as the release that carries it. */
interface Rehearsed {
  readonly release: Release
  readonly client: string
}

function begun(options: StagedOptions = {}, reports?: readonly ClientReport[]): Rehearsed {
  const first = begin(options, reports)
  if (first.type !== 'stage') throw new Error(first.says.join())
  return rehearsed(releaseAfter(first.next, first.plan))
}

function releaseAfter({ start, audience, ...next }: NextStage, plan: Json): Release {
  const release = releaseOf(audience, { ...next, stageStart: { position: START, ...start } })
  return { ...release, rollout: { ...release.rollout!, plan } }
}

function rehearsed(release: Release): Rehearsed {
  const id = release.rollout?.stageStart.rehearsal?.id
  const client = names(10).find(name => idOf(name, { salt: SALT, hasher }) === id)
  if (client === undefined) throw new Error('no client rehearses')
  return { release, client }
}

function decide(
  { release, client }: Rehearsed,
  at: number,
  {
    says,
    more,
    live,
    others = {},
    gates = {},
  }: {
    readonly says?: Word
    readonly more?: readonly ClientReport[]
    readonly live?: number
    readonly others?: Readonly<Record<string, Word>>
    readonly gates?: GateAnswers
  } = {},
): Decision {
  const reports = reportsOf(at, {
    says: { ...others, ...(says !== undefined && { [client]: says }) },
    ...(more !== undefined && { more }),
    ...(live !== undefined && { live }),
  })
  return withNames(policyOf().decide({ release, hasher }, { heard: heard(reports, at), gates }, minuteMs(at)))
}

function following({ release }: Rehearsed, decision: Decision): Release {
  if (decision.type !== 'advance' && decision.type !== 'widen')
    throw new Error(`${decision.type}: ${decision.explanation.why.join('; ')}`)
  return releaseAfter(decision.next, release.rollout!.plan)
}

/** The rehearsal on its way back, which began at minute 26. */
function onTheWayBack(): Rehearsed {
  const forward = begun()
  return rehearsed(following(forward, decide(forward, 26, { says: ON_CANDIDATE })))
}

const phaseOf = ({ rollout }: Release): string | undefined => rollout?.stageStart.rehearsal?.phase
/** A new life of the client, whose predecessor is told of by its word. */
const nextLife = (client: string, at: number, says: Word): ClientReport =>
  word(client, at, { instanceId: `${client}-2`, firstAt: 28, phase: 'applied', sinceMs: 60_000, ...says })
const late = ({ release }: Rehearsed): number =>
  (Date.parse(release.rollout!.decideBy) - minuteMs(0)) / 60_000 + 1

describe('a rehearsal of the way back', () => {
  test('goes forward, back and forward with one client, and then the first stage begins with it', () => {
    const forward = begun()
    expect(forward.release).toMatchObject({ audience: { clauses: [{ ids: [expect.any(String)] }] } })
    expect(forward.release.rollout?.stageStart).toMatchObject({ live: 10, exposed: 1, control: 9 })
    const back = rehearsed(following(forward, decide(forward, 26, { says: ON_CANDIDATE })))
    expect(phaseOf(back.release)).toBe('back')
    // Nobody is exposed, and the candidate stays.
    expect(back.release).toMatchObject({ audience: { clauses: [] }, candidate: {} })
    expect(back.client).toBe(forward.client)
    const again = rehearsed(following(back, decide(back, 32)))
    expect(phaseOf(again.release)).toBe('again')
    expect(again.release.audience).toEqual(forward.release.audience)
    const first = following(again, decide(again, 38, { says: ON_CANDIDATE }))
    expect(first.rollout?.stageStart).not.toHaveProperty('rehearsal')
    expect(first.rollout).toMatchObject({ state: 'running', stage: 0, stageStart: { exposed: 1 } })
    expect(first.audience).toEqual(forward.release.audience)
    for (const { release } of [forward, back, again])
      expect(encodeRelease(release).length).toBeLessThan(2_000)
  })

  test('takes a whole bake for each phase, and waits until the fleet has seen it', () => {
    const forward = begun()
    expect(decide(forward, 24, { says: { ...ON_CANDIDATE, sinceMs: 200_000 } }).type).toBe('hold')
    const back = onTheWayBack()
    const says: Word = { phase: 'applied', sinceMs: 299_999 }
    expect(decide(back, 31, { says })).toMatchObject({
      type: 'hold',
      explanation: { unknowns: [{ kind: 'baking' }], where: expect.stringContaining(back.client) },
    })
    const behind = { seen: { ...START, sequence: 6 } }
    const others = { 'client-1': behind, 'client-2': behind, 'client-3': behind }
    expect(decide(back, 32, { others })).toMatchObject({
      type: 'hold',
      explanation: { unknowns: [{ kind: 'not-seen' }] },
    })
    const again = rehearsed(following(back, decide(back, 32)))
    // What it said of its way back does not count for the way forward.
    expect(decide(again, 33).type).toBe('hold')
  })

  test('says where it is: in what is shown, and in what is kept', () => {
    const lines = explanationLines(decide(onTheWayBack(), 30, { says: ON_CANDIDATE }).explanation)
    expect(lines[0]).toMatch(/^stage 0 of 2, the way back is rehearsed with client-\d: back: unknown$/)
    expect(lines).toContain('it has not gone back yet (not-applied)')
    expect(lines).toContain('whether one client can go back to what ran before')
  })
})

describe('a client that cannot go back ends the rollout', () => {
  const ended = (back: Rehearsed, decision: Decision): void => {
    expect(decision).toMatchObject({
      type: 'roll-back',
      explanation: { verdict: 'bad', code: 'way-back-failed' },
    })
    const { exceptions } = decision.explanation
    expect(exceptions.map(({ clientId }) => clientId)).toContain(back.client)
    expect(evidenceOf(decision.explanation, 'roll-back')).toMatchObject({ code: 'way-back-failed' })
  }

  test.each(['rejected', 'reverted', 'quarantined'] as const)('where it says that it is %s', phase => {
    const back = onTheWayBack()
    ended(
      back,
      decide(back, 27, { says: { phase, refused: STABLE, digest: CANDIDATE, code: 'invalid-document' } }),
    )
  })

  test('where it died of what ran before, and then outlived that', () => {
    const back = onTheWayBack()
    const previous = { instanceId: `${back.client}-1`, digest: STABLE, end: 'abrupt', ranMs: 2_000 } as const
    const says = { firstAt: 0, receivedAt: minute(27) }
    ended(back, decide(back, 30, { says, more: [nextLife(back.client, 30, { previous, upMs: 90_000 })] }))
    // Until it has outlived that, both may be ill.
    const open = nextLife(back.client, 30, { previous, sinceMs: 1_000 })
    expect(decide(back, 30, { says, more: [open] })).toMatchObject({
      type: 'hold',
      explanation: { unknowns: [{ kind: 'crash-open' }] },
    })
  })

  test('where it died before it was back', () => {
    const back = onTheWayBack()
    const previous = {
      instanceId: `${back.client}-1`,
      digest: CANDIDATE,
      end: 'abrupt',
      ranMs: 900_000,
    } as const
    const decision = decide(back, 30, {
      says: { receivedAt: minute(27), ...ON_CANDIDATE },
      more: [nextLife(back.client, 30, { previous })],
    })
    expect(decision).toMatchObject({ type: 'roll-back', explanation: { code: 'way-back-failed' } })
  })

  test.each<[string, Word]>([
    ['still runs the candidate', ON_CANDIDATE],
    ['is silent', { ...ON_CANDIDATE, receivedAt: minute(27) }],
    ['is not well', { health: { before: 'healthy', now: 'unhealthy' } }],
  ])('where it %s when the time of the stage is over, and not before', (_, says) => {
    const back = onTheWayBack()
    expect(decide(back, 40, { says }).type).toBe('hold')
    ended(back, decide(back, late(back), { says }))
  })

  test('but not where nobody else is heard either: then somebody has to look', () => {
    const back = onTheWayBack()
    const quiet: Word = { receivedAt: minute(27) }
    const others = Object.fromEntries(names(10).map(name => [name, quiet]))
    expect(decide(back, late(back), { others })).toMatchObject({
      type: 'pause',
      explanation: { verdict: 'unknown' },
    })
  })

  test('and of a fleet of one as well, whose silence nobody can be compared with', () => {
    const forward = begun({}, reportsOf(BEGAN, { live: 1 }))
    const back = rehearsed(following(forward, decide(forward, 26, { live: 1, says: ON_CANDIDATE })))
    ended(back, decide(back, late(back), { live: 1, says: { ...ON_CANDIDATE, receivedAt: minute(27) } }))
  })
})

describe('a death from before the way back', () => {
  test('says nothing about it', () => {
    const previous = { instanceId: 'one-before', digest: STABLE, end: 'abrupt', ranMs: 2_000 } as const
    const had = Object.fromEntries(names(10).map(name => [name, { previous }]))
    const forward = begun({}, reportsOf(BEGAN, { says: had }))
    const back = rehearsed(
      following(forward, decide(forward, 26, { others: had, says: { ...ON_CANDIDATE, previous } })),
    )
    expect(phaseOf(following(back, decide(back, 32, { others: had })))).toBe('again')
  })
})

describe('a rehearsal whose client goes away', () => {
  test('in order begins anew with another one', () => {
    for (const place of [begun(), onTheWayBack()]) {
      const decision = decide(place, 27, { says: { phase: 'stopped' } })
      expect(decision).toMatchObject({ type: 'widen', next: { start: { anew: 1 } } })
      const anew = rehearsed(following(place, decision))
      expect(phaseOf(anew.release)).toBe('forward')
      expect(anew.client).not.toBe(place.client)
    }
  })

  test('and comes back under its name begins anew, since the process that went forward is gone', () => {
    const back = onTheWayBack()
    const decision = decide(back, 40, {
      says: { ...ON_CANDIDATE, phase: 'stopped', receivedAt: minute(27) },
      more: [nextLife(back.client, 40, { sinceMs: 600_000 })],
    })
    expect(phaseOf(following(back, decision))).toBe('forward')
  })

  test.each<[string, Word]>([
    ['is paused by its operator', { phase: 'paused' }],
    ['shares its name', {}],
  ])('or %s leaves it to another one', (what, says) => {
    const back = onTheWayBack()
    const twin = word(back.client, 29, { instanceId: 'a-twin', firstAt: 5 })
    const decision = decide(back, 29, { says, ...(what === 'shares its name' && { more: [twin] }) })
    expect(rehearsed(following(back, decision)).client).not.toBe(back.client)
  })

  test('a fourth time pauses, and so does a fleet where nobody else is able', () => {
    const back = onTheWayBack()
    const { rollout } = back.release
    const release = {
      ...back.release,
      rollout: { ...rollout!, stageStart: { ...rollout!.stageStart, anew: 3 } },
    }
    expect(decide({ ...back, release }, 27, { says: { phase: 'stopped' } }).type).toBe('pause')
    const others = Object.fromEntries(names(10).map(name => [name, { protection: 'none' } as Word]))
    expect(decide(back, 27, { says: { phase: 'stopped' }, others })).toMatchObject({
      type: 'pause',
      explanation: { wouldChange: [expect.stringContaining('state folder')] },
    })
  })

  test('and is forgotten by the store is waited for, and never passed over', () => {
    const back = onTheWayBack()
    const reports = reportsOf(32).filter(({ clientId }) => clientId !== back.client)
    const at = (minutes: number): Decision =>
      policyOf().decide(
        { release: back.release, hasher },
        { heard: heard(reports, minutes), gates: {} },
        minuteMs(minutes),
      )
    expect(at(32).type).toBe('hold')
    expect(at(late(back)).type).toBe('pause')
  })
})

describe('on the way forward', () => {
  test('a refusal takes the candidate back, without the code of a way back', () => {
    const forward = begun()
    const decision = decide(forward, 21, { says: { phase: 'rejected', refused: CANDIDATE } })
    expect(decision.type).toBe('roll-back')
    expect(decision.explanation).not.toHaveProperty('code')
  })

  test('one death is no proof: another client rehearses beside it, and a second death is bad', () => {
    const forward = begun()
    const previous = {
      instanceId: `${forward.client}-1`,
      digest: CANDIDATE,
      end: 'abrupt',
      ranMs: 2_000,
    } as const
    const died = nextLife(forward.client, 30, { previous })
    const decision = decide(forward, 30, { says: { ...ON_CANDIDATE, receivedAt: minute(22) }, more: [died] })
    expect(decision).toMatchObject({ type: 'widen', next: { start: { added: 1, exposed: 2 } } })
    const second = rehearsed(following(forward, decision))
    expect(second.client).not.toBe(forward.client)
    const ill = { ...previous, instanceId: `${second.client}-1` }
    const others = { [forward.client]: { ...ON_CANDIDATE, receivedAt: minute(22) } }
    const says: Word = { ...ON_CANDIDATE, receivedAt: minute(32) }
    const both = [died, nextLife(second.client, 36, { firstAt: 33, previous: ill })]
    expect(decide(second, 36, { says, others, more: both }).type).toBe('roll-back')
    // Where the second one is well it goes back, and alone forward again.
    const back = rehearsed(
      following(second, decide(second, 36, { says: ON_CANDIDATE, others, more: [died] })),
    )
    expect([back.client, phaseOf(back.release)]).toEqual([second.client, 'back'])
  })

  test('a gate that is red takes it back or holds it, in every phase', () => {
    for (const place of [begun(), onTheWayBack()])
      for (const [onBad, type] of [
        ['roll-back', 'roll-back'],
        ['pause', 'pause'],
      ] as const) {
        const plan = {
          ...(place.release.rollout!.plan as object),
          gates: [{ name: 'latency', onBad }],
        } as Json
        const release = { ...place.release, rollout: { ...place.release.rollout!, plan } }
        const gates = { latency: { stage: 0, verdict: 'bad' as const } }
        expect(decide({ ...place, release }, 32, { gates }).type).toBe(type)
      }
  })
})

describe('a rehearsal that somebody paused', () => {
  test.each(['forward', 'back'] as const)('stays %s, whatever the evidence, unless that is bad', phase => {
    const place = phase === 'back' ? onTheWayBack() : begun()
    const { rollout } = place.release
    const release: Release = { ...place.release, rollout: { ...rollout!, state: 'paused' } }
    const says = phase === 'back' ? undefined : ON_CANDIDATE
    const paused = { ...place, release }
    expect(decide(paused, late(paused), { ...(says !== undefined && { says }) }).type).toBe('hold')
    const refused = phase === 'back' ? STABLE : CANDIDATE
    expect(decide(paused, 32, { says: { phase: 'rejected', refused } }).type).toBe('roll-back')
  })
})

test('a phase of a later version is neither gone on from nor passed over', () => {
  const { release, client } = begun()
  const rollout = {
    ...release.rollout!,
    stageStart: {
      ...release.rollout!.stageStart,
      rehearsal: { phase: 'other' as const, id: 'a'.repeat(32) },
    },
  }
  expect(decide({ release: { ...release, rollout }, client }, 90, { says: ON_CANDIDATE }).type).toBe('hold')
})

describe('the client that rehearses', () => {
  const unable: readonly [string, Word][] = [
    ['has no disk', { protection: 'none' }],
    ['is ephemeral', { ephemeral: true }],
    ['reports on demand', { nextReportWithinMs: undefined }],
    ['runs something else than what is stable', { digest: 'c'.repeat(64) }],
    ['is not well', { health: { before: 'healthy', now: 'unhealthy' } }],
    ['refused what is stable once', { verdicts: [{ digest: STABLE, verdict: 'rejected' }] }],
    ['has only just come', { firstAt: BEGAN }],
  ]
  test.each(unable)('is none that %s; where all are like that the publish is refused', (_, says) => {
    const first = begun().client
    expect(begun({}, reportsOf(BEGAN, { says: { [first]: says } })).client).not.toBe(first)
    const all = Object.fromEntries(names(10).map(name => [name, says]))
    expect(begin({}, reportsOf(BEGAN, { says: all }))).toMatchObject({
      type: 'refused',
      why: says.firstAt === undefined ? 'no-rehearsal' : 'fleet-unknown',
    })
  })

  test('is one of those that the first stage names', () => {
    const stages = [{ clients: ['client-7'] }, 'all'] as const
    expect(begun({ stages }).client).toBe('client-7')
    const ring = { labels: { ring: 'a' } }
    const reports = reportsOf(BEGAN, { says: { 'client-4': ring } })
    expect(begun({ stages: [ring, 'all'] }, reports).client).toBe('client-4')
  })

  test('is the same one when the rollout is started again', () => {
    expect(begun().client).toBe(begun().client)
  })
})

describe('small fleets', () => {
  test('of nobody has nobody to rehearse, and goes to everyone', () => {
    expect(begin({}, [])).toMatchObject({ type: 'everyone' })
  })

  test.each([1, 2])('of %i rehearses all the same, and then goes on in stages', live => {
    const forward = begun({}, reportsOf(BEGAN, { live }))
    expect(forward.release.rollout?.stageStart).toMatchObject({ live, exposed: 1, control: live - 1 })
    const back = rehearsed(following(forward, decide(forward, 26, { live, says: ON_CANDIDATE })))
    const again = rehearsed(following(back, decide(back, 32, { live })))
    const first = following(again, decide(again, 38, { live, says: ON_CANDIDATE }))
    expect(first.rollout).toMatchObject({ state: 'running', stage: 0 })
  })

  test.each([1, 2])('of %i that cannot is refused, and never goes to everyone instead', live => {
    const says = Object.fromEntries(names(live).map(name => [name, { protection: 'none' } as Word]))
    expect(begin({}, reportsOf(BEGAN, { live, says }))).toMatchObject({
      type: 'refused',
      why: 'no-rehearsal',
    })
  })
})

test('a plan that rehearses says so, and says it before it begins', () => {
  const first = begin()
  expect(first.says).toEqual([
    'first one client of 10 rehearses the way back: forward, back and forward, 300 s each',
    'then the stages: 1 client, all of 10 live clients',
  ])
  expect(first).toMatchObject({ plan: { rehearse: true } })
  expect(begin({ rehearse: false })).not.toHaveProperty('plan.rehearse')
  expect(() => staged({ rehearse: 'yes' as never })).toThrow('rehearse must be true or false')
})
