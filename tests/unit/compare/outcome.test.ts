import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { readModel } from '../../../src/cli/read-model.js'
import {
  assumptionsOf,
  compare,
  comparisonPage,
  headlineOf,
  hybridModel,
  methodOf,
  outcomeOf,
  adaptivePullModel,
  presets,
  pullModel,
  pushModel,
  tableOf,
  type ComparedRow,
  type Comparison,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { timesAsSlow } from '../../../src/compare/costs/scaled.js'
import { COLUMNS } from '../../../src/compare/columns.js'
import { sayCrossing } from '../../../src/compare/verdict/because.js'
import { lookedAt, withInput } from '../../../src/compare/verdict/crossings.js'
import { figure, percent, sayApart, sayBytes, sayMs, sayRatio } from '../../../src/compare/words.js'
import { INPUTS, readWorkload } from '../../../src/compare/workload.js'
import { FLAGS, FLEET as USUAL_FLEET } from './fleets.js'

/** Of a document that is ten times as large. */
const FLEET: WorkloadInput = { ...USUAL_FLEET, documentBytes: 204_800 }

const reasonsOf = ({ recommendation }: Comparison): string => recommendation.because.join('\n')

test('of one client, and of one change, is spoken as of one', async () => {
  const one = await compare({ clients: 1, documentBytes: 100, changesPerDay: 1 })
  expect(headlineOf(one)).toMatch(/^1 client, 100 bytes, 1 change a day, /)
  const two = await compare({ clients: 2, documentBytes: 100, offlineShare: 0.5 })
  expect(reasonsOf(two)).toContain('1 client is away, and gets it when it is back')
})

test('what a comparison assumes stands in one line, on the page as well', async () => {
  const network = {
    rttMs: 35,
    halfOpenPerClientDay: 0.5,
    idleTimeoutMs: 50_000,
    serverMbps: 250,
    clientMbps: 30,
  }
  const result = await compare({ ...FLEET, network, restartsPerDay: 3, servers: 2 })
  const line = assumptionsOf(result)
  expect(line).not.toContain('\n')
  for (const part of [
    '35 ms',
    '2 %',
    '3 a day',
    '0.5 a day',
    '50 s',
    '2 of 250 Mbit/s',
    'receives 30 Mbit/s',
    '60 s',
  ])
    expect(line).toContain(part)
  expect(comparisonPage(result)).toContain(line)
})

test('how the models are weighed stands in the line of the method, also where only one fits', async () => {
  const result = await compare(FLEET, { models: [pushModel()], weights: { cpu: 0.25, bytes: 0.75 } })
  expect(methodOf(result)).toMatch(/; weights: processor time 0\.25, bytes 0\.75$/)
  expect(comparisonPage(result)).toContain(methodOf(result))
})

test('where adaptive pull is taken, the reasons say that it does not sweep', async () => {
  const input = presets.find(({ name }) => name === 'iot')?.workload ?? FLEET
  expect(reasonsOf(await compare(input, { models: [adaptivePullModel()] }))).toMatch(/does not sweep/)
  expect(reasonsOf(await compare(input, { models: [pullModel()] }))).not.toMatch(/does not sweep/)
})

test('what costs less than twice as much is told in percent', () => {
  expect([0.97, 1.001, 1.05, 1.99, 2, 3.21].map(sayRatio)).toEqual([
    '3 % less',
    'as much',
    '5 % more',
    '99 % more',
    '2 times as much',
    '3.2 times as much',
  ])
})

test('a model that costs little more than what is taken is told in percent', async () => {
  const weights = { cpu: 1, bytes: 0 }
  const models = [pullModel({ pollIntervalMs: 4_000 }), pullModel({ pollIntervalMs: 2_000 })]
  expect(reasonsOf(await compare(USUAL_FLEET, { models, weights }))).toMatch(
    /pull 2 s, the next that fits, costs \d\d % more \(/,
  )
})

test('a dead stream is marked in the table where it has a change too late', async () => {
  const cellsOf = async (killSwitchMs: number) => {
    const result = await compare(
      { ...USUAL_FLEET, deadlines: { killSwitchMs } },
      { models: [pushModel(), pullModel()] },
    )
    return tableOf(result).lines.map(({ cells }) => cells[2])
  }
  expect(await cellsOf(5_000)).toEqual(['13 s  late', '-'])
  expect(await cellsOf(60_000)).toEqual(['13 s', '-'])
})

test('servers that do not keep up have no times, on the page neither', async () => {
  const busy = { ...USUAL_FLEET, changesPerDay: 86_400 }
  const result = await compare(busy, { models: [pushModel(), pullModel()] })
  const [push, pull] = result.rows
  expect([push?.keepsUp, pull?.keepsUp]).toEqual([false, true])
  expect(push?.cpu.share).toBeGreaterThan(1)
  const [line] = tableOf(result).lines
  expect(line?.cells.slice(0, 5)).toEqual(['push', '-  too busy', '-', '-', '-'])
  expect(push?.misses.map(({ what, text }) => [what, text])).toEqual([
    ['processor', expect.stringMatching(/its queue grows all day, so there are no times$/)],
  ])
  const said = outcomeOf(result).find(({ title }) => title === 'After an outage of all servers for a minute')
  expect(said?.points.join()).not.toContain('push')
  const [propagation = ''] = comparisonPage(result).match(/<figure>.*?<\/figure>/s) ?? []
  expect(propagation).toContain('pull 30 s')
  expect(propagation).not.toContain('push')
})

test('one client and one model are told as one', async () => {
  const { recommendation } = await compare({ ...FLEET, clients: 1 }, { models: [pushModel()] })
  expect(recommendation.because[0]).toMatch(/^push brings a change to the one client that is there within/)
  expect(recommendation.because).not.toContain('no other model fits')
  const two = await compare(FLEET, { models: [pushModel(), pullModel()] })
  expect(two.recommendation.because).toContain('no other model fits')
})

test('dead streams are told whenever they have a change too late, however few they are', async () => {
  const fleet = { ...FLEET, clients: 500, deadlines: { killSwitchMs: 1_000 } }
  const rare = { ...fleet, network: { halfOpenPerClientDay: 0.01 } }
  const said = (input: WorkloadInput) => compare(input, { models: [pushModel()] }).then(reasonsOf)
  expect(await said(rare)).toMatch(
    /less than 0\.01 of them .* 13 s after the publish at most, beyond the deadline of 1 s/,
  )
  expect(await said({ ...rare, deadlines: { killSwitchMs: 60_000 } })).not.toMatch(/died unnoticed/)
  expect(await said({ ...fleet, network: { halfOpenPerClientDay: 0 } })).not.toMatch(/died unnoticed/)
})

test('an input that is 0 is looked at up to the most that it may be, and what is found is told and survives JSON', async () => {
  const input = { ...FLEET, documentBytes: 20_480, network: { halfOpenPerClientDay: 0 } }
  const result = await compare(input, { models: [pushModel(), pullModel({ pollIntervalMs: 4_000 })] })
  const crossing = result.recommendation.unless.find(({ input }) => input === 'halfOpenPerClientDay')
  expect([crossing?.side, crossing?.then]).toEqual(['above', 'pull 4 s'])
  // More than one client in a hundred on streams that are dead for 16 s.
  expect(crossing?.crossesAt).toBeGreaterThan(40)
  expect(crossing?.crossesAt).toBeLessThan(70)
  expect(crossing).not.toHaveProperty('factor')
  expect(JSON.parse(JSON.stringify(crossing))).toEqual(crossing)
  const parts = outcomeOf(result)
  const pointsOf = (title: string) => parts.find(part => part.title === title)?.points.join('\n')
  expect(pointsOf('Among these models the answer changes with')).toMatch(
    /network\.halfOpenPerClientDay above \d+ a day -> pull 4 s/,
  )
  expect(pointsOf('What does not change it, among these models')).not.toContain('halfOpenPerClientDay')
})

test('what does not change the answer is said as far as it was looked for', async () => {
  const { rows, ...result } = await compare(
    { clients: 300, documentBytes: 20_480, deadlines: { killSwitchMs: 600_000, routineMs: 600_000 } },
    { models: [pullModel({ pollIntervalMs: 1_000 })] },
  )
  const { points = [] } =
    outcomeOf({ rows, ...result }).find(
      ({ title }) => title === 'What does not change it, among these models',
    ) ?? {}
  const [wide = '', narrow = ''] = points
  expect(wide).toMatch(/^each of these may be 100 times as much or as little.*: .*network\.idleTimeoutMs/)
  expect(narrow).toContain('offlineShare from 0 % to 99 %')
  expect(narrow).toContain('servers from 1 to 100')
  expect(narrow).toMatch(/documentBytes from 205 bytes to 1 MB/)
  for (const place of ['offlineShare', 'servers', 'documentBytes,']) expect(wide).not.toContain(`, ${place}`)
})

test('JSON and text go by one factor', async () => {
  for (const { workload } of presets) {
    const { recommendation, inputs } = await compare(workload)
    const found = new Set(recommendation.unless.map(({ input }) => input))
    for (const { factor = 1 } of recommendation.unless) expect(factor).toBeLessThanOrEqual(100.001)
    expect(new Set(inputs?.matter)).toEqual(new Set([...found].filter(input => input !== 'serverCosts')))
    expect([...(inputs?.matter ?? []), ...(inputs?.doNotMatter ?? [])].sort()).toEqual([...INPUTS].sort())
  }
})

test('each model has its own blast radius, and a static folder, to which nobody reports, stages by the clock', async () => {
  const slow = { ...FLEET, deadlines: { killSwitchMs: 60_000 } }
  const folder = pullModel({ pollIntervalMs: 10_000, answers: 'static' })
  const badOf = (result: Comparison) =>
    outcomeOf(result)
      .find(({ title }) => title === 'A bad document')
      ?.points.join('\n') ?? ''
  const alone = await compare(slow, { models: [folder] })
  expect(alone.blastRadius).toMatchObject({ staged: { by: 'clock', reached: 1_500 } })
  expect(badOf(alone)).toMatch(
    /nobody reports, so nothing is noticed by itself .* timed\(\) the stages go by the clock, .* reaches 1,500 of 3,000 clients until somebody/,
  )
  expect(comparisonPage(alone)).toContain('in stages by the clock')
  const both = await compare(slow, { models: [folder, pushModel(), pullModel({ pollIntervalMs: 10_000 })] })
  expect(both.rows.map(({ blastRadius }) => [blastRadius.staged.by, blastRadius.staged.reached])).toEqual([
    ['clock', 1_500],
    ['reports', 1],
    ['reports', 1],
  ])
  const [, push, pull] = both.rows.map(({ blastRadius }) => blastRadius.staged.goneMs)
  expect(pull).toBeGreaterThan(push ?? Number.NaN)
  expect(badOf(both)).toMatch(
    /with the others that fit it is gone: .*static folder after 17 min, and reaches 1,500, since its stages go by the clock/,
  )
})

test('when a bad document is gone is said with who has to see it, and beside one that ends the process', async () => {
  const models = [pushModel(), pullModel({ pollIntervalMs: 4_000 })]
  const result = await compare(FLEET, { models })
  const said = outcomeOf(result).find(({ title }) => title === 'A bad document')?.points ?? []
  const { reached = 0, goneMs = 0 } = result.blastRadius.crash ?? {}
  expect(goneMs).toBeGreaterThan(180_000)
  expect(said[0]).toMatch(
    /^one that does harm 90 s after it arrives, which a gate or a guardrail sees, reaches 1 of 3,000 clients in the default stages, and is gone after \d+ s$/,
  )
  expect(said).toContain(
    `one that ends the process 90 s after it arrives, and again before it is quarantined, reaches up to ${reached} of 3,000 clients in the default stages, and is gone after ${sayMs(goneMs)}`,
  )
  expect(comparisonPage(result)).toContain(
    'which a gate or a guardrail sees, reaches 1 of 3,000 clients in the default stages',
  )
  const folder = await compare(FLEET, { models: [pullModel({ answers: 'static' })] })
  expect(folder.blastRadius).not.toHaveProperty('crash')
})

test('every column is explained, on the page and in docs/choosing.md with the same words', async () => {
  const choosing = readFileSync(`${root}/docs/choosing.md`, 'utf8').replaceAll('`', '')
  const result = await compare(FLEET)
  const page = comparisonPage(result)
  expect(tableOf(result).headings.slice(1)).toEqual(COLUMNS.map(({ heading }) => heading))
  for (const { heading, text } of COLUMNS) {
    expect(choosing).toContain(`| ${heading} | ${text} |`)
    expect(page).toContain(`<dt>${heading}</dt><dd>${text}</dd>`)
  }
})

test('what follows when servers are gone is said of all of them, as it is counted', async () => {
  const models = [pushModel()]
  const peaks = await Promise.all([1, 3].map(servers => compare({ ...FLEET, servers }, { models })))
  const [one, three] = peaks.map(({ rows }) => rows[0]?.peak.afterRestart.requestsPerSecond ?? 0)
  expect(three).toBe(one)
  for (const result of peaks) {
    expect(outcomeOf(result).map(({ title }) => title)).toContain(
      'After an outage of all servers for a minute',
    )
    const page = comparisonPage(result)
    expect(page).toContain('in the busiest second after all servers were gone for two seconds')
    expect(page).toContain('Requests in each second after all servers were away for a minute')
    expect(page).not.toMatch(/after a server was|the server is back/)
  }
})

test('the time of stages is told apart from the deadlines', async () => {
  const { points = [] } =
    outcomeOf(await compare(FLEET)).find(({ title }) => title === 'A bad document') ?? {}
  expect(points.join('\n')).toMatch(/through all stages.* the deadlines do not count/)
})

test('a document that is too large for a stream is said to be fetched', async () => {
  expect(assumptionsOf(await compare({ ...FLEET, documentBytes: 614_400 }))).toMatch(
    /too large for a stream \(256 KiB\), so push fetches it/,
  )
  expect(assumptionsOf(await compare(FLEET))).not.toMatch(/too large/)
})

test('what a content delivery network sends is told apart from what the servers send', async () => {
  const models = [hybridModel(), hybridModel({ cdn: true })]
  const result = await compare(FLEET, { models })
  const [own, cdn] = result.rows
  expect(own?.bytes.fromCache).toBe(0)
  const snapshots = 2_940 * 40 * 204_800
  expect((cdn?.bytes.fromCache ?? 0) / snapshots).toBeCloseTo(1, 1)
  expect(cdn?.bytes.fromCache).toBeLessThan(cdn?.bytes.perDay ?? 0)
  const cells = tableOf(result).lines.map(line => line.cells[7])
  expect(cells).toEqual([
    expect.not.stringContaining('CDN'),
    expect.stringMatching(/^36 GB, of it CDN 24 GB$/),
  ])
  expect(assumptionsOf(result)).toMatch(
    /a CDN fetches a document once for each of its 10 places, and sends it as fast as clients receive/,
  )
})

test('whether the line of a client, which few know, moves the answer is said', async () => {
  const models = [hybridModel(), pullModel({ pollIntervalMs: 4_000 })]
  const saidOf = async (input: WorkloadInput) => JSON.stringify(outcomeOf(await compare(input, { models })))
  // A document of 1 MB within 5 s takes at least 1.6 megabits a second.
  const near = await saidOf({ ...FLEET, clients: 100, documentBytes: 1_000_000 })
  expect(near).toMatch(/network\.clientMbps below [\d.]+ Mbit\/s -> none of these \(you did not give it\)/)
  expect(near).not.toMatch(/times as much or as little, [^"]*network\.clientMbps/)
  const far = await saidOf({ ...FLEET, documentBytes: 1_024 })
  expect(far).toMatch(/times as much or as little, [^"]*network\.clientMbps/)
})

test('who says what changes is told what deltas would save', async () => {
  const changed = { ...FLEET, changedBytes: 300 }
  const saved = reasonsOf(await compare(changed, { models: [pushModel()] }))
  expect(saved).toMatch(
    /with deltas push sends a delta of about 300 bytes for a change in place of 205 KB, as it does by itself where both ends have Zstandard with dictionaries: .* in place of .* in place of/,
  )
  const encoded = { ...changed, encodedBytes: 20_480 }
  for (const [model, sent] of [
    [pushModel({ compressed: true }), '20 KB'],
    [hybridModel(), '20 KB'],
    [pullModel({ pollIntervalMs: 4_000, answers: 'static' }), '205 KB'],
  ] as const)
    expect(reasonsOf(await compare(encoded, { models: [model] }))).toContain(
      `with deltas ${model.name} sends a delta of about 300 bytes for a change in place of ${sent}, as`,
    )
  const nothing = await compare({ ...changed, changedBytes: 150_000 }, { models: [pushModel()] })
  expect(reasonsOf(nothing)).toMatch(/deltas would save nothing/)
  for (const [input, model] of [
    [FLEET, pushModel()],
    [changed, pushModel({ deltas: true })],
  ] as const)
    expect(reasonsOf(await compare(input, { models: [model] }))).not.toMatch(/with deltas|deltas would/)
})

test('who says how large the document is encoded is told what compressed streams save, and for which clients', async () => {
  const encoded = { ...FLEET, encodedBytes: 20_480 }
  const saved = reasonsOf(await compare(encoded, { models: [pushModel()] }))
  expect(saved).toMatch(
    /clients that decode streams in gzip, as http\(\) does with the fetch of its runtime, have a change within .* in place of .* in place of/,
  )
  for (const [input, model] of [
    [FLEET, pushModel()],
    [encoded, pushModel({ compressed: true })],
    [encoded, hybridModel()],
    [{ ...encoded, documentBytes: 614_400 }, pushModel()],
  ] as const)
    expect(reasonsOf(await compare(input, { models: [model] }))).not.toMatch(/gzip,/)
})

test('who names push as it is, and takes another model, is told what push comes to that is compressed', async () => {
  const models = [hybridModel({ heartbeatMs: 30_000 }), pushModel({ heartbeatMs: 30_000 })]
  const [hybrid = '', push = ''] = models.map(({ name }) => name)
  const named = await compare(FLAGS, { models })
  expect([named.recommendation.model, named.recommendation.ties]).toEqual([hybrid, []])
  const [gzip] = (await compare(FLAGS, { models: [pushModel({ heartbeatMs: 30_000, compressed: true })] }))
    .rows
  expect(reasonsOf(named)).toContain(
    `${push} is counted without compression: clients that decode streams in gzip, as http() does with the fetch of its runtime, have a change within ${sayMs(gzip?.stalenessMs.all ?? 0)} with it, for ${sayBytes(gzip?.bytes.perDay ?? 0)} a day, which costs the same as ${hybrid} within 15 %`,
  )
  // Dearer by its marks, and by far.
  const often = await compare(FLAGS, {
    models: [models[0] ?? hybridModel(), pushModel({ heartbeatMs: 2_000 })],
  })
  expect(reasonsOf(often)).not.toMatch(/gzip/)
  const both = await compare(FLAGS, { models: [...models, pushModel({ compressed: true })] })
  expect(reasonsOf(both)).not.toMatch(/without compression/)
})

test('every model of the command line has a variant with deltas, and each that a server answers one with workers', () => {
  const names = [
    'push:deltas',
    'hybrid:cdn:2s:deltas',
    'pull:10s:deltas',
    'pull:10s:static:deltas',
    'adaptive:deltas',
    'push:workers=3',
    'hybrid:cdn:2s:workers=1:deltas',
    'pull:10s:deltas:workers=64',
    'adaptive:workers=2',
    'push:gzip',
    'push:15s:gzip:deltas:workers=2',
    'hybrid:relays=4',
    'pull:10s:static:relays=12',
    'pull:10s:hops=45s+14min',
    'adaptive:least=2s:most=2min:share=20%',
  ]
  expect(names.map(name => readModel(name).name)).toEqual([
    'push, deltas',
    'hybrid, CDN, heartbeat 2 s, deltas',
    'pull 10 s, deltas',
    'pull 10 s, static folder, deltas',
    'adaptive 5 s-5 min, deltas',
    'push, 3 workers',
    'hybrid, CDN, heartbeat 2 s, 1 worker, deltas',
    'pull 10 s, 64 workers, deltas',
    'adaptive 5 s-5 min, 2 workers',
    'push, gzip',
    'push, heartbeat 15 s, 2 workers, deltas, gzip',
    'hybrid, 4 relays',
    'pull 10 s, static folder, 12 relays',
    'pull 10 s, behind 45 s and 14 min',
    'adaptive 2 s-2 min, 20 % of the age',
  ])
  expect(
    ['adaptive:share=10%', 'adaptive:share=12.5%', 'adaptive:share=7%'].map(name => readModel(name).name),
  ).toEqual([
    'adaptive 5 s-5 min',
    'adaptive 5 s-5 min, 12.5 % of the age',
    'adaptive 5 s-5 min, 7 % of the age',
  ])
  expect(readModel('adaptive:share=20%').shape).toMatchObject({ adapts: { share: 0.2, leastMs: 5_000 } })
  expect(readModel('pull:hops=45s+14min').shape).toMatchObject({ hops: [45_000, 840_000] })
  expect(() => readModel('adaptive:least=6min')).toThrow(/leastMs must not be more than mostMs/)
  for (const name of [
    'deltas',
    'push:deltas:2s',
    'push:deltas:deltas',
    'push:workers',
    'push:workers=0',
    'push:workers=65',
    'push:workers=2:workers=2',
    'pull:static:workers=2',
    'hybrid:gzip',
    'pull:gzip',
    'push:gzip:gzip',
    'push:relays=0',
    'push:relays=10001',
    'push:hops=45s',
    'pull:hops=45s+',
    'pull:hops=0s',
    'hybrid:share=10%',
    'adaptive:share=10',
    'adaptive:share=0%',
    'adaptive:hops=45s',
    'push:toString=1',
  ])
    expect(() => readModel(name)).toThrow(/--model must be/)
})

test('a document is never larger encoded than plain when its size is varied, and no crossing says so', async () => {
  const workload = readWorkload({ ...FLEET, encodedBytes: 4_096 })
  expect(lookedAt('encodedBytes', workload)).toEqual([41, workload.documentBytes])
  expect(lookedAt('encodedBytes', readWorkload(FLEET))[1]).toBe(workload.documentBytes)
  for (const encodedBytes of [4_096, 100_000]) {
    const { recommendation } = await compare({ ...FLEET, encodedBytes })
    for (const { input, crossesAt } of recommendation.unless)
      if (input === 'encodedBytes') expect(crossesAt).toBeLessThanOrEqual(workload.documentBytes)
  }
})

test('a tenth of a document changes also when its size is varied, unless somebody said how much', () => {
  const assumed = readWorkload(FLEET)
  expect(withInput(assumed, 'documentBytes', 409_600)).toMatchObject({ changedBytes: 40_960 })
  const said = readWorkload({ ...FLEET, changedBytes: 300 })
  expect(withInput(said, 'documentBytes', 409_600)).toMatchObject({ changedBytes: 300 })
  expect(withInput(said, 'documentBytes', 200)).toMatchObject({ changedBytes: 200 })
})

test('a document that is no shorter encoded is none when its size is varied, to the last digit', () => {
  const workload = readWorkload({ ...FLEET, documentBytes: 20_481 })
  for (let step = 0; step < 100; step += 1) {
    const { documentBytes, encodedBytes } = withInput(workload, 'documentBytes', 1_000 * 1.07 ** step)
    expect(encodedBytes).toBe(documentBytes)
  }
})

test('what is at a hair’s breadth from what was given, or from what is the most, is told apart from it', async () => {
  expect([
    sayApart(sayBytes, 20_400, 20_480),
    sayApart(sayBytes, 1_999, 2_000),
    sayApart(sayMs, 10_080, 10_000),
    sayApart(sayMs, 500.4, 500),
    sayApart(percent, 0.7004, 0.7),
    sayApart(figure, 1_234.56, 1_235),
    sayApart(sayBytes, 40_960, 20_480),
  ]).toEqual(['20.4 KB', '1.999 KB', '10.1 s', '500.4 ms', '70.04 %', '1,234.6', '41 KB'])
  const result = await compare({ ...USUAL_FLEET, clients: 30_000 })
  const { unless } = result.recommendation
  const near = unless.filter(({ input, factor = 2 }) => input === 'documentBytes' && factor < 1.02)
  expect(near).toHaveLength(1)
  const told = outcomeOf(result).flatMap(({ points }) => points)
  expect(told).toContainEqual(
    expect.stringMatching(/^documentBytes below 20\.\d+ KB \(here: 20\.\d+ KB\) -> /),
  )
  const late = await compare({ ...USUAL_FLEET, clients: 28_000 })
  const cells = tableOf(late).lines.map(line => line.cells[1])
  expect(cells).toContain('5.04 s  too late')
  expect(cells).not.toContain('5 s  too late')
})

test('a crossing of what is counted in ones names the first number that changes the answer', async () => {
  // A name, which nobody can await by mistake.
  const crossing = {
    input: 'servers',
    crossesAt: 2,
    factor: 2,
    // oxlint-disable-next-line unicorn/no-thenable
    then: 'hybrid',
    assumed: false,
    ties: [],
    endsTie: false,
    sameKind: false,
  } as const
  const workload = readWorkload(FLEET)
  expect(sayCrossing({ ...crossing, side: 'above' }, workload)).toBe('servers from 2 on -> hybrid')
  expect(sayCrossing({ ...crossing, side: 'below' }, workload)).toBe('servers 2 or fewer -> hybrid')
  const { recommendation } = await compare(
    { ...FLEET, clients: 60_000 },
    { models: [hybridModel(), pullModel()] },
  )
  const servers = recommendation.unless.find(({ input }) => input === 'servers')
  expect(servers && sayCrossing(servers, workload)).toMatch(/^servers from \d+ on -> hybrid/)
})

test('how slow servers would have to be for another answer is said, and where it moves nothing as well', async () => {
  const models = [hybridModel(), pullModel({ pollIntervalMs: 4_000 })]
  const tight = await compare({ ...FLEET, documentBytes: 20_480 }, { models })
  const crossing = tight.recommendation.unless.find(
    ({ input, side }) => input === 'serverCosts' && side === 'above',
  )
  const { crossesAt = Number.NaN } = crossing ?? {}
  expect(crossesAt).toBeGreaterThan(1)
  const slower = { ...tight.costs, ...timesAsSlow(tight.costs, crossesAt * 1.02) }
  const other = await compare({ ...FLEET, documentBytes: 20_480 }, { models, costs: slower })
  expect([tight.recommendation.model, other.recommendation.model]).toEqual(['hybrid', crossing?.then])
  const said = (result: Comparison) => JSON.stringify(outcomeOf(result))
  expect(said(tight)).toMatch(/servers that take more than [\d.]+ times the processor time ->/)
  const alone = await compare({ ...FLEET, clients: 1 }, { models: [hybridModel()] })
  expect(said(alone)).toMatch(/times as much or as little, .*, the processor time that servers take"/)
})

test('a crossing at which nothing but a tie ends says so', async () => {
  const fleet = { ...FLEET, documentBytes: 4_096, encodedBytes: 2_458, changesPerDay: 200 }
  const { recommendation, workload } = await compare(fleet, { models: [hybridModel(), pushModel()] })
  expect([recommendation.model, recommendation.ties]).toEqual(['push', ['hybrid']])
  const of = (input: string) => recommendation.unless.find(crossing => crossing.input === input)
  const [larger, slower] = [of('documentBytes'), of('serverMbps')]
  expect([larger?.then, larger?.endsTie]).toEqual(['hybrid', true])
  expect(larger && sayCrossing(larger, workload)).toMatch(/-> hybrid alone, since a tie ends there$/)
  // On a slow line push is too late: the answer changes, and no tie.
  expect([slower?.then, slower?.endsTie]).toEqual(['hybrid', false])
  expect(slower && sayCrossing(slower, workload)).not.toMatch(/tie/)
})

test('the outcome and the page say what a change takes, what an hour without one does, and who misses it', async () => {
  const models = [pushModel(), pullModel()]
  const partOf = (result: Comparison) =>
    outcomeOf(result).find(({ title }) => title === 'A change')?.points ?? []
  const computed = await compare(FLEET, { models })
  const [push, pull] = computed.rows as readonly ComparedRow[] as [ComparedRow, ComparedRow]
  expect(partOf(computed)).toEqual([
    `push: 99 % have it after ${sayMs(push.stalenessMs.p99)}, with ${figure(push.requests.perChange)} requests and ${sayBytes(push.bytes.perChange)}; ${sayBytes(push.bytes.perIdleHour)} in an hour without one`,
    expect.stringMatching(/^pull 30 s: 99 % have it after 3\d s, with /),
    'nobody misses a change by the formula; a simulation counts those that do',
  ])
  expect(comparisonPage(computed)).toContain('<h2>A change</h2><ul><li>push: 99 % have it')
  const simulated = await compare(FLEET, { models, depth: 'simulation', mostClients: 1 })
  expect(partOf(simulated).at(-1)).toBe('nobody missed a change: push; pull 30 s')
  const lost = { ...simulated, rows: [{ ...push, depth: 'simulation' as const, missed: 3 }, pull] }
  expect(partOf(lost).at(-1)).toBe('push: 3 clients never got a change')
  // A server that does not keep up has no times.
  const busy = { ...computed, rows: [{ ...push, keepsUp: false }] }
  expect(partOf(busy)[0]).toMatch(/^push: [\d,]+ requests and /)
})
