import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { runCommand } from './run-command.js'

/** The blocks of the page that begin with a name, by that name. */
const files = new Map(
  [
    ...readFileSync(join(root, 'docs/recipes.md'), 'utf8').matchAll(
      /^```(?:js|ts)\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm,
    ),
  ].map(([, text = '', name = '']): [string, string] => [name, text]),
)

const OPTIONS = {
  strict: true,
  target: 'es2022',
  module: 'nodenext',
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  types: ['node'],
  skipLibCheck: true,
}

/** A project with the recipes and what they are for, from the registry. */
let cwd: string

beforeAll(async () => {
  cwd = mkdtempSync(join(inject('outside'), 'recipes-'))
  cpSync(join(root, 'tests/system/packaging/projects/recipes'), cwd, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(cwd, name), text)
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module' }))
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, include: ['*.ts'] }))
  mkdirSync(join(cwd, 'config'))
  const startup = { environment: 'prod', port: 8080, pool: { size: 10 } }
  writeFileSync(join(cwd, 'config/default.json'), JSON.stringify(startup))
  const { code, stderr } = await runCommand(
    [
      'npm',
      'install',
      '--no-audit',
      '--no-fund',
      inject('tarball'),
      ...['zod@4', '@nestjs/common@11', '@nestjs/core@11', 'reflect-metadata@0.2', 'rxjs@7'],
      ...['config@4', 'convict@6', 'typescript@5.7', '@types/node@20'],
    ],
    { cwd, timeoutMs: 240_000 },
  )
  if (code !== 0) throw new Error(`installing what the recipes are for failed:\n${stderr}`)
}, 300_000)

test('the page has the files of its recipes', () => {
  expect([...files.keys()].toSorted()).toEqual([
    'convict-schema.mjs',
    'live-config.ts',
    'node-config.mjs',
    'pool.service.ts',
  ])
})

test('under NestJS a provider reads what was published last, and the client ends with the application', async () => {
  const compiled = await runCommand([process.execPath, 'node_modules/typescript/bin/tsc', '-p', '.'], { cwd })
  expect(compiled).toEqual({ code: 0, stdout: '', stderr: '' })
  expect(await runCommand([process.execPath, 'nest.js'], { cwd })).toEqual({
    code: 0,
    stdout: '10\n20\nclosed\n',
    stderr: '',
  })
})

test('beside node-config the client runs what the files say while there is no board', async () => {
  expect(await runCommand([process.execPath, 'start.mjs'], { cwd })).toEqual({
    code: 0,
    stdout: '8080 10 defaults\n',
    stderr: '',
  })
})

test('a definition of convict is a schema, whose issues name the path and no value', async () => {
  const { code, stdout, stderr } = await runCommand([process.execPath, 'convict.mjs'], { cwd })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.split('\n')).toEqual([
    '{"pool":{"size":20,"owner":"nobody"}}',
    'invalid-document pool.size: refused by the schema',
    'invalid-document pool.sise: refused by the schema',
    'invalid-document pool.size: refused by the schema; pool.owner: refused by the schema',
    'invalid-document : refused by the schema',
    '',
  ])
})
