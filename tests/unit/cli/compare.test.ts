import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepCosts } from '../../../src/cli/compare-files.js'
import { helpFor } from '../../../src/cli/help.js'
import { compareCommand } from '../../../src/cli/commands/compare.js'
import { recordedCosts, type Comparison } from '../../../src/compare/index.js'
import { systemClock } from '../../../src/system/system.js'
import { commandLine, temporaryFolder } from './command-line.js'

async function folder(): Promise<string> {
  const path = await temporaryFolder()
  await writeFile(join(path, 'app.yaml'), `flags: ${'x'.repeat(20_000)}\n`)
  return path
}

const ASKED = [
  'compare',
  '--clients=3000',
  '--document=app.yaml',
  '--changes-per-day=40',
  '--kill-switch=5s',
  '--offline=2%',
]

test('one command says which model suits a fleet, and why', async () => {
  const cwd = await folder()
  const { status, stdout, stderr } = await commandLine(ASKED, { cwd })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toMatch(
    /^3,000 clients, 20 KB \(\d+ bytes encoded\), 40 changes a day, kill switch within 5 s\nformula, costs of .* measured on \d{4}-/,
  )
  expect(stdout).toMatch(/^push, gzip .* ok .*<- take this$/m)
  expect(stdout).toMatch(/^pull 30 s .* too late/m)
  expect(stdout).toMatch(/^Take push, gzip or hybrid, because$/m)
  expect(stdout).toMatch(/^ {2}- deadlines.killSwitchMs above 98 s -> pull 90 s alone/m)
  expect(stdout).not.toMatch(/x{20}/)
  // What it goes by, before the table.
  for (const line of stdout.split('\n\n')[0]?.split('\n').slice(1) ?? [])
    expect(line.length).toBeLessThanOrEqual(90)
})

test('--human says how long somebody takes who is called, without which it is a quarter of an hour', async () => {
  const cwd = await folder()
  const goneWith = async (...args: string[]): Promise<string | undefined> =>
    /everyone at once it reaches all of them, and is gone after (.*)$/m.exec(
      (await commandLine([...ASKED, ...args], { cwd })).stdout.replaceAll(/\n {4}/g, ' '),
    )?.[1]
  expect(await goneWith()).toBe('17 min, where somebody who is called takes 15 min to roll it back')
  expect(await goneWith('--human=5min')).toBe(
    '6.5 min, where somebody who is called takes 5 min to roll it back',
  )
  const wrong = await commandLine([...ASKED, '--human=soon'], { cwd })
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringContaining('--human')])
})

test('--bytes-weight says how much bytes count, and the rest is processor time', async () => {
  const cwd = await folder()
  const fleet = ['--clients=3000', '--bytes=20480', '--changes-per-day=40', '--kill-switch=2min']
  const takenWith = async (...args: string[]): Promise<Comparison> =>
    JSON.parse((await commandLine(['compare', ...fleet, ...args, '--json'], { cwd })).stdout) as Comparison
  expect((await takenWith()).weights).toEqual({ cpu: 0.5, bytes: 0.5 })
  const [byCpu, byBytes] = [await takenWith('--bytes-weight=0%'), await takenWith('--bytes-weight=90%')]
  expect([byCpu.weights, byBytes.weights]).toEqual([
    { cpu: 1, bytes: 0 },
    { cpu: 0.1, bytes: 0.9 },
  ])
  expect([byCpu, byBytes].map(({ recommendation }) => recommendation.model)).toEqual([
    'push, heartbeat 30 s',
    'pull 90 s',
  ])
  const { stdout } = await commandLine([...ASKED, '--bytes-weight=90%'], { cwd })
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('weights: processor time 0.1, bytes 0.9')
  for (const wrong of ['101%', '0.9', 'much']) {
    const { status, stderr } = await commandLine([...ASKED, `--bytes-weight=${wrong}`], { cwd })
    expect([status, stderr]).toEqual([2, expect.stringContaining('--bytes-weight must be ')])
  }
  const told = async (weight: string) =>
    (await commandLine([...ASKED, '--bytes-weight', weight], { cwd })).stderr
  expect(await told('-5%')).toContain('--bytes-weight must be a share such as 30%')
  expect(await told('101%')).toContain('--bytes-weight must be from 0 % to 100 %')
  for (const [weight, said] of [
    ['0%', '(in processor time alone)'],
    ['100%', '(in bytes alone)'],
  ] as const)
    expect(
      (await commandLine([...ASKED, '--bytes-weight', weight], { cwd })).stdout.replaceAll(/\s+/g, ' '),
    ).toContain(said)
})

