import { readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { apiSurface } from '../../../scripts/api-snapshot.js'
import { root } from '../../../scripts/entry-points.js'

const folder = `${root}/docs/api-surface`
const surface = apiSurface()

test('docs/api-surface has a page for each entry point and no other', () => {
  expect(readdirSync(folder).sort()).toEqual([...surface.keys()].sort())
})

test.each([...surface])(
  'the public surface is what docs/api-surface/%s says; `node scripts/api-snapshot.js` updates it',
  (name, text) => {
    expect(text).toBe(readFileSync(`${folder}/${name}`, 'utf8'))
  },
)

test('the root exports what a program touches, some fifty names, and each of them by name', () => {
  const names = /^(\d+) names\./m.exec(surface.get('noticeboard.md') ?? '')?.[1]
  expect(Number(names)).toBeLessThanOrEqual(52)
  for (const file of ['src/index.ts', 'src/core.ts']) {
    expect(readFileSync(`${root}/${file}`, 'utf8')).not.toContain('export *')
  }
})
