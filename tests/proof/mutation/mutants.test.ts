import { expect, test } from 'vitest'
import { lineOf, scoreOf, survivorsOf, folderOf, type Tried } from './mutate.js'
import { mutantsOf } from './mutants.js'
import { nearestTests } from './nearest-tests.js'
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

test('the tests of its own folder are tried first, and those of a server never', () => {
  const near = nearestTests([
    'tests/unit/async/lane.test.ts',
    'tests/unit/core/equal.test.ts',
    'tests/system/soak/soak.built.test.ts',
  ])
  expect(near('src/async/lane.ts')).toEqual(['tests/unit/async/lane.test.ts'])
  expect(near('src/nowhere.ts')).toEqual([])
})

test('what was read and is no bug does not lower a score', () => {
  const [mutant] = mutantsOf('src/client/client.ts', 'const a = b < c')
  const one = (verdict: Tried['verdict'], why?: string): Tried => ({ mutant: mutant!, verdict, why })
  const tried = [one('failed'), one('hung'), one('passed'), one('untested'), one('passed', 'it is the same')]
  expect(scoreOf(tried)).toEqual({ tried: 5, killed: 2, told: 1, share: 0.5 })
  expect(survivorsOf(tried)).toHaveLength(3)
  expect(lineOf(tried[3]!)).toBe('src/client/client.ts:1  <  ->  <=  (no test is near)')
  expect(folderOf(tried[0]!)).toBe('src/client')
})
