// Every exported function of an entry point, and every method of the objects that programs hold,
// has an example in its doc comment, and every example in a doc comment of `src` compiles against
// the sources. Prints `file:line  what is wrong`, and exits 1 when there is anything to print.
import { dirname, relative } from 'node:path'
import ts from 'typescript'
import { libraryEntryPoints, root } from './entry-points.js'
import { exportsOf as exportsOfFile } from './entry-program.js'

/**
 * An example, and where it stands.
 * @typedef {object} Example
 * @property {ts.SourceFile} file
 * @property {number} start its first character there
 * @property {string} code
 */

/** Codes of the compiler for a name that nothing declares. */
const NOT_FOUND = new Set([2304, 2552, 2582, 2584, 2593, 18004])

/**
 * The objects that programs hold, by the name that the examples beside them give them. Each of their
 * methods shows a use of itself, and an example in the file of one finds it under that name.
 */
const OBJECTS = new Map([
  ['client', 'Client'],
  ['publisher', 'Publisher'],
  ['rollout', 'Rollout'],
  ['controller', 'Controller'],
  ['server', 'Server'],
  ['handler', 'Handler'],
  ['tokens', 'TokenFolder'],
])

/**
 * What is no fault of an example: a package that is not installed here, and what is inferred of
 * something given.
 */
const isExcused = (/** @type {string} */ message) =>
  /^Cannot find module '(?!\.|noticeboard)/.test(message) || /'unknown'/.test(message)

const config = ts.readConfigFile(`${root}/tsconfig.tests.json`, ts.sys.readFile).config
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
const doors = libraryEntryPoints()

const sources = ts.createProgram(ts.sys.readDirectory(`${root}/src`, ['.ts', '.tsx']), {
  ...options,
  noEmit: true,
})
const checker = sources.getTypeChecker()
const functionHomes = filesOfFunctions()
const complaints = [...withoutExample(), ...notCompiling(examples())]
if (complaints.length > 0) {
  process.stdout.write(`${complaints.toSorted().join('\n')}\n`)
  process.exitCode = 1
}

/** Exported functions that show no use of themselves. @returns {string[]} */
function withoutExample() {
  /** @type {Map<ts.Symbol, string>} */
  const missing = new Map()
  for (const { subpath, source } of doors) {
    for (const { name, symbol } of exportsOf(source)) {
      const declaration = symbol.valueDeclaration
      if (declaration === undefined || !isCallable(symbol, declaration) || showsUse(declaration)) continue
      const place = placeOf(declaration.getSourceFile(), declaration.getStart())
      missing.set(symbol, `${place}  ${name}, exported by ${subpath}, has no example in its doc comment`)
    }
  }
  return [...missing.values(), ...methodsWithoutExample()]
}

/** Methods of {@link OBJECTS} that show no use of themselves. @returns {string[]} */
function methodsWithoutExample() {
  /** @type {Set<string>} */
  const missing = new Set()
  const objects = new Set(OBJECTS.values())
  for (const { name, symbol } of doors.flatMap(({ source }) => exportsOf(source))) {
    if (!objects.has(name)) continue
    for (const member of symbol.members?.values() ?? []) {
      const declaration = member.declarations?.[0]
      if (declaration === undefined || !ts.isMethodSignature(declaration)) continue
      if (!ts.isIdentifier(declaration.name) || showsUse(declaration)) continue
      const place = placeOf(declaration.getSourceFile(), declaration.getStart())
      missing.add(`${place}  ${name}.${member.name}() has no example in its doc comment`)
    }
  }
  return [...missing]
}

/** Whether the doc comment has an example. @param {ts.Declaration} declaration */
function showsUse(declaration) {
  return ts.getJSDocCommentsAndTags(declaration).some(comment => comment.getText().includes('```ts'))
}

/** @param {ts.Symbol} symbol @param {ts.Declaration} declaration */
function isCallable(symbol, declaration) {
  if (ts.isFunctionDeclaration(declaration)) return true
  return (
    ts.isVariableDeclaration(declaration) && checker.getTypeOfSymbol(symbol).getCallSignatures().length > 0
  )
}

/** What a file exports, by the name that importers use. @param {string} source */
function exportsOf(source) {
  return exportsOfFile(sources, source) ?? []
}

