import { expect, test } from 'vitest'
import {
  compare,
  hybridModel,
  presets,
  pullModel,
  pushModel,
  recordedCosts,
  type Comparison,
  type Crossing,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { timesAsSlow } from '../../../src/compare/costs/scaled.js'
import { defaultModels } from '../../../src/compare/default-models.js'
import { essentials } from '../../../src/compare/formula/estimate.js'
import { kindOf } from '../../../src/compare/verdict/contenders.js'
import { isWhole, placeOf, readWorkload, type InputName } from '../../../src/compare/workload.js'
import { FLAGS, FLEET } from './fleets.js'

/** The question of somebody who gives five figures. */
const NEWCOMER: WorkloadInput = {
  clients: 3_000,
  documentBytes: 20_480,
  changesPerDay: 40,
  deadlines: { killSwitchMs: 5_000 },
  offlineShare: 0.02,
}

/** A kill switch has 60 s by default, which is more. */
const ROUTINE_ALONE: WorkloadInput = { ...NEWCOMER, deadlines: { routineMs: 10_000 } }

const FLEETS: readonly (readonly [name: string, input: WorkloadInput])[] = [
  ['a newcomer', NEWCOMER],
  ['a newcomer with a minute', { ...NEWCOMER, deadlines: { killSwitchMs: 60_000 } }],
  ['a newcomer with a map of flags', FLAGS],
  ['a fleet with both deadlines', FLEET],
  ['a fleet for which nothing fits', { ...NEWCOMER, clients: 60_000 }],
  [
    'a fleet whose kill switch has more time than a routine change',
    { clients: 100, documentBytes: 5_000, deadlines: { killSwitchMs: 3_600_000, routineMs: 60_000 } },
  ],
  ['a newcomer who gives the deadline of a routine change alone', ROUTINE_ALONE],
  ...presets.map(({ name, workload }) => [name, workload] as const),
]

/** The same question with another figure, as somebody would ask it anew. */
function asked(input: WorkloadInput, name: InputName, value: number): WorkloadInput {
  const [group, inner] = placeOf(name).split('.') as [keyof WorkloadInput, string | undefined]
  const given = isWhole(name) ? Math.round(value) : value
  // Encoded it is never larger than plain.
  if (name === 'encodedBytes')
    return { ...input, encodedBytes: given, documentBytes: Math.max(input.documentBytes ?? 0, given) }
  // The two sizes move together.
  if (name === 'documentBytes' && input.encodedBytes !== undefined) {
    const ratio = input.encodedBytes / (input.documentBytes ?? given)
    return { ...input, documentBytes: given, encodedBytes: Math.max(2, Math.round(given * ratio)) }
  }
  if (inner === undefined) return { ...input, [group]: given }
  return { ...input, [group]: { ...(input[group] as object), [inner]: given } }
}

const kindOfName = (name: string): string => /^\w+/.exec(name)?.[0] ?? ''
const bestOf = ({ recommendation: { model, ties } }: Comparison): readonly string[] =>
  model === undefined ? [] : [model, ...ties].map(kindOfName)

/** Where things are counted in so few, the next one is far. */
const FEW = 100

/** A comparison at a little more than a crossing, and at a little less. */
async function around(
  input: WorkloadInput,
  { input: name, crossesAt, side }: Crossing,
): Promise<{ readonly beyond: Comparison; readonly before: Comparison }> {
  const far = side === 'above' ? 1.02 : 1 / 1.02
  const at = async (factor: number): Promise<Comparison> => {
    const value = crossesAt * factor
    if (name === 'serverCosts') return compare(input, { costs: timesAsSlow(recordedCosts, value) })
    if (!isWhole(name) || crossesAt >= FEW) return compare(asked(input, name, value))
    return compare(asked(input, name, factor === far ? crossesAt : crossesAt + (side === 'above' ? -1 : 1)))
  }
  return { beyond: await at(far), before: await at(1 / far) }
}

test.for(FLEETS)(
  'what is said of %s to change the answer does so when it is asked anew with it',
  { timeout: 120_000 },
  async ([name, input]) => {
    const { recommendation, workload, costs } = await compare(input)
    const taken = defaultModels({ workload, costs }).find(({ name }) => name === recommendation.model)
    const kind = taken && kindOf(taken.shape)
    expect(recommendation.refitted).toBe(true)
    // That of functions hangs by one input.
    expect(recommendation.unless.length).toBeGreaterThan(name === 'functions' ? 0 : 1)
    for (const crossing of recommendation.unless) {
      const { beyond, before } = await around(input, crossing)
      const said = [crossing.input, crossing.side, crossing.crossesAt]
      const [now, then] = [bestOf(before), bestOf(beyond)]
      if (crossing.then === undefined) expect([said, then]).toEqual([said, []])
      else
        expect([said, then.toSorted()]).toEqual([
          said,
          [crossing.then, ...crossing.ties].map(kindOfName).sort(),
        ])
      if (kind === undefined) expect([said, now]).toEqual([said, []])
      else expect([said, now]).toEqual([said, expect.arrayContaining([kind])])
      if (!crossing.sameKind) {
        expect([said, then.includes(kind ?? 'none')]).toEqual([said, false])
        continue
      }
      const fits = ({ workload, costs }: Comparison): boolean | undefined =>
        taken && essentials(taken, { workload, costs }).fits
      expect([said, fits(before), fits(beyond)]).toEqual([said, true, false])
    }
  },
)

test.for(FLEETS)(
  'what is said of %s not to change the answer does not when it is asked anew with ten times as much and as little',
  { timeout: 120_000 },
  async ([, input]) => {
    const result = await compare(input)
    const [kind] = bestOf(result)
    const { doNotMatter = [] } = result.inputs ?? {}
    expect(doNotMatter.length).toBeGreaterThan(4)
    for (const name of doNotMatter) {
      for (const factor of [0.1, 10]) {
        const value = result.workload[name] * factor
        const another = asked(input, name, value)
        try {
          readWorkload(another)
        } catch {
          // Beyond what it may be.
          continue
        }
        const best = bestOf(await compare(another))
        if (kind === undefined) expect([name, factor, best]).toEqual([name, factor, []])
        else expect([name, factor, best]).toEqual([name, factor, expect.arrayContaining([kind])])
      }
    }
  },
)

test('each place of the map says the kind of model that a comparison of that fleet and deadline takes', async () => {
  const { map } = await compare(NEWCOMER, { map: true })
  const kinds = new Set<string>()
  for (const [line, row] of (map?.killSwitchMs ?? []).entries()) {
    if (line % 3 !== 1) continue
    for (const column of [4, 19, 33, 46]) {
      const clients = map?.clients[column] ?? 0
      const { recommendation } = await compare(asked({ ...NEWCOMER, clients }, 'killSwitchMs', row))
      const { model } = recommendation
      const said = map?.taken[line]?.[column]
      expect([clients, row, said]).toEqual([clients, row, model === undefined ? null : kindOfName(model)])
      kinds.add(String(said))
    }
  }
  expect([...kinds].sort()).toEqual(expect.arrayContaining(['null', 'pull', 'push']))
})

test('a routine deadline that was given stays when the other one is varied, and one that was not never has less time', async () => {
  const models = [
    hybridModel(),
    pullModel({ pollIntervalMs: 10_000 }),
    pullModel({ pollIntervalMs: 120_000 }),
  ]
  const takenWith = async (deadlines: NonNullable<WorkloadInput['deadlines']>) =>
    (await compare({ ...NEWCOMER, deadlines }, { models })).recommendation
  const crossingOf = async (deadlines: NonNullable<WorkloadInput['deadlines']>) =>
    (await takenWith(deadlines)).unless.filter(
      ({ input, side }) => input === 'killSwitchMs' && side === 'above',
    )
  const [crossing] = await crossingOf({ killSwitchMs: 5_000 })
  expect(crossing?.then).toBe('pull 2 min')
  expect(await crossingOf({ killSwitchMs: 5_000, routineMs: 60_000 })).toEqual([])
  const beyond = 1.02 * (crossing?.crossesAt ?? 0)
  expect((await takenWith({ killSwitchMs: beyond })).model).toBe('pull 2 min')
  expect((await takenWith({ killSwitchMs: beyond, routineMs: 60_000 })).model).toBe('hybrid')
})

test('of models that were named the crossings are told as among these', async () => {
  const models = [pushModel(), pullModel({ pollIntervalMs: 4_000 })]
  const { recommendation } = await compare(NEWCOMER, { models })
  expect(recommendation.refitted).toBe(false)
  expect(recommendation.unless.filter(({ sameKind }) => sameKind)).toEqual([])
})