test('--json prints the whole comparison, and options come on top of a file or a preset', async () => {
  const cwd = await folder()
  await writeFile(join(cwd, 'workload.json'), '{"clients":60,"documentBytes":900,"servers":2}')
  const read = async (...args: string[]): Promise<Comparison> =>
    JSON.parse((await commandLine(['compare', ...args, '--json'], { cwd })).stdout) as Comparison
  const fromFile = await read(
    'workload.json',
    '--clients=70',
    '--model=hybrid:cdn',
    '--model=pull:10s:static',
  )
  expect(fromFile.workload).toMatchObject({ clients: 70, documentBytes: 900, servers: 2 })
  expect(fromFile.rows.map(({ model }) => model)).toEqual(['hybrid, CDN', 'pull 10 s, static folder'])
  const preset = await read('--preset=iot', '--document=app.yaml', '--routine=2h')
  expect(preset.workload).toMatchObject({
    clients: 20_000,
    documentBytes: 20_012,
    routineMs: 7_200_000,
    killSwitchMs: 600_000,
  })
})

test('options come on top of a file that lacks what they say, or names another document', async () => {
  const cwd = await folder()
  const text = JSON.stringify({ pools: Array.from({ length: 400 }, (_, size) => ({ size, name: 'pool' })) })
  const files = {
    'bare.json': '{"clients":60}',
    'sized.json': '{"documentBytes":900}',
    'named.json': '{"clients":60,"document":"pools.json","next":"next.json","encodedBytes":77}',
    'pools.json': text,
    'next.json': text.replace('"name":"pool"', '"name":"other"'),
    'large.json': text.replaceAll('"pool"', '"pools"'),
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content)
  const read = async (...args: string[]) => {
    const { stdout } = await commandLine(['compare', ...args, '--model=pull', '--json'], { cwd })
    return (JSON.parse(stdout) as Comparison).workload
  }
  expect(await read('bare.json', '--bytes=20KB')).toMatchObject({ clients: 60, documentBytes: 20_000 })
  expect(await read('bare.json', '--document=app.yaml')).toMatchObject({ documentBytes: 20_012 })
  expect(await read('sized.json', '--clients=70')).toMatchObject({ clients: 70, documentBytes: 900 })
  const named = await read('named.json')
  expect(named).toMatchObject({ documentBytes: text.length, encodedBytes: 77 })
  expect(named.assumed).not.toContain('changedBytes')
  // A document that the file knows nothing of: no size of the other one, and no change of it.
  const other = await read('named.json', '--document=app.yaml')
  expect(other).toMatchObject({ documentBytes: 20_012, changedBytes: 2_002 })
  expect(other.encodedBytes).toBeLessThan(77)
  const sized = await read('named.json', '--bytes=5000')
  expect(sized).toMatchObject({ documentBytes: 5_000, encodedBytes: 5_000, changedBytes: 500 })
  expect(sized.assumed).toEqual(expect.arrayContaining(['encodedBytes', 'changedBytes']))
  // A change of the document that the file names, all of it in place of one word.
  const { changedBytes } = await read('named.json', '--next=large.json')
  expect(changedBytes).toBeGreaterThan(3 * named.changedBytes)
  expect(await read('named.json', '--changed-bytes=123')).toMatchObject({ changedBytes: 123 })
})