/** The files of the sources that export each function. @returns {Map<string, string[]>} */
function filesOfFunctions() {
  /** @type {Map<string, string[]>} */
  const homes = new Map()
  for (const file of sources.getSourceFiles().filter(isOurs)) {
    for (const statement of file.statements) {
      if (!ts.isFunctionDeclaration(statement) || statement.name === undefined) continue
      if (!statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue
      const { text } = statement.name
      homes.set(text, [...(homes.get(text) ?? []), file.fileName])
    }
  }
  return homes
}

/** @param {ts.SourceFile} file */
function isOurs({ fileName }) {
  return fileName.startsWith(`${root}/src/`)
}

/** The examples of all doc comments. @returns {Example[]} */
function examples() {
  return sources
    .getSourceFiles()
    .filter(isOurs)
    .flatMap(file =>
      [...file.text.matchAll(/^([ \t]*)\* ```ts\n([^]*?)^[ \t]*\* ```$/gm)].map(match => ({
        file,
        start: match.index + match[0].indexOf('\n') + 1,
        code: (match[2] ?? '').replaceAll(/^[ \t]*\* ?/gm, ''),
      })),
    )
}

/**
 * What the compiler finds in examples. Each is a module beside the file that it stands in, and sees
 * what that file and the entry points export; what it takes as given may be anything.
 *
 * @param {Example[]} all
 * @returns {string[]}
 */
function notCompiling(all) {
  /** The import path of each name that an entry point exports. @type {Map<string, string>} */
  const publicly = new Map()
  for (const { subpath, source } of doors) {
    for (const { name } of exportsOf(source)) if (!publicly.has(name)) publicly.set(name, subpath)
  }
  /** @type {Map<string, { example: Example, head: string }>} */
  const modules = new Map()
  for (const [index, example] of all.entries()) {
    const path = `${dirname(example.file.fileName)}/example-${index}.ts`
    modules.set(path, { example, head: importsOf(example, publicly) })
  }
  const given = namesNotFound(diagnosticsOf(modules))
  for (const [path, names] of given) {
    const made = modules.get(path)
    if (made) made.head += [...names].map(name => givenTo(made.example, name)).join('')
  }
  return [...diagnosticsOf(modules)].flatMap(([path, found]) => {
    const { example, head } = /** @type {{ example: Example, head: string }} */ (modules.get(path))
    return found.flatMap(({ start = 0, messageText }) => {
      const message = ts.flattenDiagnosticMessageText(messageText, ' ')
      if (isExcused(message)) return []
      const line = textOf({ example, head }).slice(0, start).split('\n').length - 1
      const { line: first } = example.file.getLineAndCharacterOfPosition(example.start)
      const where = relative(root, example.file.fileName)
      return `${where}:${first + 1 + line}  ${message}`
    })
  })
}

/**
 * What an example uses and does not import: a function that it calls and one file of the sources
 * exports is that function, and anything else is taken as given.
 *
 * @param {Example} example @param {string} name @returns {string}
 */
function givenTo(example, name) {
  const isCalled = new RegExp(String.raw`(?<![\w.])${name}\(`).test(example.code)
  const [home, ...others] = (isCalled && functionHomes.get(name)) || []
  if (home === undefined || others.length > 0) return `declare let ${name}: ${typeGiven(name, example)};`
  const from = relative(dirname(example.file.fileName), home).replace(/\.tsx?$/, '.js')
  return `import { ${name} } from '${from.startsWith('.') ? from : `./${from}`}';`
}

/**
 * The type of what an example takes as given: one of {@link OBJECTS} in the file that declares it,
 * and anything elsewhere. @param {string} name @param {Example} example
 */
function typeGiven(name, { file: { fileName } }) {
  const type = OBJECTS.get(name)
  const declared = exportsOf(relative(root, fileName)).find(({ name: own }) => own === type)?.symbol
  if (declared === undefined) return 'any'
  const { typeParameters } = /** @type {ts.InterfaceType} */ (checker.getDeclaredTypeOfSymbol(declared))
  return `import('./${baseOf(fileName)}.js').${type}${typeParameters === undefined ? '' : '<any>'}`
}

/**
 * Imports, on one line, of what an example names. @param {Example} example
 * @param {Map<string, string>} publicly
 */
function importsOf({ file, code }, publicly) {
  const parsed = ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true)
  const declared = new Set(namesDeclaredBy(parsed))
  const own = new Set(exportsOf(relative(root, file.fileName)).map(({ name }) => name))
  const lines = [...new Set(identifiersOf(parsed))]
    .filter(name => !declared.has(name))
    .flatMap(name => {
      if (own.has(name)) return [`import { ${name} } from './${baseOf(file.fileName)}.js';`]
      const subpath = publicly.get(name)
      return subpath === undefined ? [] : [`import { ${name} } from 'noticeboard${subpath.slice(1)}';`]
    })
  return `${lines.join('')}export {};`
}

