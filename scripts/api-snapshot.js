// The public surface of every entry point, as declarations:
// `node scripts/api-snapshot.js [--check]`.
//
//   (nothing) writes docs/api-surface/<entry point>.md --check writes nothing; exits 1 when a file
//   there is not what the sources declare, and says how to update it
//
// A change of the surface is seen in a diff of these files, whatever file of `src` it was made in.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './entry-points.js'
import { entryProgram, exportsOf, original } from './entry-program.js'

const folder = 'docs/api-surface'
const printer = ts.createPrinter({ removeComments: true })

/**
 * The text of every file in docs/api-surface, by its name.
 * @returns {Map<string, string>}
 */
function apiSurface() {
  const { doors, program, options } = entryProgram()
  const declarations = createDeclarations(program, options)

  const exportedBy = doors.map(({ source }) => {
    const names = exportsOf(program, source)
    if (names === undefined) throw new Error(`${source} exports nothing`)
    return new Map(names.map(({ name, symbol }) => [name, symbol]))
  })
  const exported = new Set(exportedBy.flatMap(names => [...names.values()]))
  return new Map(
    doors.map(({ subpath }, index) => [
      `${subpath === '.' ? 'noticeboard' : subpath.slice(2).replaceAll('/', '-')}.md`,
      page(subpath, exportedBy[index] ?? new Map(), exported, declarations),
    ]),
  )
}

/**
 * @param {string} subpath
 * @param {Map<string, ts.Symbol>} names what this entry point exports
 * @param {Set<ts.Symbol>} exported what any entry point exports
 * @param {ReturnType<typeof createDeclarations>} declarations
 */
function page(subpath, names, exported, declarations) {
  const own = new Set(names.values())
  /** Types that signatures mention and nobody can import. @type {Set<ts.Symbol>} */
  const hidden = new Set()
  for (const symbol of own) {
    for (const used of declarations.usedBy(symbol)) {
      if (exported.has(used)) continue
      own.add(used)
      hidden.add(used)
    }
  }
  const title = subpath === '.' ? 'noticeboard' : `noticeboard/${subpath.slice(2)}`
  const texts = [...names]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, symbol]) => declarations.textOf(symbol))
  const more = [...hidden].map(symbol => declarations.textOf(symbol)).sort()
  return [
    `# \`${title}\``,
    '',
    `${names.size} names. Made by \`node scripts/api-snapshot.js\`.`,
    '',
    ...block(texts),
    ...(more.length === 0 ? [] : ['', 'Mentioned above, and not exported:', '', ...block(more)]),
    '',
  ].join('\n')
}

/** @param {readonly string[]} texts */
function block(texts) {
  return ['```ts', texts.join('\n\n'), '```']
}

/**
 * What the compiler would write into the `.d.ts` file of each symbol's source file.
 * @param {ts.Program} program
 * @param {ts.CompilerOptions} options
 */
function createDeclarations(program, options) {
  const checker = program.getTypeChecker()
  /** @type {Map<ts.SourceFile, { declared: ts.SourceFile, inScope: Map<string, ts.Symbol> }>} */
  const files = new Map()

  /** @param {ts.SourceFile} file */
  const read = file => {
    const known = files.get(file)
    if (known) return known
    const { outputText } = ts.transpileDeclaration(file.text, {
      fileName: file.fileName,
      compilerOptions: options,
    })
    const inScope = new Map(
      checker
        .getSymbolsInScope(file, ts.SymbolFlags.Type | ts.SymbolFlags.Value | ts.SymbolFlags.Alias)
        .map(symbol => /** @type {const} */ ([symbol.name, original(checker, symbol)]))
        .filter(([, symbol]) => symbol.declarations?.some(isOurs)),
    )
    const fresh = {
      declared: ts.createSourceFile(file.fileName, outputText, ts.ScriptTarget.Latest, true),
      inScope,
    }
    files.set(file, fresh)
    return fresh
  }

  /** The symbol's statements, and the file that they stand in. @param {ts.Symbol} symbol */
  const find = symbol => {
    const file = symbol.declarations?.[0]?.getSourceFile()
    if (!file) throw new Error(`${symbol.name} is declared nowhere`)
    const { declared, inScope } = read(file)
    const statements = declared.statements.filter(statement => namesOf(statement).includes(symbol.name))
    if (statements.length === 0) throw new Error(`${file.fileName} declares no ${symbol.name}`)
    return { statements, declared, inScope }
  }

  return {
    /** @param {ts.Symbol} symbol */
    textOf(symbol) {
      const { statements, declared } = find(symbol)
      return statements
        .map(statement => printer.printNode(ts.EmitHint.Unspecified, statement, declared))
        .map(text => text.replace(/^(export )?(declare )?/, '').replace(/;$/gm, ''))
        .map(text =>
          text.replace(/\[\n\s*\]/g, '[]').replace(/^ +/gm, indent => indent.slice(indent.length / 2)),
        )
        .join('\n')
    },
    /**
     * The symbols of this project that a declaration mentions. @param {ts.Symbol} symbol
     * @returns {ts.Symbol[]}
     */
    usedBy(symbol) {
      const { statements, inScope } = find(symbol)
      /** @type {ts.Symbol[]} */
      const used = []
      /** @param {ts.Node} node */
      const visit = node => {
        if (
          ts.isTypeReferenceNode(node) ||
          ts.isTypeQueryNode(node) ||
          ts.isExpressionWithTypeArguments(node)
        ) {
          const name = ts.isTypeReferenceNode(node)
            ? node.typeName
            : ts.isTypeQueryNode(node)
              ? node.exprName
              : node.expression
          const found = ts.isIdentifier(name) ? inScope.get(name.text) : undefined
          if (found && found !== symbol) used.push(found)
        }
        ts.forEachChild(node, visit)
      }
      statements.forEach(visit)
      return used
    },
  }
}

/** @param {ts.Node} node */
function isOurs(node) {
  return node.getSourceFile().fileName.startsWith(`${root}/src/`)
}

/**
 * The names that a statement declares. @param {ts.Statement} statement @returns {readonly string[]}
 */
function namesOf(statement) {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  const named = /** @type {{ name?: ts.Identifier }} */ (/** @type {unknown} */ (statement))
  return named.name ? [named.name.text] : []
}

/** Writes the files, or tells which are not what the sources declare. */
function main() {
  const surface = apiSurface()
  const path = `${root}/${folder}`
  if (!process.argv.includes('--check')) {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
    for (const [name, text] of surface) writeFileSync(`${path}/${name}`, text)
    return
  }
  const kept = new Map(readdirSync(path).map(name => [name, readFileSync(`${path}/${name}`, 'utf8')]))
  const changed = [...new Set([...surface.keys(), ...kept.keys()])]
    .filter(name => surface.get(name) !== kept.get(name))
    .map(name => `${folder}/${name}`)
  if (changed.length === 0) return
  process.stderr.write(
    `${changed.join('\n')}\nis not what the sources declare. If the change of the public surface is meant, ` +
      'run `node scripts/api-snapshot.js` and commit the difference.\n',
  )
  process.exitCode = 1
}

main()