test('each figure of a workload that a default may decide has a flag', async () => {
  const cwd = await folder()
  const flags = ['--encoded-bytes=4KB', '--changed-bytes=300', '--rtt=150ms', '--idle-timeout=2min']
  const more = ['--half-open=8', '--server-mbps=250', '--client-mbps=0.5', '--no-state']
  const { stdout } = await commandLine(
    ['compare', '--preset=iot', ...flags, ...more, '--model=pull', '--json'],
    { cwd },
  )
  const { workload } = JSON.parse(stdout) as Comparison
  expect(workload).toMatchObject({
    clients: 20_000,
    encodedBytes: 4_000,
    changedBytes: 300,
    rttMs: 150,
    idleTimeoutMs: 120_000,
    halfOpenPerClientDay: 8,
    serverMbps: 250,
    clientMbps: 0.5,
    keepsState: false,
  })
  expect(workload.assumed).toEqual([])
})

test('whether clients have disks can be said either way, over a preset, and not both ways at once', async () => {
  const cwd = await folder()
  await writeFile(join(cwd, 'disks.json'), '{"clients":60,"documentBytes":900,"keepsState":true}')
  const keptWith = async (...args: string[]): Promise<boolean> =>
    (JSON.parse((await commandLine(['compare', ...args, '--json'], { cwd })).stdout) as Comparison).workload
      .keepsState
  expect(await keptWith('--preset=containers')).toBe(false)
  expect(await keptWith('--preset=containers', '--state')).toBe(true)
  expect(await keptWith('disks.json', '--no-state')).toBe(false)
  const both = await commandLine(['compare', '--preset=iot', '--state', '--no-state', '--json'], { cwd })
  expect([both.status, both.error?.message]).toEqual([2, 'give --state or --no-state, not both'])
})