/** @param {string} path a file of `src` */
function baseOf(path) {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.tsx?$/, '')
}

/** Names that stand for values, not for members. @param {ts.Node} node @returns {string[]} */
function identifiersOf(node) {
  if (ts.isPropertyAccessExpression(node)) return identifiersOf(node.expression)
  if (ts.isPropertyAssignment(node)) return identifiersOf(node.initializer)
  if (ts.isIdentifier(node)) return [node.text]
  /** @type {string[]} */
  const names = []
  ts.forEachChild(node, child => void names.push(...identifiersOf(child)))
  return names
}

/**
 * Names that an example declares itself, anywhere in it. @param {ts.Node} node @returns {string[]}
 */
function namesDeclaredBy(node) {
  /** @type {string[]} */
  const names = []
  if (
    'name' in node &&
    node.name &&
    ts.isIdentifier(/** @type {ts.Node} */ (node.name)) &&
    isDeclaration(node)
  )
    names.push(/** @type {ts.Identifier} */ (node.name).text)
  ts.forEachChild(node, child => void names.push(...namesDeclaredBy(child)))
  return names
}

/** @param {ts.Node} node */
function isDeclaration(node) {
  return (
    ts.isVariableDeclaration(node) ||
    ts.isBindingElement(node) ||
    ts.isParameter(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isImportSpecifier(node) ||
    ts.isImportClause(node) ||
    ts.isNamespaceImport(node)
  )
}

/**
 * What the compiler says of each module that does not compile.
 * @param {Map<string, { example: Example, head: string }>} modules
 * @returns {Map<string, readonly ts.Diagnostic[]>}
 */
function diagnosticsOf(modules) {
  const compilerOptions = {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    exactOptionalPropertyTypes: false,
    verbatimModuleSyntax: false,
    noImplicitReturns: false,
  }
  const host = ts.createCompilerHost(compilerOptions)
  const { getSourceFile, fileExists } = host
  host.fileExists = path => modules.has(path) || fileExists(path)
  host.getSourceFile = (path, language, ...rest) => {
    const made = modules.get(path)
    if (made) return ts.createSourceFile(path, textOf(made), language)
    return sources.getSourceFile(path) ?? getSourceFile(path, language, ...rest)
  }
  const program = ts.createProgram([...modules.keys()], compilerOptions, host)
  /** @type {Map<string, readonly ts.Diagnostic[]>} */
  const found = new Map()
  for (const path of modules.keys()) {
    const file = program.getSourceFile(path)
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    if (diagnostics.length > 0) found.set(path, diagnostics)
  }
  return found
}

/** A module as it is compiled. @param {{ example: Example, head: string }} module */
function textOf({ example: { code }, head }) {
  // A piece of a function may return and yield.
  return /^(import|export) /m.test(code) ? head + code : `${head}async function* example() {${code}}`
}

/**
 * @param {Map<string, readonly ts.Diagnostic[]>} diagnostics @returns {Map<string, Set<string>>} by
 * module
 */
function namesNotFound(diagnostics) {
  return new Map(
    [...diagnostics].map(([path, found]) => [
      path,
      new Set(
        found
          .filter(({ code }) => NOT_FOUND.has(code))
          .map(
            ({ messageText }) =>
              /'([^']+)'/.exec(ts.flattenDiagnosticMessageText(messageText, ' '))?.[1] ?? '',
          ),
      ),
    ]),
  )
}

/** @param {ts.SourceFile} file @param {number} position */
function placeOf(file, position) {
  const { line } = file.getLineAndCharacterOfPosition(position)
  return `${relative(root, file.fileName)}:${line + 1}`
}
