import { writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, inject, test } from 'vitest'
import { bundledPage } from '../../../benchmarks/client/bundle.js'
import { runCommand } from './run-command.js'

const project = join(inject('workspace'), 'projects/browser')

const bundle = () =>
  build({
    entryPoints: [join(project, 'main.js')],
    absWorkingDir: project,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })

test('a browser bundle of every portable entry point names nothing of Node', async () => {
  const { metafile, warnings } = await bundle()
  const named = Object.entries(metafile.inputs).flatMap(([file, input]) => [
    file,
    ...input.imports.map(({ path }) => path),
  ])
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(name => name.startsWith('node:') || builtinModules.includes(name))).toEqual([])
  expect(warnings).toEqual([])
})

/** Takes away what browsers do not have, then runs the bundle and writes down what it answers. */
const browserLike = `
  const write = process.stdout.write.bind(process.stdout)
  for (const name of ['process', 'Buffer', 'global', 'setImmediate', 'clearImmediate']) delete globalThis[name]
  const { main } = await import('./bundle.mjs')
  write(JSON.stringify(await main()))
`

test('the bundle runs a client where there is no process, no Buffer and no require', async () => {
  const { outputFiles } = await bundle()
  writeFileSync(join(project, 'bundle.mjs'), outputFiles[0]?.contents ?? '')
  writeFileSync(join(project, 'browser-like.mjs'), browserLike)
  const result = await runCommand([process.execPath, 'browser-like.mjs'], { cwd: project })
  expect(result).toEqual({
    code: 0,
    stdout: JSON.stringify({ size: 20, functions: Array.from({ length: 6 }, () => 'function') }),
    stderr: '',
  })
})

/** A client that pulls over fetch, as a page ships it. */
const pullingClient = (): Promise<Uint8Array> => bundledPage(project)

test('a client that pulls over fetch is less than 50 KB in a browser bundle, compressed', async () => {
  expect(gzipSync(await pullingClient()).length).toBeLessThan(50_000)
})

test('a client in a browser carries no store, no publisher and no reader of pin files', async () => {
  const text = new TextDecoder().decode(await pullingClient())
  // What clients do is there, so the rest is looked for in the right text.
  expect(text).toContain('release.json')
  expect(text).toContain('~reports')
  for (const foreign of ['~history', '~releases', 'a comma stands before', 'ifVersion'])
    expect(text).not.toContain(foreign)
})
