import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { root } from './bundle.js'
import { GUARD_BUGS, titlePatternOf } from './guard-bugs.js'

/** How one case of a test ended; of the bug `none`, over the sources as they are. */
interface Ended {
  readonly bug: string
  readonly title: string
  readonly state: 'passed' | 'failed' | 'skipped'
}

const only = process.env['NOTICEBOARD_GUARDS']?.split(',')
const chosen = GUARD_BUGS.filter(({ name }) => only?.includes(name) ?? true)
const isRoot = process.geteuid?.() === 0
const bugs = chosen.filter(({ noticedBy }) => isRoot || noticedBy.as !== 'root')

const child = spawn(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    join(root, 'tests/proof/sim/guarded.vitest.config.ts'),
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
)
let said = ''
child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk}`.slice(-4_000)))
const ended: Ended[] = []
createInterface({ input: child.stdout }).on('line', line => {
  if (line.startsWith('{"bug":')) ended.push(JSON.parse(line) as Ended)
})
await once(child, 'close')

/** How the cases of a test ended that ran at all. */
const endsOf = (bug: string, title: string): readonly string[] =>
  ended
    .filter(one => one.bug === bug && new RegExp(titlePatternOf(title)).test(one.title))
    .flatMap(({ state }) => (state === 'skipped' ? [] : [state]))

// A test that did not run, or whose file could not be read, has noticed nothing.
test.each(bugs)('$name is noticed', ({ name, noticedBy }) => {
  expect(endsOf(name, noticedBy.title), `${noticedBy.title}\n${said}`).toContain('failed')
})

test('the same tests notice nothing in the source as it is', () => {
  for (const { noticedBy } of bugs)
    expect([noticedBy.title, ...new Set(endsOf('none', noticedBy.title))]).toEqual([
      noticedBy.title,
      'passed',
    ])
})
