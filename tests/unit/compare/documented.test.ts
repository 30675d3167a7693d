import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { readArguments } from '../../../src/cli/arguments.js'
import { COMMON_OPTIONS } from '../../../src/cli/command.js'
import { compareCommand } from '../../../src/cli/commands/compare.js'
import { readModel } from '../../../src/cli/read-model.js'
import { createClient } from '../../../src/client/index.js'
import { compare, presets, pushModel, recordedCosts, tableOf } from '../../../src/compare/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { push } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'
import { sayMs } from '../../../src/compare/words.js'
import { boundsOf, INPUTS, placeOf, readWorkload } from '../../../src/compare/workload.js'
import { commandLine, temporaryFolder } from '../cli/command-line.js'
import { FLEET } from './fleets.js'

const choosing = readFileSync(`${root}/docs/choosing.md`, 'utf8')
const [, formats = ''] = readFileSync(`${root}/docs/formats.md`, 'utf8').split('\n## Workloads and costs\n')
const debate = readFileSync(`${root}/docs/push-vs-pull.md`, 'utf8')

test('docs/choosing.md explains every column of the table', async () => {
  const { headings } = tableOf(await compare({ clients: 100, documentBytes: 1_000 }))
  for (const heading of headings.filter(text => text !== '')) expect(choosing).toContain(`| ${heading} |`)
})

