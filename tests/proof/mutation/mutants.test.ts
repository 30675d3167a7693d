import { expect, test } from 'vitest'
import { lineOf, scoreOf, survivorsOf, folderOf, type Tried } from './mutate.js'
import { mutantsOf } from './mutants.js'
import { testsOf } from './tests-of.js'
import { mutated } from './trial.js'

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

test('it is tried against tests that ran its function: those beside it first, and of these the smallest', () => {
  const ran = new Map([
    ['tests/unit/cli/all.test.ts', { 'src/client/apply/next.ts': ['nextOf', 'other'] }],
    ['tests/unit/client/client.test.ts', { 'src/client/apply/next.ts': ['nextOf'], 'src/a.ts': ['a'] }],
    ['tests/unit/client/small.test.ts', { 'src/client/apply/next.ts': ['nextOf'] }],
    ['tests/unit/client/apply/loads.test.ts', { 'src/client/apply/next.ts': ['other'] }],
  ])
  const [mutant] = mutantsOf('src/client/apply/next.ts', 'function nextOf() { return b < c }')
  expect(testsOf(mutant!, ran)).toEqual([
    'tests/unit/client/small.test.ts',
    'tests/unit/client/client.test.ts',
    'tests/unit/cli/all.test.ts',
  ])
  expect(testsOf({ ...mutant!, inside: undefined }, ran)).toHaveLength(4)
  expect(testsOf({ ...mutant!, file: 'src/nowhere.ts' }, ran)).toEqual([])
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
