import { createHash } from 'node:crypto'
import ts from 'typescript'
import { nameOf } from './function-name.js'

/** A piece of a source that runs or is passed over as a whole: a statement, a branch, an arrow. */
export interface Place {
  readonly start: number
  readonly end: number
  /** The function that it stands in, as {@link nameOf} calls it; undefined for what is in none. */
  readonly inside: string | undefined
  /** The same for the same text in the same function, wherever it stands. */
  readonly key: string
  /** What is put around it so that it tells that it ran, where `tell` is the telling. */
  readonly around: (tell: string) => readonly [before: string, after: string]
}

const asStatement: Place['around'] = tell => [`${tell};`, '']
const asBlock: Place['around'] = tell => [`{${tell};`, '}']
const asExpression: Place['around'] = tell => [`(${tell}, `, ')']

/** The places of a source; one that holds another comes before it. */
export function placesOf(source: ts.SourceFile): readonly Place[] {
  const found: Place[] = []
  const visit = (node: ts.Node, outside: string | undefined): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    const around = aroundOf(node)
    if (around !== undefined) {
      const text = node.getText(source)
      const hash = createHash('sha256').update(text.replaceAll(/\s+/g, '')).digest('hex').slice(0, 10)
      const key = `${outside ?? ''}:${hash}`
      found.push({ start: node.getStart(source), end: node.getEnd(), inside: outside, key, around })
    }
    const inside = nameOf(node, source) ?? outside
    ts.forEachChild(node, child => visit(child, inside))
  }
  visit(source, undefined)
  return found
}

/** The innermost place around a character of a source. */
export function placeAt(places: readonly Place[], offset: number): Place | undefined {
  return places.findLast(({ start, end }) => start <= offset && offset < end)
}

/**
 * A source whose places tell that they ran: to `globalThis.noticeboardRan`, where that is a set.
 */
export function telling(file: string, text: string): string {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const pieces = placesOf(source).flatMap(({ start, end, key, around }, order) => {
    const [before, after] = around(`globalThis.noticeboardRan?.add(${JSON.stringify(`${file}|${key}`)})`)
    return [
      { at: start, order, piece: before },
      { at: end, order: -1 - order, piece: after },
    ]
  })
  // Where one ends and the next begins, the end comes first, and of several the inner one.
  const sorted = pieces
    .filter(({ piece }) => piece !== '')
    .toSorted((a, b) => a.at - b.at || a.order - b.order)
  let told = ''
  let done = 0
  for (const { at, piece } of sorted) {
    told += text.slice(done, at) + piece
    done = at
  }
  return told + text.slice(done)
}

function aroundOf(node: ts.Node): Place['around'] | undefined {
  const { parent } = node
  if (parent === undefined) return undefined
  if (isStatement(node)) {
    if (ts.isSourceFile(parent) || ts.isBlock(parent) || ts.isCaseOrDefaultClause(parent)) return asStatement
    return ts.isLabeledStatement(parent) ? undefined : asBlock
  }
  if (ts.isArrowFunction(parent) && node === parent.body && !ts.isBlock(node)) return asExpression
  if (ts.isConditionalExpression(parent) && node !== parent.condition && !isSign(node)) return asExpression
  if (!ts.isBinaryExpression(parent) || node !== parent.right) return undefined
  return LOGICAL.has(parent.operatorToken.kind) ? asExpression : undefined
}

const LOGICAL: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
])

/** `?` and `:`. */
function isSign(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.QuestionToken || node.kind === ts.SyntaxKind.ColonToken
}

/**
 * One that does something: neither a block, which is its statements, nor a type, nor a directive.
 */
function isStatement(node: ts.Node): boolean {
  if (!ts.isStatement(node) || ts.isBlock(node) || node.kind === ts.SyntaxKind.EmptyStatement) return false
  if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node)) return false
  if (ts.isFunctionDeclaration(node) && node.body === undefined) return false
  if (ts.isVariableStatement(node) && node.modifiers?.some(one => one.kind === ts.SyntaxKind.DeclareKeyword))
    return false
  return !(ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression))
}
