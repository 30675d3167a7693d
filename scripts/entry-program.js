import ts from 'typescript'
import { libraryEntryPoints, root } from './entry-points.js'

/**
 * The sources behind the entry points that programs import, compiled as the package is.
 *
 * @returns {{ doors: ReturnType<typeof libraryEntryPoints>, program: ts.Program, options: ts.CompilerOptions }}
 */
export function entryProgram() {
  const doors = libraryEntryPoints()
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const files = doors.map(({ source }) => `${root}/${source}`)
  return { doors, program: ts.createProgram(files, options), options }
}

/**
 * What a file exports, by the name that importers use; undefined where it is not in the program or
 * no module.
 *
 * @param {ts.Program} program
 * @param {string} source relative to the project
 * @returns {{ name: string, symbol: ts.Symbol }[] | undefined}
 */
export function exportsOf(program, source) {
  const checker = program.getTypeChecker()
  const file = program.getSourceFile(`${root}/${source}`)
  const module = file && checker.getSymbolAtLocation(file)
  return (
    module &&
    checker
      .getExportsOfModule(module)
      .map(symbol => ({ name: symbol.name, symbol: original(checker, symbol) }))
  )
}

/**
 * What a name stands for that another file may have given it.
 *
 * @param {ts.TypeChecker} checker
 * @param {ts.Symbol} symbol
 */
export function original(checker, symbol) {
  return checker.getExportSymbolOfSymbol(
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  )
}
