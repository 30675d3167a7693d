import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

const workspace = inject('workspace')
const installed = join(workspace, 'node_modules/noticeboard')
const packed = inject('packed')

test('the tarball holds the build, the demo, the licence and what to read, and nothing else', () => {
  const expected =
    /^(dist\/.+\.(js|cjs|d\.ts|d\.cts|map)|docs\/[a-z-]+\.md|examples\/(demo|configs)\/.+|vectors\.json|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/
  expect(packed.filter(path => !expected.test(path))).toEqual([])
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/cli/main.js'])
    expect(packed).toContain(path)
})

test('no packed file names a folder of the machine that built it', () => {
  const telling = packed.filter(path => readFileSync(join(installed, path), 'utf8').includes(`${root}/`))
  expect(telling).toEqual([])
})

test('zod is a peer: it is installed along, in a version that the package names, and is no dependency', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  const zod = JSON.parse(readFileSync(join(workspace, 'node_modules/zod/package.json'), 'utf8'))
  expect(manifest.peerDependencies).toEqual({ zod: '^4.0.0' })
  expect(manifest.dependencies).not.toHaveProperty('zod')
  expect(zod.version).toMatch(/^4\./)
  expect(existsSync(join(installed, 'node_modules/zod'))).toBe(false)
})

test('no built file loads zod: the library takes its types only', () => {
  const scripts = packed.filter(path => /^dist\/.*\.c?js$/.test(path))
  expect(scripts.length).toBeGreaterThan(0)
  const loading = scripts.filter(path =>
    /(from|import|require\()\s*['"]zod/.test(readFileSync(join(installed, path), 'utf8')),
  )
  expect(loading).toEqual([])
})
