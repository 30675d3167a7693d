import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededDice } from '../../../src/sim/dice.js'
import { root } from '../sim/bundle.js'
import { mutantsOf, type Mutant } from './mutants.js'
import { testsOf } from './tests-of.js'
import { TOLD, type Told } from './told.js'
import { tryTests, type Verdict } from './trial.js'
import { whatRan } from './what-ran.js'

/** What is mutated, and how much of it. */
export interface MutateOptions {
  /** Files and folders, relative to the project. */
  readonly paths: readonly string[]
  /** How many mutants are drawn. */
  readonly sample: number
  readonly seed: number
  /** After this long no further mutant is begun, in milliseconds. */
  readonly untilMs: number
  readonly lanes: number
  readonly progress?: (done: number, of: number, tried: Tried) => void
  readonly signal?: AbortSignal
}

/** What became of a mutant. */
export interface Tried {
  readonly mutant: Mutant
  /** `untested`: no quick test runs the function that it stands in. */
  readonly verdict: Verdict | 'untested'
  /** Why it is no bug, where somebody has read it. */
  readonly why: string | undefined
}

/** Longer than any of the tests takes, however busy the machine is, in milliseconds. */
const LIMIT_MS = 180_000

/** Tries a drawn share of the mutants of some sources against the tests that run them. */
export async function mutate(options: MutateOptions): Promise<readonly Tried[]> {
  const { paths, sample, seed, untilMs, lanes, progress, signal } = options
  const listed = (...places: readonly string[]): readonly string[] =>
    execFileSync('git', ['ls-files', '--', ...places], { cwd: root, encoding: 'utf8' }).split('\n')
  const sources = listed(...paths).filter(file => /^src\/.*\.tsx?$/.test(file))
  if (sources.length === 0) throw new Error(`there is no source in ${paths.join(', ')}`)
  const tests = listed('tests/unit').filter(file => file.endsWith('.test.ts'))
  const ran = await whatRan(tests, { workers: lanes, signal })
  const all = sources.flatMap(file => mutantsOf(file, readFileSync(join(root, file), 'utf8')))
  const dice = seededDice(seed, 'mutants')
  const drawn = all
    .map(mutant => ({ mutant, place: dice.number() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, sample)
    .map(({ mutant }) => mutant)
  await assertGreen([...new Set(drawn.flatMap(mutant => testsOf(mutant, ran)))], lanes, signal)

  const startedMs = performance.now()
  const results: Tried[] = []
  const waiting = [...drawn]
  const lane = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if (performance.now() - startedMs > untilMs) return
      const tests = testsOf(mutant, ran)
      const verdict: Tried['verdict'] =
        tests.length === 0 ? 'untested' : await tryTests({ tests, mutant }, LIMIT_MS, signal)
      const one = { mutant, verdict, why: whyOf(mutant) }
      results.push(one)
      progress?.(results.length, drawn.length, one)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
}

/** Tests that fail as things are would kill every mutant. */
async function assertGreen(
  tests: readonly string[],
  workers: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (tests.length === 0) return
  const verdict = await tryTests({ tests, workers }, 10 * LIMIT_MS, signal)
  if (verdict !== 'passed')
    throw new Error(`the tests fail without any mutant: npx vitest run ${tests.join(' ')}`)
}

function whyOf({ file, line, from, to }: Mutant): string | undefined {
  const text = readFileSync(join(root, file), 'utf8').split('\n')[line - 1] ?? ''
  const fits = (told: Told): boolean =>
    told.file === file && text.includes(told.line) && (told.from ?? from) === from && (told.to ?? to) === to
  return TOLD.find(fits)?.why
}

/** How many were tried, and how many of those that could be noticed were. */
export interface Score {
  readonly tried: number
  readonly killed: number
  /** Those that are no bugs. */
  readonly told: number
  readonly share: number
}

/** The score of some mutants; of none it is whole. */
export function scoreOf(tried: readonly Tried[]): Score {
  const killed = tried.filter(({ verdict }) => verdict === 'failed' || verdict === 'hung').length
  const told = survivorsOf(tried).filter(({ why }) => why !== undefined).length
  const open = tried.length - told
  return { tried: tried.length, killed, told, share: open === 0 ? 1 : killed / open }
}

/** Those that no test noticed. */
export function survivorsOf(tried: readonly Tried[]): readonly Tried[] {
  return tried.filter(({ verdict }) => verdict === 'passed' || verdict === 'untested')
}

/** A survivor in a line: where, what, by what. */
export function lineOf({ mutant, verdict }: Tried): string {
  const short = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 60)
  return `${mutant.file}:${mutant.line}  ${short(mutant.from)}  ->  ${short(mutant.to)}${verdict === 'untested' ? '  (no test runs it)' : ''}`
}

/** The folder that a score is told of: `src/client`, or `src` for what lies in it. */
export function folderOf({ mutant }: Tried): string {
  return mutant.file
    .split('/')
    .slice(0, 2)
    .join('/')
    .replace(/\/[^/]*\.tsx?$/, '')
}

const HELP = `Changes the sources a little, and sees whether a test notices: npm run mutate -- [PATH]… [OPTION]…

  npm run mutate -- src/client                      a hundred mutants of a folder
  npm run mutate -- src/core/release --sample 1000  all of a small one

Each mutant is tried against unit tests that run the function it stands in; which those are is measured by the first
call, in some minutes, and kept in node_modules/.cache. Ends with 0 whatever the score is, and with 2 where the tests
fail without a mutant.

  PATH            files and folders (src)
  --sample N      how many are drawn (100)
  --seed N        what is drawn (1)
  --minutes N     no mutant is begun later than that (30)
  --lanes N       how many at a time (${availableParallelism()} here)
  --json FILE     writes what became of each
`

/** The command line. Resolves with the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      sample: text,
      seed: text,
      minutes: text,
      lanes: text,
      json: text,
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const number = (name: 'sample' | 'seed' | 'minutes' | 'lanes', preset: number): number => {
    const value = Number(values[name] ?? preset)
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1 on`)
    return value
  }
  const tried = await mutate({
    paths: positionals.length === 0 ? ['src'] : positionals,
    sample: number('sample', 100),
    seed: number('seed', 1),
    untilMs: number('minutes', 30) * 60_000,
    lanes: number('lanes', availableParallelism()),
    progress: (done, of, one) =>
      void process.stderr.write(
        `${String(done).padStart(5)} of ${of}  ${one.verdict.padEnd(8)}  ${lineOf(one)}\n`,
      ),
  })
  const folders = [...new Set(tried.map(folderOf))].toSorted()
  const rows = folders.map(folder => [folder, tried.filter(one => folderOf(one) === folder)] as const)
  for (const [folder, some] of [...rows, ['all', tried] as const]) {
    const { tried: count, killed, told, share } = scoreOf(some)
    process.stdout.write(
      `${folder.padEnd(24)}${String(count).padStart(6)} tried${String(killed).padStart(6)} noticed${String(told).padStart(5)} told${(share * 100).toFixed(0).padStart(6)} %\n`,
    )
  }
  const open = survivorsOf(tried).filter(({ why }) => why === undefined)
  if (open.length > 0) process.stdout.write(`\nNot noticed:\n${open.map(lineOf).join('\n')}\n`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(tried, null, 2)}\n`)
  return 0
}
