import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Identity } from '../../../../src/contracts/index.js'
import {
  BUCKETS,
  cohortHash,
  isExposed,
  readAudience,
  type Clause,
  type Audience,
} from '../../../../src/core/release/audience.js'
import { digestsOf } from '../../../../src/core/release/release.js'
import { labelsMatch } from '../../../../src/core/release/labels.js'
import { target } from '../../../../src/core/release/target.js'
import { shapeOf } from '../../../../src/core/json/shape.js'
import { systemHasher as hasher } from '../../../../src/system/system.js'
import { clause, audience, labelMatch, labels, release } from '../../../support/arbitraries.js'

const identity: fc.Arbitrary<Identity> = fc.record({
  clientId: fc.string({ minLength: 1, maxLength: 12 }), instanceId: fc.constant('i'), ephemeral: fc.boolean(), labels,
}) // prettier-ignore
const client = (clientId: string, of: Record<string, string> = {}): Identity => ({
  clientId,
  instanceId: 'i',
  ephemeral: false,
  labels: of,
})

describe('audience', () => {
  const id = (salt: string, clientId: string) => cohortHash(salt, clientId, hasher).slice(0, 32)

  it('is an or of clauses, and each an and of its conditions', () => {
    fc.assert(
      fc.property(audience, identity, (value, who) => {
        const one = (only: Clause) => isExposed({ ...value, clauses: [only] }, who, hasher)
        expect(isExposed(value, who, hasher)).toBe(value.clauses.some(one))
        for (const each of value.clauses) {
          const parts = Object.entries(each).map(([name, condition]) => one({ [name]: condition }))
          expect(one(each)).toBe(parts.length > 0 && parts.every(Boolean))
        }
      }),
    )
  })

  it('only grows when clauses are widened or added', () => {
    const widened = (from: Clause, who: Identity, salt: string): fc.Arbitrary<Clause> =>
      fc
        .record({ id: fc.boolean(), value: fc.boolean(), drop: fc.boolean(), more: fc.nat(2 ** 31) })
        .map(({ id: addId, value, drop, more }) => {
          const wider = {
            ...(from.ids && {
              ids: addId ? [...from.ids, id(salt, who.clientId)] : [...from.ids, 'f'.repeat(32)],
            }),
            ...(from.labels && {
              labels: Object.fromEntries(
                Object.entries(from.labels)
                  // A label less is wider, but for the last one: no labels are nobody.
                  .filter(([, _values], index) => !(drop && index > 0))
                  .map(([name, values]) => [name, value ? [...values, 'eu'] : values]),
              ),
            }),
            ...(from.below !== undefined && { below: Math.min(BUCKETS, from.below + more) }),
          }
          return wider
        })
    let exposed = 0
    let grew = 0
    fc.assert(
      fc.property(
        fc
          .tuple(audience, identity)
          .chain(([value, who]) =>
            fc.tuple(
              fc.constant(value),
              fc.constant(who),
              fc.tuple(...value.clauses.map(each => widened(each, who, value.salt))),
              fc.array(clause, { maxLength: 2 }),
            ),
          ),
        ([value, who, wider, added]) => {
          const before = isExposed(value, who, hasher)
          const after = isExposed({ salt: value.salt, clauses: [...wider, ...added] }, who, hasher)
          if (before) exposed += 1
          if (after && !before) grew += 1
          expect(before && !after).toBe(false)
        },
      ),
      { numRuns: 2_000 },
    )
    expect(exposed).toBeGreaterThan(50)
    expect(grew).toBeGreaterThan(50)
  })

  it('is nobody for what is empty or unknown', () => {
    const read = (clauses: unknown[]): Audience => readAudience(shapeOf({ salt: 's', clauses } as never, 'x'))
    fc.assert(
      fc.property(
        identity,
        clause,
        fc.constantFrom('since', 'not', 'below2', 'constructor', 'unknown'),
        (who, known, name) => {
          for (const clauses of [
            [],
            [{}],
            [{ labels: {} }],
            [{ ids: [] }],
            [{ below: 0 }],
            [{ ...known, [name]: true }],
          ])
            expect(isExposed(read(clauses), who, hasher)).toBe(false)
        },
      ),
    )
  })

  it('draws buckets evenly, and independently for each salt', () => {
    const buckets = (salt: string) =>
      Array.from(
        { length: 20_000 },
        (_, index) => Number.parseInt(cohortHash(salt, `web-${index}`, hasher).slice(0, 8), 16) / BUCKETS,
      )
    const [one, two] = [buckets('r1'), buckets('r2')]
    for (const share of [0.01, 0.05, 0.25, 0.5]) {
      // Four standard deviations of a binomial count.
      const margin = 4 * Math.sqrt((share * (1 - share)) / one.length)
      expect(Math.abs(one.filter(bucket => bucket < share).length / one.length - share)).toBeLessThan(margin)
      const both = one.filter((bucket, index) => bucket < share && two[index]! < share).length / one.length
      expect(Math.abs(both - share * share)).toBeLessThan(4 * Math.sqrt((share * share) / one.length))
    }
  })

  it('takes a client from the bucket after its own on', () => {
    const bucket = Number.parseInt(id('s', 'web-1').slice(0, 8), 16)
    const at = (below: number) => isExposed({ salt: 's', clauses: [{ below }] }, client('web-1'), hasher)
    expect([at(bucket - 1), at(bucket), at(bucket + 1)]).toEqual([false, false, true])
  })

  it('takes the share that a threshold says', () => {
    const exposed = Array.from({ length: 20_000 }, (_, index) =>
      isExposed({ salt: 'x', clauses: [{ below: 0.05 * BUCKETS }] }, client(`c${index}`), hasher),
    ).filter(Boolean)
    expect(Math.abs(exposed.length - 1_000)).toBeLessThan(4 * Math.sqrt(950))
  })

  it('hashes salt and clientId as UTF-8 with NUL between them', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 10 }),
        fc.string({ unit: 'grapheme', maxLength: 10 }),
        (salt, clientId) => {
          expect(cohortHash(salt, clientId, hasher)).toBe(
            createHash('sha256').update(`${salt}\0${clientId}`, 'utf8').digest('hex'),
          )
        },
      ),
    )
  })
})