test('a workload that makes no sense is told by the file or the flag that says it', async () => {
  const cwd = await folder()
  const files = {
    'none.json': '{"clients":0,"documentBytes":900}',
    'bare.json': '{"documentBytes":900}',
    'rtt.json': '{"clients":60,"documentBytes":900,"network":{"rtt":5}}',
    'both.json': '{"clients":60,"documentBytes":900,"document":"app.yaml"}',
    'size.json': '{"clients":60}',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(join(cwd, name), content)
  const told = async (...args: string[]) => {
    const { status, error } = await commandLine(['compare', ...args, '--json'], { cwd })
    return [status, error?.message]
  }
  expect(await told('none.json')).toEqual([
    2,
    expect.stringMatching(/^none\.json: clients must be a whole number/),
  ])
  expect(await told('bare.json')).toEqual([
    2,
    'the number of clients is missing: pass --clients N, or write it in bare.json',
  ])
  expect(await told('rtt.json')).toEqual([2, expect.stringMatching(/^rtt\.json: .*did you mean rttMs/)])
  expect(await told('both.json')).toEqual([2, expect.stringMatching(/^both\.json: .*not both/)])
  expect(await told('size.json')).toEqual([2, expect.stringMatching(/--bytes N, or write it in size\.json$/)])
  expect(await told('bare.json', '--clients=5', '--next=app.yaml')).toEqual([
    2,
    '--next needs the document before the change: pass --document FILE, or write it in bare.json',
  ])
  expect(await told('bare.json', '--clients=0.5')).toEqual([
    2,
    '--clients must be a whole number from 1 to 10,000,000',
  ])
  expect(await told('bare.json', '--offline=100%')).toEqual([2, '--offline must be from 0 % to 99 %'])
  expect(await told('bare.json', '--rtt=1min')).toEqual([2, '--rtt must be from 0 ms to 10 s'])
  expect(await told('bare.json', '--bytes=2MB')).toEqual([2, '--bytes must be from 2 to 1,048,576 bytes'])
  expect(await told('bare.json', '--client-mbps=0')).toEqual([
    2,
    '--client-mbps must be from 0.01 to 1,000,000',
  ])
  expect(await told('--preset=iot', '--bytes=9KB', '--document=app.yaml')).toEqual([
    2,
    'give --document or --bytes, not both',
  ])
})

test('what could be wrong is found before minutes of --calibrate', async () => {
  const cwd = await folder()
  const told = async (...args: string[]) => {
    const { status, error } = await commandLine(['compare', ...args, '--calibrate', '--json'], { cwd })
    return [status, error?.message]
  }
  expect(await told('--clients=0', '--bytes=900')).toEqual([2, expect.stringMatching(/^--clients must be/)])
  expect(await told('--preset=iot', '--depth=simulation', '--most=20000')).toEqual([
    2,
    '--most must be a whole number from 1 to 10,000',
  ])
  expect(await told('--preset=iot', '--model=push', '--model=push')).toEqual([
    2,
    '--model push is named twice: leave one out',
  ])
  expect(await told('--preset=iot', '--html=missing/page.html')).toEqual([
    2,
    '--html missing/page.html cannot be written: there is no such folder',
  ])
  expect(await told('--preset=iot', '--html=app.yaml/page.html')).toEqual([
    2,
    expect.stringMatching(/^--html .* cannot be written/),
  ])
  expect(await told('--preset=iot', '--save-costs=.')).toEqual([
    2,
    '--save-costs . cannot be written: it is a folder; name a file in it',
  ])
  expect(await readdir(cwd)).toEqual(['app.yaml'])
})

test('costs that cannot be written after all are said, and not lost', async () => {
  const cwd = await folder()
  const said: string[] = []
  const print = { warning: (text: string) => said.push(text) } as never
  await keepCosts(recordedCosts, { path: join(cwd, 'costs.json'), print })
  expect([said, JSON.parse(await readFile(join(cwd, 'costs.json'), 'utf8'))]).toEqual([[], recordedCosts])
  await keepCosts(recordedCosts, { path: cwd, print })
  const [, figures = ''] = /this was measured: (.*)$/.exec(said[0] ?? '') ?? []
  expect(said[0]).toMatch(/^cannot write --save-costs .*\(EISDIR\); this was measured: /)
  expect(JSON.parse(figures)).toEqual(recordedCosts)
})

test('the help fits 100 columns', () => {
  const lines = helpFor(compareCommand, (_, text) => text).split('\n')
  expect(lines.filter(line => line.length > 100)).toEqual([])
})

test('the table says by heartbeat how long a dead stream keeps a change away', async () => {
  const models = ['push:1500ms', 'hybrid:cdn:4s', 'push', 'pull:10s'].map(model => `--model=${model}`)
  const { stdout } = await commandLine([...ASKED, ...models], { cwd: await folder() })
  const [heading = '', ...rows] = (stdout.split('\n\n')[1] ?? '').split('\n').slice(0, 5)
  const at = heading.indexOf('DEAD STREAM')
  const said = rows.map(row => [row.split('  ')[0], row.slice(at).split('  ')[0]])
  expect(Object.fromEntries(said)).toEqual({
    push: '13 s',
    'push, heartbeat 1500 ms': '2.5 s',
    'hybrid, CDN, heartbeat 4 s': '6.7 s',
    'pull 10 s': '-',
  })
  const wrong = await commandLine([...ASKED, '--model=push:fast'], { cwd: await folder() })
  expect([wrong.status, wrong.stderr]).toEqual([2, expect.stringMatching(/--model must be push, hybrid/)])
})

test('a size is taken with its unit', async () => {
  const cwd = await folder()
  const bytesOf = async (bytes: string): Promise<number> => {
    const args = ['compare', '--clients=10', `--bytes=${bytes}`, '--model=pull', '--json']
    return (JSON.parse((await commandLine(args, { cwd })).stdout) as Comparison).workload.documentBytes
  }
  expect(await bytesOf('600KB')).toBe(600_000)
  expect(await bytesOf('0.5MiB')).toBe(524_288)
  expect(await bytesOf('20480')).toBe(20_480)
  const { status, stderr } = await commandLine(['compare', '--clients=10', '--bytes=600 apples'], { cwd })
  expect([status, stderr]).toEqual([2, expect.stringMatching(/--bytes must be a size such as 20480, 600KB/)])
})

test('it exits with 11 where nothing meets the deadlines, and with 1 or 2 for what cannot be read', async () => {
  const cwd = await folder()
  const { status, stdout } = await commandLine([...ASKED, '--routine=1ms'], { cwd })
  expect(status).toBe(11)
  expect(stdout).toMatch(/^No model fits$/m)
  await writeFile(join(cwd, 'broken.json'), '{"clients":')
  await writeFile(join(cwd, 'lost.json'), '{"clients":60,"document":"lost.yaml"}')
  for (const args of [
    ['nosuch.json'],
    ['broken.json'],
    ['lost.json'],
    ['--clients=60', '--document=nosuch.yaml'],
  ]) {
    const wrong = await commandLine(['compare', ...args], { cwd })
    if (args[0] === 'lost.json')
      expect(wrong.stderr).toMatch(
        /lost\.yaml: there is no such file; lost\.json names it, and --document FILE/,
      )
    expect([args, wrong.status, wrong.stdout]).toEqual([args, expect.toBeOneOf([1, 2]), ''])
  }
})

test('costs come from a file, and have to be costs', async () => {
  const cwd = await folder()
  await writeFile(join(cwd, 'costs.json'), JSON.stringify({ ...recordedCosts, streamMsPerSecond: 2 }))
  await writeFile(join(cwd, 'bad.json'), '{"v":1}')
  const { stdout } = await commandLine([...ASKED, '--costs=costs.json'], { cwd })
  expect(stdout).toMatch(/^pull 4 s .*<- take this$/m)
  const bad = await commandLine([...ASKED, '--costs=bad.json'], { cwd })
  expect([bad.status, bad.stderr]).toEqual([
    2,
    expect.stringMatching(/--costs bad\.json: measured\.on must be a text; it reads what --calibrate/),
  ])
  const { kinds, ...rest } = recordedCosts
  await writeFile(
    join(cwd, 'worse.json'),
    JSON.stringify({ ...rest, kinds: { ...kinds, poll: 1, release: { ...kinds.release, serverMs: -1 } } }),
  )
  expect((await commandLine([...ASKED, '--costs=worse.json'], { cwd })).stderr).toMatch(
    /--costs worse\.json: kinds\.release\.serverMs must be a number of 0 or more/,
  )
})

test('--depth=simulation runs the strategies, says where it stands on stderr, and repeats with its seed', async () => {
  const cwd = await folder()
  const args = [
    'compare',
    '--clients=4',
    '--bytes=500',
    '--model=hybrid',
    '--depth=simulation',
    '--quick',
    '--seed=5',
  ]
  const first = await commandLine([...args, '--json'], { cwd })
  const second = await commandLine([...args, '--json'], { cwd })
  expect(first.status).toBe(0)
  expect(first.stderr).toMatch(/^hybrid: every client starts at once$/m)
  expect(second.stdout).toBe(first.stdout)
  const { rows } = JSON.parse(first.stdout) as Comparison
  expect(rows).toMatchObject([{ model: 'hybrid', depth: 'simulation', missed: 0 }])
})

test('a simulation may take longer than other commands have', async () => {
  const args = ['compare', '--clients=4', '--bytes=500', '--model=hybrid', '--depth=simulation', '--quick']
  // For the time that a command has, 300 s are over in 30 ms.
  const clock = {
    ...systemClock,
    after: (ms: number, act: () => void) => systemClock.after(ms / 10_000, act),
  }
  const { status, stderr } = await commandLine(args, { cwd: await folder(), system: { clock } })
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('was given up')])
})

