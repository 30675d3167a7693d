import { dirname, join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { libraryEntryPoints, root, sourcesByName } from '../../../scripts/entry-points.js'
import { PIECE_OPTIONS, pagePieces } from './page-pieces.js'

/** Where the pieces are taken to stand, one folder for each page; nothing is written. */
const folderOf = (page: string): string => join(root, 'tests/system/project', `pieces of ${page}`)

const texts = new Map(
  pagePieces.flatMap(({ page, files }) =>
    Object.entries(files).map(([name, text]): [string, string] => [join(folderOf(page), name), text]),
  ),
)

/** One program of all pages, which takes the package's names for its sources. */
function compile(): ts.Program {
  const paths = Object.fromEntries(
    libraryEntryPoints().map(({ subpath, source }) => [join('noticeboard', subpath), [join(root, source)]]),
  )
  const { options, errors } = ts.convertCompilerOptionsFromJson(
    {
      ...PIECE_OPTIONS,
      paths: {
        ...paths,
        ...Object.fromEntries(Object.entries(sourcesByName()).map(([name, source]) => [name, [source]])),
      },
    },
    root,
  )
  expect(errors).toEqual([])
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile, directoryExists } = host
  const folders = pagePieces.map(({ page }) => folderOf(page))
  host.directoryExists = folder => folders.includes(folder) || directoryExists?.(folder) === true
  host.fileExists = file => texts.has(file) || fileExists(file)
  host.readFile = file => texts.get(file) ?? readFile(file)
  host.getSourceFile = (file, language, ...more) => {
    const text = texts.get(file)
    return text === undefined
      ? getSourceFile(file, language, ...more)
      : ts.createSourceFile(file, text, language)
  }
  return ts.createProgram([...texts.keys()], options, host)
}

test('every piece of TypeScript in README and on the pages beside it compiles against the sources', () => {
  const program = compile()
  for (const { page, least, pieces } of pagePieces) {
    expect(pieces, page).toBeGreaterThanOrEqual(least)
    const said = program
      .getSourceFiles()
      .filter(({ fileName }) => dirname(fileName) === folderOf(page))
      .flatMap(file => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    expect(
      ts.formatDiagnostics(said, { ...ts.sys, getNewLine: () => '\n', getCanonicalFileName: name => name }),
      page,
    ).toBe('')
  }
}, 180_000)