describe('label matches', () => {
  it('hold when each label is carried with one of its values, and never when empty', () => {
    fc.assert(
      fc.property(labelMatch, identity, (match, who) => {
        const names = Object.keys(match)
        const carried = names.filter(
          name => Object.hasOwn(who.labels, name) && match[name]!.includes(who.labels[name]!),
        )
        expect(labelsMatch(match, who)).toBe(names.length > 0 && carried.length === names.length)
      }),
    )
  })

  it('know no inherited labels', () => {
    expect(
      labelsMatch({ toString: [String(Object.prototype.toString)], constructor: ['x'] }, client('x')),
    ).toBe(false)
  })
})

describe('target', () => {
  it('is a digest that the release names, of the right arm, and never a refused one', () => {
    const arms = new Set<string>()
    fc.assert(
      fc.property(release, identity, fc.double({ min: 0, max: 1, noNaN: true }), (statement, who, share) => {
        const refusedDigests = digestsOf(statement).filter((_, index) => (index * 0.37) % 1 < share / 2)
        const refused = (digest: string) => refusedDigests.includes(digest)
        const found = target(statement, { identity: who, refused, hasher })
        arms.add(found.arm)
        expect(
          target(statement, {
            identity: { ...who, instanceId: 'other', ephemeral: !who.ephemeral, build: '2' },
            refused,
            hasher,
          }),
        ).toEqual(found)
        const exposed = statement.audience !== undefined && isExposed(statement.audience, who, hasher)
        if (found.arm === 'keep') return
        const arm = found.arm === 'candidate' ? statement.candidate! : statement.stable
        expect(refused(found.digest)).toBe(false)
        expect(found.version).toBe(arm.version)
        const variant = arm.variants.find(({ when }) => when === undefined || labelsMatch(when, who))!
        expect([variant.digest, variant.bytes]).toEqual([found.digest, found.bytes])
        if (found.arm === 'candidate') expect(exposed).toBe(true)
        else if (exposed)
          expect(statement.candidate!.variants.some(({ digest }) => refused(digest))).toBe(true)
      }),
      { numRuns: 1_000 },
    )
    expect([...arms].sort()).toEqual(['candidate', 'keep', 'stable'])
  })
})
