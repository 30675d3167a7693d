// Which files of `src` import each other in a circle, also by types alone: such files cannot be
// read, tested or moved one without the others.
import { posix } from 'node:path'
import ts from 'typescript'

/**
 * An import that a file writes, of whatever kind: a value or a type, re-exported, by `import()` or
 * as a type.
 * @typedef {object} Import
 * @property {string} specifier
 * @property {ts.Node} node
 */

/**
 * Every import of a source file whose module is named by a literal, in order.
 * @param {ts.SourceFile} source
 * @returns {Import[]}
 */
export function importsOf(source) {
  /** @type {Import[]} */
  const found = []
  /** @param {ts.Node} node */
  const visit = node => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      found.push({ node, specifier: /** @type {ts.StringLiteral} */ (node.moduleSpecifier).text })
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      const { literal } = node.argument
      if (ts.isStringLiteral(literal)) found.push({ node, specifier: literal.text })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments
      if (argument && ts.isStringLiteralLike(argument)) found.push({ node, specifier: argument.text })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

/**
 * The file that a relative import names, from the project's root; undefined for a package.
 * @param {string} file the importing one
 * @param {string} specifier
 */
export function fileOf(file, specifier) {
  if (!specifier.startsWith('.')) return undefined
  return posix.normalize(posix.join(posix.dirname(file), specifier)).replace(/\.js$/, '.ts')
}

/**
 * One circle of each knot of files that import each other, the shortest through the knot's first
 * file. A circle names each file once; the last imports the first.
 * @param {ReadonlyMap<string, readonly string[]>} imports what each file imports
 * @returns {string[][]}
 */
export function circlesOf(imports) {
  /** @type {string[][]} */
  const circles = []
  /** @type {Set<string>} */
  const knotted = new Set()
  for (const file of [...imports.keys()].sort()) {
    if (knotted.has(file)) continue
    const circle = shortestWayBack(file, imports)
    if (circle === undefined) continue
    circles.push(circle)
    const back = reachableFrom(file, reversed(imports))
    for (const other of reachableFrom(file, imports)) if (back.has(other)) knotted.add(other)
  }
  return circles
}

/**
 * @param {string} start
 * @param {ReadonlyMap<string, readonly string[]>} imports
 * @returns {string[] | undefined}
 */
function shortestWayBack(start, imports) {
  /** @type {string[][]} */
  const ways = [[start]]
  const seen = new Set([start])
  for (const way of ways) {
    for (const next of imports.get(way.at(-1) ?? start) ?? []) {
      if (next === start) return way
      if (seen.has(next)) continue
      seen.add(next)
      ways.push([...way, next])
    }
  }
  return undefined
}

/**
 * @param {string} start
 * @param {ReadonlyMap<string, readonly string[]>} imports
 */
function reachableFrom(start, imports) {
  const found = new Set([start])
  for (const file of found) for (const next of imports.get(file) ?? []) found.add(next)
  return found
}

/** @param {ReadonlyMap<string, readonly string[]>} imports */
function reversed(imports) {
  /** @type {Map<string, string[]>} */
  const importers = new Map()
  for (const [file, imported] of imports) {
    for (const other of imported) importers.set(other, [...(importers.get(other) ?? []), file])
  }
  return importers
}
