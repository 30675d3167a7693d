import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { placeBefore } from '../../../benchmarks/before/before.js'
import { buildBefore, errorIn, thisBuild } from '../../../benchmarks/before/build.js'
import { describeCheckout, readCheckout } from '../../../benchmarks/before/checkout.js'
import { createProcesses } from '../../../benchmarks/processes.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const program = join(root, 'benchmarks/main.js')

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-bench-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A folder like a built checkout, whose package does no more than this. */
async function checkoutOf(code: string): Promise<string> {
  const folder = await temporaryFolder()
  await copyFile(join(root, 'package.json'), join(folder, 'package.json'))
  await mkdir(join(folder, 'dist'))
  await writeFile(join(folder, 'dist/index.js'), code)
  return folder
}

/** Runs the benchmarks, with a temporary folder of their own: what is left in it. */
async function bench(
  args: readonly string[],
): Promise<{ status: number; out: string; complaints: string; left: readonly string[] }> {
  const temporary = await temporaryFolder()
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: temporary },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number]
  return { status, out, complaints, left: await readdir(temporary) }
}

test('a folder that has no build to measure is told with what to do, before anything is measured', async () => {
  const empty = await temporaryFolder()
  const other = await temporaryFolder()
  await writeFile(join(other, 'package.json'), '{"name":"other","version":"1.0.0"}')
  const unbuilt = await checkoutOf('')
  await rm(join(unbuilt, 'dist'), { recursive: true })
  const incomplete = await checkoutOf("import 'a-package-that-is-not-installed'")
  for (const [folder, told] of [
    [join(empty, 'nowhere'), /there is no .*package\.json; name the folder of another checkout/],
    [empty, /there is no .*package\.json; name the folder/],
    [other, /package\.json is not of noticeboard; name the folder/],
    [unbuilt, /dist\/index\.js is missing, so it is not built; run "npm ci && npm run build" in \//],
    [incomplete, /cannot be loaded \(Error .*a-package-that-is-not-installed.*\); run "npm ci && npm run/],
  ] as const)
    expect(() => readCheckout(folder)).toThrow(told)

  const { status, out, complaints } = await bench(['--before', unbuilt, '--only', 'read'])
  expect(status).toBe(2)
  expect(out).toBe('')
  expect(complaints).toMatch(/--before: .*not built/)
})

test('a checkout is told with its version and its commit, and an installed package with its version', async () => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  expect(readCheckout(root)).toMatchObject({ folder: root.replace(/\/$/, ''), version })
  const installed = await checkoutOf('')
  expect(readCheckout(installed)).toEqual({
    folder: installed,
    version,
    commit: undefined,
    hasChanges: false,
  })
  const checkout = { folder: '/before', version: '0.0.9', commit: '0123456789ab', hasChanges: false }
  expect(describeCheckout(checkout)).toBe('the build in /before, version 0.0.9, commit 0123456789ab')
  expect(describeCheckout({ ...checkout, hasChanges: true })).toMatch(/ab with changes$/)
  expect(describeCheckout({ ...checkout, commit: undefined })).toBe('the build in /before, version 0.0.9')
})

test('a process over the build before has that build, and what it complains of is why it cannot be measured', async () => {
  const folder = await checkoutOf("throw new TypeError('this is the build before')")
  const processes = createProcesses()
  onTestFinished(async () => void (await processes.close()))
  const said: string[] = []
  const before = placeBefore(
    { folder, version: '0.0.9', commit: undefined, hasChanges: false },
    { processes, say: text => void said.push(text) },
  )
  onTestFinished(() => before.remove())
  const module = new URL('../../../benchmarks/client/import-process.js', import.meta.url)
  const settings = { module: 'noticeboard' }

  const build = before.build('a part')
  expect(await build.attempt(() => build.start(module, settings))).toBeUndefined()
  expect(build.problem).toBe('TypeError: this is the build before')
  expect(said).toEqual([expect.stringContaining('a part cannot be measured of it: TypeError: this is')])

  const child = await thisBuild(processes).start(module, settings)
  expect(await child.ask('milliseconds')).toEqual(expect.any(Number))
})

test('a build before that failed once is asked for no more, and what fails of this build ends the run', async () => {
  const processes = createProcesses()
  const told: string[] = []
  const build = buildBefore(processes.start, problem => void told.push(problem))
  let asked = 0
  const ask = async (problem?: string): Promise<number> => {
    asked += 1
    if (problem !== undefined) throw new Error(problem)
    return asked
  }
  expect(await build.attempt(() => ask())).toBe(1)
  expect(await build.attempt(() => ask('RangeError: too far\n    at once'))).toBeUndefined()
  expect(await build.attempt(() => ask())).toBeUndefined()
  expect({ asked, problem: build.problem, told }).toEqual({
    asked: 2,
    problem: 'RangeError: too far',
    told: ['RangeError: too far'],
  })
  await expect(thisBuild(processes).attempt(() => ask('the floor'))).rejects.toThrow('the floor')
  expect(errorIn('file:///a.js:1\nimport\n   ^\nSyntaxError: no such export\n    at')).toBe(
    'SyntaxError: no such export',
  )
  expect(errorIn('it took too long')).toBe('it took too long')
})

test('this build beside itself has a figure for each row of the part, and leaves nothing in the temporary folder', async () => {
  const json = join(await temporaryFolder(), 'figures.json')
  const args = ['--quick', '--only', 'read', '--before', root, '--json', json]
  const { status, out, complaints, left } = await bench(args)
  expect(status, complaints).toBe(0)
  expect(left).toEqual([])
  expect(out).toMatch(/a read of config\.current\.pool\.size: [\d.]+ x, before [\d.]+ x, to\s+be 1\.20 x/)
  expect(out).toMatch(/before: the build in .*\s?version/)
  expect(out.split('\n').filter(line => line.length > 100 && !line.includes(root))).toEqual([])
  const { rows, before } = JSON.parse(await readFile(json, 'utf8'))
  expect(before).toMatchObject({ version: expect.any(String) })
  expect(rows.length).toBeGreaterThan(1)
  for (const row of rows)
    expect(row.before).toMatchObject({
      reached: expect.any(Number),
      beside: { rounds: expect.any(Array), median: expect.any(Number) },
    })
}, 200_000)

test('a build before that lacks what a part measures has a line that says why, and the run goes on', async () => {
  const folder = await checkoutOf('export const createClient = undefined')
  const { status, out, complaints, left } = await bench(['--quick', '--only', 'read', '--before', folder])
  expect(status, complaints).toBe(0)
  expect(left).toEqual([])
  expect(out).toMatch(/a read of config\.current\.pool\.size: [\d.]+ x, before -, to be 1\.20 x/)
  expect(out.replaceAll(/\s+/g, ' ')).toContain('before: SyntaxError: The requested module')
}, 200_000)
