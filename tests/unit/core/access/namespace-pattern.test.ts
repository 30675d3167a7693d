import { expect, test } from 'vitest'
import { matchesPattern, patternProblem } from '../../../../src/core/access/namespace-pattern.js'

test.each<[string, readonly string[], readonly string[]]>([
  ['checkout/prod', ['checkout/prod'], ['checkout', 'checkout/prod/eu', 'checkout/prodx', 'xcheckout/prod']],
  ['checkout/*', ['checkout/prod', 'checkout/x'], ['checkout', 'checkout/prod/eu', 'billing/prod']],
  ['*/prod', ['checkout/prod', 'billing/prod'], ['prod', 'checkout/eu/prod', 'checkout/stage']],
  ['checkout/**', ['checkout/prod', 'checkout/eu/prod'], ['checkout', 'checkouts/prod']],
  ['*/eu/**', ['a/eu/b', 'a/eu/b/c'], ['a/eu', 'a/us/b']],
  ['*', ['checkout'], ['checkout/prod']],
  ['**', ['checkout', 'a/b/c/d'], []],
])('%s names what it says', (pattern, named, others) => {
  expect(patternProblem(pattern)).toBeUndefined()
  expect(named.filter(namespace => !matchesPattern(pattern, namespace))).toEqual([])
  expect(others.filter(namespace => matchesPattern(pattern, namespace))).toEqual([])
})

test.each([
  '',
  '**/prod',
  'check*',
  'a/**/b',
  'A/b',
  '../x',
  'a//b',
  'a/b/c/d/e',
  '***',
  'releases',
  5,
  undefined,
])('%j is no pattern', text => {
  expect(patternProblem(text)).toBeTypeOf('string')
})
