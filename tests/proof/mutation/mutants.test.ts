import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { lineOf, scoreOf, survivorsOf, folderOf, type Tried } from './mutate.js'
import { importersIn } from './importers.js'
import { createJudge } from './judge.js'
import { mutantsOf } from './mutants.js'
import { telling } from './places.js'
import { testsOf, type Known } from './tests-of.js'
import { TOLD } from './told.js'
import { mutated, type Trial } from './trial.js'

const changes = (text: string): readonly string[] =>
  mutantsOf('a.ts', text).map(({ from, to }) => `${from} -> ${to}`)

test('conditions and bounds are turned round, and moved by one', () => {
  expect(changes('const a = b < c')).toEqual(['< -> <=', '< -> >='])
  expect(changes('const a = !b && c')).toEqual(['!b -> (b)', '&& -> ||'])
  expect(changes('const a = b ? c : d')).toEqual(['b -> !(b)'])
  expect(changes('if (a) b = c')).toEqual(['a -> true', 'a -> false'])
  expect(changes('const a = b ?? c')).toEqual(['b ?? c -> (c)'])
})

test('literals, methods, calls and throws are exchanged or left out', () => {
  expect(changes('const a = [true, false, 5]')).toEqual(['true -> false', 'false -> true', '5 -> (5 + 1)'])
  expect(changes('const a = b.some(c)')).toEqual(['some -> every'])
  expect(changes('await b.close()')).toEqual(['await b.close() -> ;'])
  expect(changes("throw new Error('no')")).toEqual(["throw new Error('no') -> ;"])
})

test('texts, types and imports stay as they are', () => {
  expect(changes("const a = 'b' + c")).toEqual([])
  expect(changes("import { a } from './a.js'; type B = 1 | true; let c: 5")).toEqual([])
  expect(changes('class A extends B { constructor() { super() } }')).toEqual([])
})

test('a mutant is planted where it was found, and nowhere else', () => {
  const text = 'const a = b < c\nconst d = b < c\n'
  const [, , last] = mutantsOf('a.ts', text)
  expect(last?.line).toBe(2)
  expect(mutated(text, last!)).toBe('const a = b < c\nconst d = b <= c\n')
  expect(() => mutated(`// one line more\n${text}`, last!)).toThrow('changed meanwhile')
})

test('a mutant stands in the function whose name the engine tells', () => {
  const inside = (text: string): unknown => mutantsOf('a.ts', text)[0]?.inside
  expect(inside('function a() { return b.some(() => c < d) }')).toBe('a')
  expect(inside('const a = () => b < c')).toBe('a')
  expect(inside('class A { get size() { return b < c } }')).toBe('get size')
  expect(inside('class A { #size() { return b < c } }')).toBe('#size')
  expect(inside('class A { constructor() { this.a = b < c } }')).toBe('A')
  expect(inside('const a = { b: c => c < d }')).toBe('b')
  expect(inside('const a = b < c')).toBeUndefined()
})

const NEXT = 'src/client/apply/next.ts'

/** Of each test: which places it ran, and how long it took. */
const known = (
  tests: Readonly<Record<string, readonly [Readonly<Record<string, readonly string[]>>, number?]>>,
): Known => ({
  ran: new Map(Object.entries(tests).map(([test, [places, tookMs = 10]]) => [test, { places, tookMs }])),
  importers: new Map([
    [NEXT, ['src/client/index.ts']],
    ['src/client/index.ts', ['src/cli/run.ts']],
  ]),
})

test('it is tried against tests that ran its place: those beside it first, and of these the quickest', () => {
  const [mutant] = mutantsOf(NEXT, 'function nextOf() { return b < c }')
  const place = mutant!.place!
  const tests = known({
    'tests/unit/cli/all.test.ts': [{ [NEXT]: [place, 'other:1'] }],
    'tests/unit/client/client.test.ts': [{ [NEXT]: [place] }, 20],
    'tests/unit/client/small.test.ts': [{ [NEXT]: [place] }],
    'tests/unit/client/apply/elsewhere.test.ts': [{ [NEXT]: ['nextOf:1'] }],
  })
  expect(testsOf(mutant!, tests)).toEqual([
    'tests/unit/client/small.test.ts',
    'tests/unit/client/client.test.ts',
    'tests/unit/cli/all.test.ts',
  ])
  expect(testsOf({ ...mutant!, file: 'src/nowhere.ts' }, tests)).toEqual([])
})

test('where no test ran its place, those that ran its function are tried', () => {
  const [mutant] = mutantsOf(NEXT, 'function nextOf() { return b < c }')
  const tests = known({
    'tests/unit/client/a.test.ts': [{ [NEXT]: ['nextOf:1'] }],
    'tests/unit/client/b.test.ts': [{ [NEXT]: ['next:1'] }],
  })
  expect(testsOf(mutant!, tests)).toEqual(['tests/unit/client/a.test.ts'])
})