test('--html writes the page', async () => {
  const cwd = await folder()
  const { status, stderr } = await commandLine([...ASKED, '--html=page.html'], { cwd })
  expect([status, stderr]).toEqual([0, 'the page is page.html\n'])
  expect(await readFile(join(cwd, 'page.html'), 'utf8')).toMatch(/^<!doctype html>[^]*your workload/)
})

test('--schema prints the JSON Schema of a workload file', async () => {
  const { status, stdout } = await commandLine(['compare', '--schema'], { cwd: await folder() })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ required: ['clients'], properties: { clients: { minimum: 1 } } })
})

test('what a preset has, and no option replaces, is told as the preset’s', async () => {
  const cwd = await folder()
  const toldBy = async (...args: string[]): Promise<string> =>
    (await commandLine(['compare', '--preset=iot', ...args], { cwd })).stdout
  const whole = await toldBy()
  expect(whole).toMatch(/^from the preset iot: 20,000 clients, /)
  expect(whole).toMatch(/^ {2}- changesPerDay above .* \(the preset’s\)$/m)
  expect(whole.replaceAll(/\s+/g, ' ')).toMatch(
    /find out first what stands here (?:by default: [^;]*; and )?from the preset: .*changesPerDay/,
  )
  const partly = await toldBy('--changes-per-day=2')
  expect(partly).toMatch(/^ {2}- changesPerDay above (?!.*preset).*$/m)
  expect(partly).toMatch(/\(the preset’s\)$/m)
  const json = await toldBy('--bytes=900', '--servers=3', '--json')
  const { workload } = JSON.parse(json) as Comparison
  expect(workload.preset?.name).toBe('iot')
  for (const [input, isKept] of [
    ['clients', true],
    ['killSwitchMs', true],
    ['rttMs', true],
    ['documentBytes', false],
    ['servers', false],
    ['serverMbps', false],
  ] as const)
    expect([input, workload.preset?.inputs.includes(input)]).toEqual([input, isKept])
  expect((await commandLine(ASKED, { cwd })).stdout).not.toContain('preset')
})

