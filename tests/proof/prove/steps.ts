import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Part, Violation } from './part.js'

const FOLDER = 'tests/proof/steps'

/** What the test runner writes down of a file, as far as it is read. */
interface TestReport {
  readonly testResults: readonly {
    readonly message?: string
    readonly status: 'passed' | 'failed'
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
      readonly meta?: { readonly tried?: number }
    }[]
  }[]
}

/** Something that happens at each await of each operation, one after another. */
export const steps: Part = {
  name: 'steps',
  what: 'awaits',
  settings: [],
  async run({ progress, show }) {
    const files = (await readdir(join(root, FOLDER))).filter(name => name.endsWith('.test.ts')).toSorted()
    const violations: Violation[] = []
    const byFile: Record<string, number> = {}
    for (const [index, file] of files.entries()) {
      const { testResults } = await runFile(`${FOLDER}/${file}`)
      const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
      byFile[file] = tests.reduce((sum, { meta }) => sum + (meta?.tried ?? 0), 0)
      const replay = (name: string): string =>
        `NOTICEBOARD_AWAITS=all npx vitest run --project source ${FOLDER}/${file} -t '${name}'`
      const own = tests
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages: [text = 'it failed'] }) => ({
          text: `${fullName}: ${text}`,
          replay: replay(fullName),
        }))
      const isBroken = testResults.length === 0 || testResults.some(({ status }) => status === 'failed')
      if (isBroken && own.length === 0)
        own.push({ text: `${file} did not run: ${testResults[0]?.message ?? ''}`, replay: replay('') })
      own.forEach(show)
      violations.push(...own)
      progress(index + 1, files.length)
    }
    const tried = Object.values(byFile).reduce((sum, count) => sum + count, 0)
    return { tried, violations, figures: { byFile } }
  },
}

async function runFile(file: string): Promise<TestReport> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-steps-'))
  const report = join(folder, 'report.json')
  try {
    const runner = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const options = ['--project', 'source', '--reporter', 'json', '--outputFile', report]
    const child = spawn(process.execPath, [runner, 'run', ...options, file], {
      cwd: root,
      stdio: 'ignore',
      env: { ...process.env, NOTICEBOARD_AWAITS: 'all' },
    })
    await once(child, 'exit')
    return JSON.parse(await readFile(report, 'utf8')) as TestReport
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
