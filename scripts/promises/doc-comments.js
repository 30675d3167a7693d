import ts from 'typescript'
import { root } from '../entry-points.js'
import { entryProgram, exportsOf } from '../entry-program.js'

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
  const { doors, program } = entryProgram()
  /** Each once, though several entry points export it. @type {Map<string, DocComment>} */
  const found = new Map()
  for (const { symbol } of doors.flatMap(({ source }) => exportsOf(program, source) ?? [])) {
    for (const declaration of symbol.declarations ?? []) {
      if (!declaration.getSourceFile().fileName.startsWith(`${root}/src/`)) continue
      for (const comment of commentsIn(declaration)) found.set(`${comment.file}:${comment.line}`, comment)
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