test('models that differ are compared, and those that do not are told by what was typed', async () => {
  const cwd = await folder()
  const with2 = async (...models: string[]) =>
    commandLine([...ASKED, ...models.map(model => `--model=${model}`), '--json'], { cwd })
  const { stdout } = await with2('adaptive', 'adaptive:share=20%')
  expect((JSON.parse(stdout) as Comparison).rows.map(({ model }) => model)).toEqual([
    'adaptive 5 s-5 min',
    'adaptive 5 s-5 min, 20 % of the age',
  ])
  const same = await with2('push', 'pull', 'push:8s')
  expect([same.status, same.error?.message]).toEqual([
    2,
    '--model push and --model push:8s are the same model, push: leave one out',
  ])
})

test('what makes no sense is a usage error that says what to type', async () => {
  const cwd = await folder()
  const told = async (...args: string[]) => {
    const { status, error } = await commandLine(['compare', ...args, '--json'], { cwd })
    return [status, error?.message]
  }
  expect(await told()).toEqual([2, expect.stringMatching(/a workload file, --preset NAME, or --clients N/)])
  expect(await told('--clients=5')).toEqual([2, expect.stringMatching(/--document FILE or --bytes N/)])
  expect(await told('--clients=many', '--bytes=9')).toEqual([
    2,
    '--clients must be a number of 0 or more, as 3000 or 0.5, not "many"',
  ])
  expect(await told('--preset=iot', '--changes-per-day=-1')).toEqual([
    2,
    '--changes-per-day must be a number of 0 or more, as 3000 or 0.5, not "-1"',
  ])
  expect(await told('--preset=moon')).toEqual([
    2,
    expect.stringMatching(/--preset must be one of data-centre/),
  ])
  expect(await told('--preset=iot', '--kill-switch=5')).toEqual([2, expect.stringMatching(/500ms, 5s/)])
  expect(await told('--preset=iot', '--offline=0.1')).toEqual([2, expect.stringMatching(/2%/)])
  expect(await told('--preset=iot', '--model=pull:often')).toEqual([2, expect.stringMatching(/pull:10s/)])
  expect(await told('--preset=iot', '--model=pull:0s')).toEqual([
    2,
    '"pull:0s" is no model: each time in --model must be above 0',
  ])
  expect(await told('--preset=iot', '--depth=deep')).toEqual([
    2,
    '--depth must be formula, simulation or run',
  ])
  expect(await told('--preset=iot', '--seed=3')).toEqual([2, expect.stringMatching(/--depth=simulation/)])
  expect(await told('--preset=iot', '--seed=3', '--depth=run')).toEqual([
    2,
    expect.stringMatching(/^--seed needs --depth=simulation/),
  ])
  expect(await told('--preset=iot', 'w.json')).toEqual([2, expect.stringMatching(/not both/)])
  expect(await told('--preset=iot', '--save-costs=x')).toEqual([2, expect.stringMatching(/--calibrate/)])
})
