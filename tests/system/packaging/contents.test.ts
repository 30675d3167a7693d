import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

const workspace = inject('workspace')
const installed = join(workspace, 'node_modules/noticeboard')
const packed = inject('packed')

test('the tarball holds the build, the examples, the licence and what to read, and nothing else', () => {
  const expected =
    /^(dist\/.+\.(js|cjs|d\.ts|d\.cts|map)|docs\/(api-surface\/)?[a-z-]+\.md|examples\/(?!demo-rollout|.*node_modules).+|vectors\.json|package\.json|LICENSE|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md)$/
  expect(packed.filter(path => !expected.test(path))).toEqual([])
  for (const path of ['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/cli/main.js'])
    expect(packed).toContain(path)
})

test('no packed file names a folder of the machine that built it', () => {
  const telling = packed.filter(path => readFileSync(join(installed, path), 'utf8').includes(`${root}/`))
  expect(telling).toEqual([])
})

test('zod, prom-client and a Zstandard are optional peers, and no dependencies', () => {
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  expect(manifest.peerDependencies).toEqual({
    '@bokuweb/zstd-wasm': '^0.0.27',
    'prom-client': '^15.0.0',
    zod: '^3.24.0 || ^4.0.0',
  })
  expect(manifest.peerDependenciesMeta).toEqual({
    '@bokuweb/zstd-wasm': { optional: true },
    'prom-client': { optional: true },
    zod: { optional: true },
  })
  expect(manifest.dependencies).not.toHaveProperty('zod')
  for (const peer of Object.keys(manifest.peerDependencies))
    expect(existsSync(join(installed, 'node_modules', peer)), peer).toBe(false)
})

test('no built file names zod as a module, neither to load it nor for its types', () => {
  const built = packed.filter(path => /^dist\/.*\.(c?js|d\.c?ts)$/.test(path))
  expect(built.length).toBeGreaterThan(0)
  const naming = built.filter(path =>
    // A line of an example in a doc comment names it.
    /^(?! *\*).*(from|import\(?|require\()\s*['"]zod/m.test(readFileSync(join(installed, path), 'utf8')),
  )
  expect(naming).toEqual([])
})
