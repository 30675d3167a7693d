import ts from 'typescript'
import { entryPoints, root } from '../entry-points.js'

/**
 * A doc comment, in Markdown, and where it stands.
 * @typedef {object} DocComment
 * @property {string} file relative to the project
 * @property {number} line of its first words, from 1
 * @property {string} text
 */

/**
 * The doc comments of what the entry points export, and of the members of it. What stands behind
 * `@example` is left out.
 *
 * @returns {DocComment[]}
 */
export function docComments() {
  const doors = entryPoints().filter(({ subpath }) => subpath !== 'bin')
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(
    doors.map(({ source }) => `${root}/${source}`),
    options,
  )
  const checker = program.getTypeChecker()
  /** Each once, though several entry points export it. @type {Map<string, DocComment>} */
  const found = new Map()
  for (const { source } of doors) {
    const file = program.getSourceFile(`${root}/${source}`)
    const module = file && checker.getSymbolAtLocation(file)
    for (const symbol of module ? checker.getExportsOfModule(module) : []) {
      const original = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      for (const declaration of original.declarations ?? []) {
        if (!declaration.getSourceFile().fileName.startsWith(`${root}/src/`)) continue
        for (const comment of commentsIn(declaration)) found.set(`${comment.file}:${comment.line}`, comment)
      }
    }
  }
  return [...found.values()]
}

/** Of a declaration and of its members. @param {ts.Node} node @returns {DocComment[]} */
function commentsIn(node) {
  const own = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).map(asDocComment)
  /** @type {DocComment[]} */
  const below = []
  ts.forEachChild(node, child => {
    if (!ts.isBlock(child) && !ts.isJSDoc(child)) below.push(...commentsIn(child))
  })
  return [...own, ...below]
}

/** @param {ts.JSDoc} comment @returns {DocComment} */
function asDocComment(comment) {
  const file = comment.getSourceFile()
  const lines = comment
    .getText()
    .replace(/^\/\*\*/, '   ')
    .replace(/\*\/$/, '')
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
  const example = lines.findIndex(line => /^\s*@example/.test(line))
  return {
    file: file.fileName.slice(root.length + 1),
    line: file.getLineAndCharacterOfPosition(comment.getStart()).line + 1,
    text: lines
      .slice(0, example === -1 ? undefined : example)
      .map(line => line.replace(/^\s*@(?:returns|throws|remarks|defaultValue)\b/, ''))
      .join('\n'),
  }
}
