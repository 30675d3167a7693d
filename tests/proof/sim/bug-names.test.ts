import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { ALL_EDITS } from './all-edits.js'
import { root, withPieces } from './bundle.js'

// Such a bug throws where it was planted, and oracles report that instead of what it is about.
test('what is planted uses no name that its source does not know', () => {
  const planted = new Map(
    ALL_EDITS.flatMap(({ name, file, replace, also = [] }, index) =>
      [{ file, replace }, ...also].map((edit, part) => [
        `${root}/${edit.file.replace(/\.ts$/, `.${index}-${part}.ts`)}`,
        { name, text: withPieces(readFileSync(`${root}/${edit.file}`, 'utf8'), { name, ...edit }) },
      ]),
    ),
  )
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    noResolve: true,
  }
  const host = ts.createCompilerHost(options)
  const read = host.getSourceFile.bind(host)
  host.getSourceFile = (path, ...more) => {
    const text = planted.get(path)?.text
    return text === undefined ? read(path, ...more) : ts.createSourceFile(path, text, ts.ScriptTarget.ES2023)
  }
  const program = ts.createProgram([...planted.keys()], options, host)
  const unknown = [...planted].flatMap(([path, { name }]) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(path))
      .filter(({ code }) => UNKNOWN_NAME.includes(code))
      .map(({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  )
  expect(unknown).toEqual([])
})

/**
 * TypeScript's "Cannot find name", alone, with what may have been meant, and of a shorthand
 * property.
 */
const UNKNOWN_NAME = [2304, 2552, 18_004]
