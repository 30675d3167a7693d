import { expect, test } from 'vitest'
import { adaptivePullModel, hybridModel, pullModel, pushModel } from '../../../src/compare/index.js'
import { longestFirst } from '../../../src/compare/simulation/longest-first.js'

test('of several models those begin first that take longest to simulate, and the rest as they were named', () => {
  const own = { name: 'mine', strategy: pullModel().strategy }
  const models = [pullModel(), hybridModel(), own, pushModel(), adaptivePullModel()]
  expect(longestFirst([...models.entries()]).map(([index]) => index)).toEqual([2, 4, 1, 3, 0])
})