test('what stands in no function is tried where its file is used, or handed on to who uses it', () => {
  const [mutant] = mutantsOf(NEXT, 'const a = b < c')
  const [used, loaded] = [{ [NEXT]: [':1', 'nextOf:1'] }, { [NEXT]: [':1'] }]
  const tests = { 'tests/unit/a.test.ts': [used], 'tests/unit/b.test.ts': [loaded] } as const
  expect(testsOf(mutant!, known(tests))).toEqual(['tests/unit/a.test.ts'])
  const far = { 'tests/unit/c.test.ts': [{ 'src/cli/run.ts': ['run:1'] }] } as const
  expect(testsOf(mutant!, known(far))).toEqual(['tests/unit/c.test.ts'])
})

test('tests are added as long as they take no more than three quarters of a minute together', () => {
  const [mutant] = mutantsOf(NEXT, 'function nextOf() { return b < c }')
  const ran = { [NEXT]: [mutant!.place!] }
  const slow = { 'tests/unit/a.test.ts': [ran, 100_000], 'tests/unit/b.test.ts': [ran, 200_000] } as const
  expect(testsOf(mutant!, known(slow))).toEqual(['tests/unit/a.test.ts'])
})

test('each place of a source tells that it ran, and what it does stays', () => {
  const text = `
    export function of(a) {
      if (a > 2) return 'big'
      else if (a > 1) { const b = () => a > 5 ? 1 : 'middle'; return b() }
      for (const one of [a]) if (one) return (a && 'one') || 'none'
      switch (a) { case 0: return a ?? 5 }
    }`
  const run = (a: number): readonly [unknown, number] => {
    const noticeboardRan = new Set<string>()
    const source = telling('a.ts', text).replace('export ', '')
    const of = runInNewContext(`${source}\nof`, { noticeboardRan }) as (a: number) => unknown
    const loaded = noticeboardRan.size
    return [of(a), noticeboardRan.size - loaded]
  }
  expect(run(3)).toEqual(['big', 2])
  expect(run(2)).toEqual(['middle', 6])
  expect(run(1)).toEqual(['one', 6])
  expect(run(0)).toEqual([0, 6])
})

test('a place is the same where only lines above it changed', () => {
  const places = (text: string): unknown => mutantsOf('a.ts', text).map(({ place }) => place)
  const text = 'function a() { return b < c }'
  expect(places(text)).toEqual(places(`const d = e\n${text}`))
  expect(places(text)).not.toEqual(places(text.replace('<', '>')))
  expect(places('function a(b = 5) { }')).toEqual([undefined])
})

test('who imports a source is read from the texts', () => {
  const texts = new Map([
    ['src/a/one.ts', "import { b } from '../b.js'"],
    ['src/two.ts', "export * from './b.js'"],
  ])
  expect([...importersIn(texts)]).toEqual([['src/b.ts', ['src/a/one.ts', 'src/two.ts']]])
})

test('a test that fails without a mutant notices none, and is left out', async () => {
  const [mutant] = mutantsOf('a.ts', 'const a = b < c')
  const trials: Trial[] = []
  const sick: string[] = []
  const judge = createJudge({
    tryTests: trial => {
      trials.push(trial)
      const failed = trial.tests.filter(test => test === 'sick' || (test === 'sharp' && trial.mutant))
      return Promise.resolve({
        verdict: failed.length === 0 ? 'passed' : 'failed',
        failed: failed.slice(0, 1),
      })
    },
    onSick: test => sick.push(test),
  })
  expect(await judge.verdictOf(mutant!, ['sick', 'blunt'])).toBe('passed')
  expect(await judge.verdictOf(mutant!, ['blunt', 'sharp', 'sick'])).toBe('failed')
  expect(await judge.verdictOf(mutant!, ['sick'])).toBe('passed')
  expect(sick).toEqual(['sick'])
  // Whether a test is sound is asked once.
  expect(trials.filter(({ mutant }) => mutant === undefined)).toHaveLength(2)
})

test('what was read and is no bug does not lower a score', () => {
  const [mutant] = mutantsOf('src/client/client.ts', 'const a = b < c')
  const one = (verdict: Tried['verdict'], why?: string): Tried => ({ mutant: mutant!, verdict, why })
  const tried = [one('failed'), one('hung'), one('passed'), one('untested'), one('passed', 'it is the same')]
  expect(scoreOf(tried)).toEqual({ tried: 5, killed: 2, told: 1, share: 0.5 })
  expect(survivorsOf(tried)).toHaveLength(3)
  expect(lineOf(tried[3]!)).toBe('src/client/client.ts:1  <  ->  <=  (no test runs it)')
  expect(folderOf(tried[0]!)).toBe('src/client')
})

test.each(TOLD)(
  'what is told of $file is told of a mutant that can still be made',
  ({ file, line, from, to }) => {
    const text = readFileSync(file, 'utf8')
    const lines = text.split('\n')
    const fits = mutantsOf(file, text).filter(
      mutant =>
        lines[mutant.line - 1]?.includes(line) === true &&
        (from ?? mutant.from) === mutant.from &&
        (to ?? mutant.to) === mutant.to,
    )
    expect(fits.length).toBeGreaterThan(0)
  },
)
