import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { runCommand } from './run-command.js'

const projects = join(inject('workspace'), 'projects/schemas')
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/** The words of an issue are the library's only where it is known not to quote values. */
const foreign = { path: 'pool.size', message: 'refused by the schema' }
const zods = { path: 'pool.size', message: 'expected at least 1' }

test.each([
  ['zod@3.24.0', 'zod.ts', { ...zods, jsonSchema: false }],
  ['zod@3', 'zod.ts', { ...zods, jsonSchema: false }],
  ['zod@4.0.0', 'zod.ts', { ...zods, jsonSchema: false }],
  ['zod@4', 'zod.ts', { ...zods, jsonSchema: true }],
  ['valibot@1', 'valibot.ts', { ...foreign, jsonSchema: false }],
  ['arktype@2', 'arktype.ts', { ...foreign, jsonSchema: true }],
])('a project with %s installs, compiles in strict mode and runs', async (library, schema, expected) => {
  // Beside the other projects, and not below them: what they installed must not be found.
  const cwd = join(inject('outside'), library.replace('@', '-'))
  mkdirSync(cwd)
  cpSync(join(projects, 'program.ts'), join(cwd, 'program.ts'))
  cpSync(join(projects, schema), join(cwd, 'schema.ts'))
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  writeFileSync(
    join(cwd, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        target: 'ES2022',
        lib: ['ES2023'],
        types: ['node'],
        module: 'nodenext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        // The declarations of the libraries are theirs; those of the package are checked in
        // typescript.test.ts.
        skipLibCheck: true,
        rootDir: '.',
        outDir: 'out',
      },
      files: ['program.ts', 'schema.ts'],
    }),
  )
  const install = await runCommand(
    ['npm', 'install', '--no-audit', '--no-fund', inject('tarball'), library, '@types/node@20'],
    { cwd },
  )
  expect(install.code, install.stderr).toBe(0)
  const compiled = await runCommand([process.execPath, tsc, '-p', 'tsconfig.json'], { cwd })
  expect(compiled.stdout).toBe('')
  const ran = await runCommand([process.execPath, 'out/program.js'], { cwd })
  expect({ ...ran, stdout: JSON.parse(ran.stdout || '{}') }).toEqual({
    code: 0,
    stdout: { ...expected, fake: 20 },
    stderr: '',
  })
})
