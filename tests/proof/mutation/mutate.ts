import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { seededDice } from '../../../src/sim/dice.js'
import { root } from '../sim/bundle.js'
import { importersIn } from './importers.js'
import { createJudge } from './judge.js'
import { mutantsOf, type Mutant } from './mutants.js'
import { testsOf, type Known } from './tests-of.js'
import { TOLD, type Told } from './told.js'
import { tryTests, type Outcome } from './trial.js'
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
  readonly progress?: (news: Progress) => void
  readonly signal?: AbortSignal
}

/** What happened while mutants are tried. */
export type Progress =
  | { readonly type: 'tried'; readonly done: number; readonly of: number; readonly one: Tried }
  /** A file of tests that fails without a mutant, too, so that it notices none. */
  | { readonly type: 'left-out'; readonly test: string }

/** What became of a mutant. */
export interface Tried {
  readonly mutant: Mutant
  /** `untested`: no quick test runs the function or the file that it stands in. */
  readonly verdict: Outcome['verdict'] | 'untested'
  /** Why it is no bug, where somebody has read it. */
  readonly why: string | undefined
}

/** Tests are hung that take longer than this, and than {@link SLOWER} times what they took. */
const LIMIT_MS = 60_000

/** How much busier the machine may be than it was when the tests were measured. */
const SLOWER = 3

/** Tries a drawn share of the mutants of some sources against the tests that run them. */
export async function mutate(options: MutateOptions): Promise<readonly Tried[]> {
  const { paths, sample, seed, untilMs, lanes, progress, signal } = options
  const listed = (...places: readonly string[]): readonly string[] =>
    execFileSync('git', ['ls-files', '--', ...places], { cwd: root, encoding: 'utf8' }).split('\n')
  const sources = listed(...paths).filter(file => /^src\/.*\.tsx?$/.test(file))
  if (sources.length === 0) throw new Error(`there is no source in ${paths.join(', ')}`)
  const tests = listed('tests/unit').filter(file => file.endsWith('.test.ts'))
  const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
  const ran = await whatRan(tests, { workers: lanes, signal })
  const everywhere = listed('src').filter(file => file.endsWith('.ts'))
  const known: Known = { ran, importers: importersIn(new Map(everywhere.map(file => [file, textOf(file)]))) }
  const limitOf = (some: readonly string[]): number =>
    LIMIT_MS + SLOWER * some.reduce((sum, test) => sum + (ran.get(test)?.tookMs ?? 0), 0)
  const all = sources.flatMap(file => mutantsOf(file, textOf(file)))
  const dice = seededDice(seed, 'mutants')
  const drawn = all
    .map(mutant => ({ mutant, place: dice.number() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, sample)
    .map(({ mutant }) => mutant)
  const judge = createJudge({
    tryTests: trial => tryTests(trial, limitOf(trial.tests), signal),
    onSick: test => progress?.({ type: 'left-out', test }),
  })
  const startedMs = performance.now()
  const results: Tried[] = []
  const waiting = [...drawn]
  const lane = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if (performance.now() - startedMs > untilMs) return
      const tests = testsOf(mutant, known)
      const verdict: Tried['verdict'] = tests.length === 0 ? 'untested' : await judge.verdictOf(mutant, tests)
      const one = { mutant, verdict, why: whyOf(mutant) }
      results.push(one)
      progress?.({ type: 'tried', done: results.length, of: drawn.length, one })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return results
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

/** A line of how it goes. */
export function sayProgress(news: Progress): string {
  if (news.type === 'left-out')
    return `  left out, since it fails without a mutant: npx vitest run ${news.test}`
  return `${String(news.done).padStart(5)} of ${news.of}  ${news.one.verdict.padEnd(8)}  ${lineOf(news.one)}`
}

const HELP = `Changes the sources a little, and sees whether a test notices: npm run mutate -- [PATH]… [OPTION]…

  npm run mutate -- src/client                      a hundred mutants of a folder
  npm run mutate -- src/core/release --sample 1000  all of a small one

Each mutant is tried against the unit tests that run the very place it stands in; which those are is measured by the
first call, in some minutes, and kept in node_modules/.cache. A test that fails without the
mutant, too, is left out. Ends with 0 whatever the score is.

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
    progress: news => void process.stderr.write(`${sayProgress(news)}\n`),
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
