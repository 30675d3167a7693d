import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/** Each test that the page names, by its file and its title. */
const NAMED = [
  ...readFileSync(`${root}/docs/security.md`, 'utf8').matchAll(/`(tests\/[^`]+)`: ([^|)\n]+?)\s*(?=[|)\n])/g),
].map(([, file = '', title = '']) => [file, title] as const)

test('docs/security.md names tests for what it says', () => {
  expect(NAMED.length).toBeGreaterThan(30)
})

test.each(NAMED)('%s has the test that docs/security.md names: %s', (file, title) => {
  expect(existsSync(`${root}/${file}`)).toBe(true)
  expect(readFileSync(`${root}/${file}`, 'utf8').replaceAll('\\', '')).toContain(title)
})
