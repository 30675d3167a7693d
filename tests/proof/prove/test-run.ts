import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Violation } from './part.js'

/** What the test runner writes down, as far as it is read. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly message?: string
    readonly status: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
      readonly meta?: { readonly tried?: number }
    }[]
  }[]
}

/** What came of a file of tests. */
export interface TestRun {
  readonly passed: number
  readonly skipped: number
  /** How much its tests say that they tried; 0 where they say nothing. */
  readonly tried: number
  readonly violations: readonly Violation[]
}

/** Runs a file of the suite in a process of its own, under variables of the environment. */
export async function runTestFile(
  file: string,
  variables: Readonly<Record<string, string>>,
): Promise<TestRun> {
  const shown = Object.entries(variables).map(([name, value]) => `${name}=${value} `)
  const replay = (name: string): string =>
    `${shown.join('')}npx vitest run ${file}${name === '' ? '' : ` -t '${name}'`}`
  const report = await reportOf(file, variables)
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const violations = tests
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages: [text = 'it failed'] }) => ({
      text: `${fullName}: ${text}`,
      replay: replay(fullName),
    }))
  const broken = report.testResults.find(({ status }) => status === 'failed')
  if (violations.length === 0 && (broken !== undefined || tests.length === 0))
    violations.push({ text: `${file} did not run: ${broken?.message ?? 'no tests'}`, replay: replay('') })
  const count = (wanted: string): number => tests.filter(({ status }) => status === wanted).length
  const tried = tests.reduce((sum, { meta }) => sum + (meta?.tried ?? 0), 0)
  return { passed: count('passed'), skipped: count('skipped'), tried, violations }
}

async function reportOf(file: string, variables: Readonly<Record<string, string>>): Promise<TestReport> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-tests-'))
  const path = join(folder, 'report.json')
  try {
    const runner = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const child = spawn(
      process.execPath,
      [runner, 'run', '--retry=0', '--reporter=json', `--outputFile=${path}`, file],
      { cwd: root, stdio: 'ignore', env: { ...process.env, ...variables } },
    )
    const [code] = (await once(child, 'exit')) as [number | null]
    try {
      return JSON.parse(await readFile(path, 'utf8')) as TestReport
    } catch (error) {
      throw new Error(`the test runner ended with ${code} and without a report of ${file}`, { cause: error })
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
