import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { tmpdir } from 'node:os'
import ts from 'typescript'
import { afterEach, describe, expect, test } from 'vitest'
import { complaintsOf, valueSaid } from '../../../scripts/check-defaults.js'
import { root } from '../../../scripts/entry-points.js'

describe('what a doc comment says as a default', () => {
  test.each([
    ['/** How often. Default 30,000. */', 30_000],
    ['/** How often. Default 0.1; less is more. */', 0.1],
    ['/** How much. Default 1 MiB (1,048,576 bytes). */', 1_048_576],
    ['/** The mode. Default 0o600. */', 0o600],
    ['/** The address. Default `127.0.0.1`: this machine alone. */', '127.0.0.1'],
    ['/** Whether. Default false: it is refused. */', false],
    ['/** The longest. Default `Infinity`; nothing is too long. */', Number.POSITIVE_INFINITY],
    ['/** Whose. Default: none, and 5 of them. */', undefined],
    ['/** Used by default. */', undefined],
  ])('%s', (comment, value) => {
    expect(valueSaid(comment)).toBe(value)
  })
})

describe('the defaults of options', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })

  /** What is complained about in one module, without its place. */
  function complaintsIn(code: string): readonly string[] {
    const folder = mkdtempSync(join(tmpdir(), 'noticeboard-defaults-'))
    folders.push(folder)
    const file = join(folder, 'options.ts')
    writeFileSync(file, code)
    const program = ts.createProgram([file], { strict: true, noLib: true, types: [] })
    return complaintsOf(program, [relative(root, file)]).map(text => text.replace(/^\S+ {2}/, ''))
  }

  const optionsOf = (comment: string) => `export interface Options {
    /** ${comment} */
    readonly waitMs?: number
  }
  `

  test.each([
    'export function f({ waitMs = 5_000 }: Options): number { return waitMs }',
    'export function f(options: Options): number { const { waitMs: ms = 5_000 } = options; return ms }',
    'export function f(options: Options): number { return options.waitMs ?? 5_000 }',
    'export function f({ waitMs }: Options): number { return waitMs ?? 5_000 }',
    'const WAIT = { ms: 5 * 1_000 }; export function f({ waitMs = WAIT.ms }: Options): number { return waitMs }',
  ])('are those of the code: %s', code => {
    expect(complaintsIn(optionsOf('How long. Default 5,000.') + code)).toEqual([])
    expect(complaintsIn(optionsOf('How long. Default 4,000.') + code)).toEqual([
      'Options.waitMs says "Default 4000", and the code has 5000',
    ])
  })

  test('are said for what may be left out', () => {
    expect(complaintsIn(optionsOf('How long.'))).toEqual([
      'Options.waitMs may be left out, and its doc comment does not say "Default …"',
    ])
    expect(complaintsIn(optionsOf('How long. Default: for ever.'))).toEqual([])
  })

  test('are in the code where a value is said', () => {
    expect(complaintsIn(optionsOf('How long. Default 5,000.'))).toEqual([
      'Options.waitMs says "Default 5000", and no value is found in the code',
    ])
  })
})
