import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/** Each test that a page names, by its file and its title. */
const namedBy = (page: string): readonly (readonly [string, string, string])[] =>
  Array.from(
    // What a table says of siblings is behind the title, and may name further tests.
    readFileSync(`${root}/docs/${page}`, 'utf8').matchAll(
      /`(tests\/[^`]+)`: ([^|)\n]+?)\s*(?=\. Siblings: |; `tests\/|[|)\n])/g,
    ),
    ([, file = '', title = '']) => [page, file, title] as const,
  )

const NAMED = [...namedBy('security.md'), ...namedBy('siege.md')]

test('docs/security.md and docs/siege.md name tests for what they say', () => {
  expect(namedBy('security.md').length).toBeGreaterThan(30)
  expect(namedBy('siege.md').length).toBeGreaterThan(80)
})

test.each(NAMED)('docs/%s names a test that %s has: %s', (_, file, title) => {
  expect(existsSync(`${root}/${file}`)).toBe(true)
  expect(readFileSync(`${root}/${file}`, 'utf8').replaceAll('\\', '')).toContain(title)
})
