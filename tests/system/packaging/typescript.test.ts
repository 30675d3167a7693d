import { cpSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { runCommand } from './run-command.js'

const workspace = inject('workspace')
const node = process.execPath
const typescript6 = join(root, 'node_modules/typescript/bin/tsc')
const typescript5 = join(workspace, 'node_modules/typescript-5/bin/tsc')

interface Mode {
  readonly title: string
  readonly type: 'module' | 'commonjs'
  readonly module: string
  readonly moduleResolution: string
}

/** Every way to resolve a package that TypeScript knows. */
const node10: Mode = {
  title: 'commonjs + node10',
  type: 'commonjs',
  module: 'commonjs',
  moduleResolution: 'node10',
}
const nodenext: Mode = {
  title: 'nodenext, ES module',
  type: 'module',
  module: 'nodenext',
  moduleResolution: 'nodenext',
}
const modes: readonly Mode[] = [
  node10,
  { title: 'node16, CommonJS', type: 'commonjs', module: 'node16', moduleResolution: 'node16' },
  { title: 'node16, ES module', type: 'module', module: 'node16', moduleResolution: 'node16' },
  { title: 'nodenext, CommonJS', type: 'commonjs', module: 'nodenext', moduleResolution: 'nodenext' },
  nodenext,
  { title: 'bundler', type: 'module', module: 'esnext', moduleResolution: 'bundler' },
]

/**
 * Compiles some files of a project in a folder of their own, checking the package's own
 * declarations too.
 */
async function compile(
  compiler: string,
  project: string,
  files: readonly string[],
  mode: Mode,
  extra: object = {},
) {
  const cwd = mkdtempSync(join(workspace, 'projects', `${project}-`))
  for (const file of files) cpSync(join(workspace, 'projects', project, file), join(cwd, file))
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: mode.type }))
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2023'],
    types: ['node'],
    module: mode.module,
    moduleResolution: mode.moduleResolution,
    esModuleInterop: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    rootDir: '.',
    outDir: 'out',
    ...extra,
  }
  writeFileSync(join(cwd, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
  const { code, stdout } = await runCommand([node, compiler, '-p', 'tsconfig.json'], { cwd })
  return { cwd, code, stdout, errors: stdout.split('\n').filter(line => line.includes('error TS')) }
}

async function compileAndRun(compiler: string, mode: Mode, extra: object = {}) {
  const { cwd, stdout } = await compile(compiler, 'typescript', ['main.ts'], mode, extra)
  expect(stdout).toBe('')
  expect(await runCommand([node, 'out/main.js'], { cwd })).toEqual({
    code: 0,
    stdout: 'typescript works\n',
    stderr: '',
  })
}

describe.concurrent('a program that uses every entry point compiles and runs', () => {
  test.each(modes)('under TypeScript 6 with $title', async mode => {
    // TypeScript 6 still knows node10, and wants to be asked.
    await compileAndRun(typescript6, mode, mode === node10 ? { ignoreDeprecations: '6.0' } : {})
  })

  test.each([node10, nodenext])('under TypeScript 5.7 with $title', async mode => {
    await compileAndRun(typescript5, mode)
  })
})

describe.concurrent('a strategy that needs notifications, over a transport that gives none', () => {
  test('compiles where the transport can watch', async () => {
    const { errors } = await compile(typescript6, 'refused', ['accepted.ts'], nodenext)
    expect(errors).toEqual([])
  })

  test.each(['hybrid.ts', 'push.ts', 'hybrid-of-two.ts'])('is refused by the compiler: %s', async file => {
    const { code, errors, stdout } = await compile(typescript6, 'refused', [file], nodenext)
    expect(code).not.toBe(0)
    expect(errors).toHaveLength(1)
    expect(stdout).toContain(`${file}(`)
    expect(stdout).toContain('watch')
  })
})
