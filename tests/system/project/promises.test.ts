import { describe, expect, test } from 'vitest'
import { beginningOf, complaintsOf, keyOf, type List } from '../../../scripts/promises/list.js'
import { faultOfCommand, faultOfTest, titlesOf } from '../../../scripts/promises/names.js'
import { promisesIn } from '../../../scripts/promises/patterns.js'
import { sentencesOf } from '../../../scripts/promises/sentences.js'

const SAID = 'A client waits for at most 2 s, and never longer.'
const at = (text: string, line = 3) => ({ file: 'docs/a.md', line, text, by: promisesIn(text) })
const nothing: Parameters<typeof complaintsOf>[2] = { test: () => undefined, command: () => undefined }
const listed = (entry: object, text = SAID): List => ({
  open: 0,
  unread: {},
  promises: { 'docs/a.md': { [keyOf(text)]: { says: beginningOf(text), ...entry } } },
})
const complaints = (found: readonly ReturnType<typeof at>[], list: List, tell = nothing) =>
  complaintsOf(found, list, tell).join('\n')

describe('what is a promise', () => {
  test.each([
    ['It runs under Bun.', 'runtime'],
    ['It also runs under Node 22 and later.', 'runtime'],
    ['It takes 30 s.', 'time'],
    ['It comes a second late.', 'time'],
    ['Its mode is `0600`.', 'mode'],
    ['The folder has mode 0700.', 'mode'],
    ['`npm run demo` shows it.', 'command'],
    ['`noticeboard status` names it.', 'command'],
    ['It is never asked for twice.', 'bound'],
    ['No more than four are kept.', 'bound'],
  ])('%s is one by its %s', (text, pattern) => {
    expect(promisesIn(text)).toEqual([pattern])
  })

  test.each([
    'A second connection is made.',
    'The word `never-ends` is a name.',
    'It is published as JSON.',
    'The name is `noticeboard`.',
  ])('%s is none', text => {
    expect(promisesIn(text.replace('`never-ends`', 'never-ends'))).toEqual([])
  })
})

test('sentences of paragraphs, lists and cells have their lines; code blocks, headings and code in cells have none', () => {
  const page = [
    '# Never',
    '',
    'One is [here](a.md). It goes',
    'on, e.g. here: `a. B`. **Two** is here.',
    '- a point',
    '  of two lines. And one more',
    '```ts',
    'never()',
    '```',
    '| a | b |',
    '|---|---|',
    '| `always` takes some three words here | `tests/a.test.ts`: never goes on for long |',
  ].join('\n')
  expect(sentencesOf(page)).toEqual([
    { text: 'One is here.', line: 3 },
    { text: 'It goes on, e.g. here: `a. B`.', line: 3 },
    { text: 'Two is here.', line: 4 },
    { text: 'a point of two lines.', line: 5 },
    { text: 'And one more', line: 6 },
    { text: 'takes some three words here', line: 12 },
  ])
})

describe('the list', () => {
  test('has nothing against what is in it once', () => {
    for (const entry of [{ test: 'a' }, { command: 'a' }, { why: 'a' }])
      expect(complaints([at(SAID)], listed(entry))).toBe('')
  })

  test('tells of a new sentence with its file and line', () => {
    const found = [at(SAID), at('A server waits a minute.', 7)]
    expect(complaints(found, listed({ test: 'a' }))).toMatch(
      /^docs\/a\.md:7 {2}new, \w{8} \(time\): name in docs\/promises\.json what tries "A server waits/,
    )
  })

  test('tells of one that changed as such, with both keys', () => {
    const now = SAID.replace('2 s', '3 s')
    expect(complaints([at(now)], listed({ test: 'a' }))).toMatch(
      new RegExp(`^docs/a\\.md:3 {2}changed, ${keyOf(SAID)} is now ${keyOf(now)}: [^\\n]*$`),
    )
    // Other spaces and marks are the same sentence.
    expect(keyOf(SAID)).toBe(keyOf(`  ${SAID.replace(',', ';')} `))
  })

  test('tells of one that has vanished', () => {
    expect(complaints([], listed({ test: 'a' }))).toContain('has vanished: remove "A client waits')
  })

  test('tells of a test or a command that is not there, and of an entry that says two things or none', () => {
    const missing = { test: (name: string) => `no ${name}`, command: (name: string) => `no ${name}` }
    expect(complaints([at(SAID)], listed({ test: ['a', 'b'] }), missing)).toMatch(/no a\n.*no b$/)
    expect(complaints([at(SAID)], listed({ command: 'c' }), missing)).toMatch(/no c$/)
    expect(complaints([at(SAID)], listed({ test: 'a', why: 'b' }))).toContain('give it one of')
    expect(complaints([at(SAID)], listed({}))).toContain('give it one of')
    expect(complaints([at(SAID)], listed({ says: 'something else', why: 'b' }))).toContain('how it begins')
  })

  test('bounds what is open and what is not listed yet, and has both lowered', () => {
    const open = listed({ open: 'a' })
    expect(complaints([at(SAID)], open)).toContain('1 entries are open, and 0 may be')
    expect(complaints([at(SAID)], { ...open, open: 1 })).toBe('')
    expect(complaints([at(SAID)], { ...open, open: 2 })).toContain('"open" is 1 now: lower it')
    const unread = (count: number): List => ({ open: 0, unread: { 'docs/': count }, promises: {} })
    expect(complaints([at(SAID)], unread(1))).toBe('')
    expect(complaints([at(SAID)], unread(0))).toMatch(/1 sentences have no entry, and 0 may.*docs\/a\.md:3/)
    expect(complaints([at(SAID)], unread(2))).toContain('is 1 now: lower it')
  })
})

test('titles are those of tests and groups, with what is filled in', () => {
  const source = "describe('a', () => { test.each([[1]])('b %i', () => f('c')); it(`d ${e}`, run) })"
  expect([...titlesOf(source)]).toEqual(['a', 'b %i', 'd ${e}'])
})

test('a test that was renamed is found, and so is a file or a command that is gone', () => {
  const file = 'tests/system/project/promises.test.ts'
  expect(faultOfTest(`${file} > tells of one that has vanished`)).toBeUndefined()
  expect(faultOfTest(`${file} > tells of one that is gone`)).toMatch(/has no test of the title/)
  expect(faultOfTest('tests/gone.test.ts > a')).toMatch(/no file of tests/)
  for (const name of ['.ci/run: demo', 'npm run bench -- --quick', 'benchmarks/main.js'])
    expect(faultOfCommand(name)).toBeUndefined()
  for (const name of ['.ci/run: dem', 'npm run gone', 'benchmarks/gone.js'])
    expect(faultOfCommand(name)).toBeDefined()
})
