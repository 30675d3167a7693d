import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/** Of a copy of the sources: each piece that is replaced, and what is complained about then. */
const BROKEN = [
  {
    file: 'src/strategies/pull.ts',
    from: 'pollIntervalMs: ',
    to: 'pollIntervallMs: ',
    complaint: /^src\/strategies\/pull\.ts:\d+ {2}.*'pollIntervallMs' does not exist/,
  },
  {
    file: 'src/strategies/on-demand.ts',
    from: '```ts',
    to: '```',
    complaint: /^src\/strategies\/on-demand\.ts:\d+ {2}.* has no example in its doc comment$/,
  },
] as const

test('every exported function has an example, and every example compiles', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-examples-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of ['src', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.tests.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const { file, from, to } of BROKEN) {
    const source = readFileSync(join(folder, file), 'utf8')
    // The first that stands in an example.
    const at = source.indexOf(from, source.indexOf('```ts'))
    expect(at, file).toBeGreaterThan(0)
    writeFileSync(join(folder, file), source.slice(0, at) + to + source.slice(at + from.length))
  }

  const { status, text } = await checked(folder)

  // These and no others, so that in the sources as they are nothing is wrong.
  const lines = text.trimEnd().split('\n')
  for (const { complaint } of BROKEN) expect.soft(lines).toContainEqual(expect.stringMatching(complaint))
  expect(lines.filter(line => !BROKEN.some(({ complaint }) => complaint.test(line)))).toEqual([])
  expect(status).toBe(1)
})

/** Runs the check of a copy. Resolves with its exit status and what it printed. */
function checked(folder: string): Promise<{ readonly status: unknown; readonly text: string }> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [join(folder, 'scripts/check-examples.js')],
      { cwd: folder },
      (error, stdout, stderr) => resolve({ status: error?.code ?? 0, text: stdout + stderr }),
    )
  })
}
