import fc from 'fast-check'
import type { Json } from '../../src/contracts/index.js'
import type { Arm, Release } from '../../src/core/release/release.js'
import type { RolloutState } from '../../src/core/release/rollout.js'
import type { Clause, Audience } from '../../src/core/release/audience.js'

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })

export const digest: fc.Arbitrary<string> = hex(64)
export const epoch: fc.Arbitrary<string> = fc
  .tuple(fc.integer({ min: 1, max: 999_999_999 }), hex(8))
  .map(([n, suffix]) => `${n}-${suffix}`)
export const sequence: fc.Arbitrary<number> = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
export const namespace: fc.Arbitrary<string> = fc.constantFrom('checkout/prod', 'a', 'a/b/c/d', 'x.y-z_0/1')
export const instant: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 4_102_444_800_000 })
  .map(at => new Date(at).toISOString())

const label = fc.constantFrom('region', 'tier', 'zone', 'toString')
const labelValue = fc.constantFrom('eu', 'us', 'canary', 'x')
export const labels: fc.Arbitrary<Record<string, string>> = fc.dictionary(label, labelValue)
export const labelMatch: fc.Arbitrary<Record<string, string[]>> = fc.dictionary(
  label,
  fc.uniqueArray(labelValue),
)

export const clause: fc.Arbitrary<Clause> = fc.record(
  {
    ids: fc.array(hex(32), { maxLength: 3 }),
    labels: labelMatch,
    below: fc.integer({ min: 0, max: 2 ** 32 }),
  },
  { requiredKeys: [] },
)
export const audience: fc.Arbitrary<Audience> = fc.record({
  salt: fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme-ascii' }),
  clauses: fc.array(clause, { maxLength: 4 }),
})

export const arm: fc.Arbitrary<Arm> = fc
  .record({
    version: sequence,
    some: fc.array(fc.record({ when: labelMatch, digest, bytes: sequence }), { maxLength: 3 }),
    last: fc.record({ digest, bytes: sequence }),
  })
  .map(({ version, some, last }) => ({ version, variants: [...some, last] as unknown as Arm['variants'] }))

const position = fc.record({ epoch, sequence })
const rollout: fc.Arbitrary<RolloutState> = fc
  .tuple(
    fc.record({
      id: fc.constant('r1'),
      state: fc.constantFrom('running', 'paused', 'retreated', 'watching', 'completed', 'rolled-back'),
      stage: fc.nat(1000),
      plan: fc.constant<Json>({ stages: [1] }),
      from: position,
      decideBy: instant,
      activateAt: instant,
      controller: fc.constant('c'),
    }),
    fc.record({ position, at: instant, live: fc.nat(), exposed: fc.nat(), control: fc.nat() }),
    fc.record(
      {
        before: fc.record({ control: fc.nat(), failed: fc.nat() }),
        added: fc.nat(),
        anew: fc.nat(),
        rehearsal: fc.record({
          phase: fc.constantFrom('forward', 'back', 'again'),
          id: fc.constant('0123456789abcdef0123456789abcdef'),
        }),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      { why: fc.constant('nobody looked'), skipped: fc.array(fc.nat(1000), { maxLength: 3 }) },
      { requiredKeys: [] },
    ),
  )
  .map(([base, start, more, why]) => ({ ...base, stageStart: { ...start, ...more }, ...why }))

const optional = fc.record(
  {
    spreadMs: fc.integer({ min: 0, max: 3_600_000 }), activateAt: instant, withdrawn: fc.array(digest, { maxLength: 3 }), readmit: fc.array(fc.record({ digest, reason: fc.constant('r') }), { maxLength: 2 }),
    rollout, evidence: fc.record({ bakeMs: fc.nat(604_800_000), reportMs: fc.integer({ min: 1, max: 86_400_000 }), spreadMs: fc.nat(3_600_000), measures: fc.constantFrom(['latencyMs'], ['a b', 'c'], []) }, { requiredKeys: ['bakeMs', 'reportMs', 'spreadMs'] }),
    audit: digest, crit: fc.array(fc.constantFrom('candidate', 'later')),
  },
  { requiredKeys: [] },
) // prettier-ignore

/** Any release that readers accept. */
export const release: fc.Arbitrary<Release> = fc
  .tuple(
    fc.record({
      namespace,
      epoch,
      sequence,
      issuedAt: instant,
      cause: fc.constantFrom('publish', 'rollback'),
      stable: arm,
      prev: fc.option(digest),
    }),
    fc.option(fc.record({ candidate: arm, audience })),
    optional,
  )
  .map(([base, staged, more]) => ({ v: 1 as const, ...base, ...staged, ...more }))

/** Values that come where a format expects others. */
export const wrong: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  1e300,
  '',
  'x',
  '../x',
  'a\nb',
  '2026-11-21',
  [],
  [null],
  ['a'],
  {},
  { a: 1 },
  { constructor: 1 },
  [[]],
  [{}],
)

/** A JSON value with one member, anywhere, replaced, removed or added. */
export function damaged(value: Json): fc.Arbitrary<Json> {
  const places: (readonly (string | number)[])[] = []
  const visit = (part: Json, at: readonly (string | number)[]): void => {
    places.push(at)
    if (Array.isArray(part)) part.forEach((item: Json, index) => visit(item, [...at, index]))
    else if (typeof part === 'object' && part !== null)
      for (const [key, member] of Object.entries(part)) visit(member as Json, [...at, key])
  }
  visit(value, [])
  return fc
    .tuple(fc.constantFrom(...places), fc.constantFrom('replace', 'remove', 'add'), wrong)
    .map(([at, how, other]) => {
      if (at.length === 0) return other
      const copy = structuredClone(value) as any
      const holder = at.slice(0, -1).reduce((part, step) => part[step], copy)
      const step = at.at(-1)!
      if (how === 'replace') holder[step] = other
      else if (how === 'remove' && Array.isArray(holder)) holder.splice(Number(step), 1)
      else if (how === 'remove') delete holder[step]
      else if (Array.isArray(holder)) holder.push(other)
      else holder['later'] = other
      return copy as Json
    })
}