test('docs/choosing.md names every preset, and only models that the command line takes', () => {
  for (const { name } of presets) expect(choosing).toContain(`\`${name}\``)
  const [, table = ''] = /## The models\n([^]*?)\n\nUnless/.exec(choosing) ?? []
  const names = table
    .split('\n')
    .slice(3)
    .flatMap(line => (line.split('|')[1] ?? '').match(/(?<=`)[^`,]+(?=`)/g) ?? [])
    .filter(name => name.trim() !== '' && name.trim() !== ',')
  expect(names.length).toBeGreaterThan(5)
  for (const name of names) expect(readModel(name).name).not.toBe('')
})

test('every `noticeboard compare` of choosing.md and push-vs-pull.md is one that the command line takes', async () => {
  const cwd = await temporaryFolder()
  const workload = { clients: 300, document: 'app.yaml' }
  await writeFile(join(cwd, 'app.yaml'), 'pool: 1')
  await writeFile(join(cwd, 'workload.json'), JSON.stringify(workload))
  for (const name of ['costs', 'threads', 'theirs'])
    await writeFile(join(cwd, `${name}.json`), JSON.stringify(recordedCosts))
  const pages = [choosing, debate].join('\n').replaceAll('\\\n', ' ')
  const [, fleet = ''] = /^W="(.+)"$/m.exec(pages) ?? []
  const commands = [...pages.matchAll(/^noticeboard compare (.+)$|`noticeboard compare ([^`|]+)/gm)].map(
    ([, line = '', inline = '']) =>
      `${line}${inline}`
        .replace('$W', fleet)
        .replace(/#.*| \|.*/, '')
        .trim()
        .split(/\s+/),
  )
  expect(commands.length).toBeGreaterThan(12)
  for (const command of commands) {
    const args = readArguments(command, { ...compareCommand.options, ...COMMON_OPTIONS })
    for (const name of args.texts('model')) expect(readModel(name).name).not.toBe('')
    // These two take minutes.
    if (args.flag('calibrate') || args.text('depth') !== undefined) continue
    const { status, stderr } = await commandLine(['compare', ...command], { cwd })
    expect([command.join(' '), status, stderr]).toEqual([command.join(' '), expect.toBeOneOf([0, 11]), ''])
  }
  const { stdout } = await commandLine(['compare', ...fleet.split(' ')], { cwd })
  for (const [, heading = ''] of debate.matchAll(/noticeboard compare \$W`, under \*(.+)\*/g))
    expect(stdout).toContain(heading)
  const [, picked = ''] = /--json \| jq '\.rows\[\] \| \{(.+)\}'/.exec(debate) ?? []
  const inJson = await commandLine(['compare', ...fleet.split(' '), '--json'], { cwd })
  const { rows } = JSON.parse(inJson.stdout) as { readonly rows: readonly object[] }
  for (const row of rows) expect(Object.keys(row)).toEqual(expect.arrayContaining(picked.split(', ')))
})

test('docs/formats.md has every field of a workload with its bounds and its default', () => {
  const defaults = readWorkload({ clients: 1, documentBytes: 1_000 })
  for (const input of INPUTS) {
    const line = formats
      .split('\n')
      .find(row => row.startsWith('| `') && row.includes(`\`${placeOf(input)}\``))
    const [least, most] = boundsOf(input).map(value => value.toLocaleString('en'))
    expect([input, line]).toEqual([input, expect.stringContaining(`${least}-${most}`)])
    if (defaults.assumed.includes(input) && input !== 'changedBytes' && input !== 'encodedBytes')
      expect([input, line]).toEqual([input, expect.stringContaining(defaults[input].toLocaleString('en'))])
  }
})

test('docs/push-vs-pull.md has the figures that its first command prints, rounded', async () => {
  const { rows } = await compare({
    ...FLEET,
    deadlines: { killSwitchMs: 60_000 },
  })
  const table = debate.split('\n').filter(line => line.startsWith('| '))
  for (const { model, stalenessMs, integral, requests } of rows.filter(
    row => row.model !== 'adaptive 5 s-5 min',
  )) {
    const line = table.find(row => row.startsWith(`| ${model.replace('pull ', 'pull, ')} |`))
    const [, , last = '', seconds = '', perSecond = ''] = line?.split('|') ?? []
    const numberOf = (text: string): number => Number(text.replace(/[^\d.]/g, ''))
    expect([model, Math.abs(numberOf(last) / (stalenessMs.all / 1_000) - 1) < 0.03]).toEqual([model, true])
    expect([model, Math.abs(numberOf(seconds) / integral - 1) < 0.03]).toEqual([model, true])
    expect([model, Math.abs(numberOf(perSecond) / requests.perSecond - 1) < 0.03]).toEqual([model, true])
  }
})

test('docs/push-vs-pull.md names the deadline from which on pull is cheaper, and by how much', async () => {
  const told = debate.replace(/\s+/g, ' ')
  const within = { ...FLEET, deadlines: { killSwitchMs: 60_000 } }
  const { unless } = (await compare(within)).recommendation
  const crossing = unless.find(({ input, side }) => input === 'killSwitchMs' && side === 'above')
  expect(crossing?.then).toBe('pull 3 min')
  expect(told).toContain(
    `the outcome names the deadline from which on, ${sayMs(crossing?.crossesAt ?? 0)} for this fleet`,
  )
  const more = async (clients: number): Promise<string> => {
    const result = await compare({ ...FLEET, clients, deadlines: { killSwitchMs: 240_000 } })
    expect(result.recommendation.model).toBe('pull 3 min')
    return (
      /push, .*, the next that fits, costs (\d+ %) more/.exec(result.recommendation.because.join())?.[1] ?? ''
    )
  }
  const [few, some, many] = [await more(300), await more(3_000), await more(30_000)]
  expect(told).toContain(
    `push costs ${few} more for 300 clients, ${some} more for 3,000 and ${many} more for 30,000`,
  )
})

test('how long a stream that died unnoticed keeps a change away is the same in client.bound, in what compare counts and in docs/choosing.md', async () => {
  const network = { rttMs: 20 }
  for (const heartbeatMs of [1_500, 4_000, 8_000, 15_000]) {
    const strategy = push(memory(), { heartbeatMs })
    const { bound } = createClient({ namespace: 'checkout/prod', schema: anything, strategy })
    const seconds = Number(/died unnoticed it arrives within ([\d.]+) s and a request/.exec(bound)?.[1])
    const comparison = await compare(
      { clients: 3_000, documentBytes: 20_480, network },
      { models: [pushModel({ heartbeatMs })] },
    )
    // Beside it, a connection, a request and a fetch.
    const worstMs = comparison.rows[0]?.halfOpen.worstMs ?? 0
    expect(Math.abs((worstMs - 3 * network.rttMs) / 1_000 - seconds)).toBeLessThan(0.1)
    const told = tableOf(comparison).lines[0]?.cells[2]
    const line = choosing.split('\n').find(row => row.startsWith(`| ${heartbeatMs / 1_000} s`))
    expect(line).toContain(`| within ${told} |`)
  }
})
