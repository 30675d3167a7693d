import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

const textOf = (file: string): string => readFileSync(`${root}/${file}`, 'utf8')

// That docs/api-surface says what the sources export is `npm run check -- api`.
test('the root exports what a program touches, some fifty names, and each of them by name', () => {
  const names = /^(\d+) names\./m.exec(textOf('docs/api-surface/noticeboard.md'))?.[1]
  expect(Number(names)).toBeLessThanOrEqual(52)
  for (const file of ['src/index.ts', 'src/core.ts']) expect(textOf(file)).not.toContain('export *')
})
