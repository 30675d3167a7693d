import ts from 'typescript'
import { nameOf } from './function-name.js'
import { placeAt, placesOf } from './places.js'

/** One small change to a source. */
export interface Mutant {
  /** The file, relative to the project. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** What is replaced: the characters from `start` to before `end`. */
  readonly start: number
  readonly end: number
  readonly from: string
  readonly to: string
  /**
   * The function that it stands in, by the name that the engine tells; of what has none, the next.
   */
  readonly inside?: string | undefined
  /**
   * The key of the innermost place of that function that it stands in; undefined where it stands
   * beside all of them, as the default of a parameter does.
   */
  readonly place?: string | undefined
}

type Change = Pick<Mutant, 'start' | 'end' | 'to'>

/** What an operator becomes: its bound moved by one, its sense turned round. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '+=': ['-='],
  '-=': ['+='],
}

/** Methods that are easily taken for each other. */
const METHODS: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
}

/**
 * The mutants of a source, in its order: turned conditions and bounds, literals, swapped methods,
 * calls and throws that are left out. Texts stay as they are, and so do types.
 */
export function mutantsOf(file: string, text: string): readonly Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const places = placesOf(source)
  const found: Mutant[] = []
  const visit = (node: ts.Node, around: string | undefined): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return
    const inside = nameOf(node, source) ?? around
    for (const { start, end, to } of changesOf(node, source)) {
      const line = source.getLineAndCharacterOfPosition(start).line + 1
      const around = placeAt(places, start)
      const place = around?.inside === inside ? around?.key : undefined
      found.push({ file, line, start, end, from: text.slice(start, end), to, inside, place })
    }
    ts.forEachChild(node, child => visit(child, inside))
  }
  visit(source, undefined)
  return found.toSorted((a, b) => a.start - b.start)
}

function changesOf(node: ts.Node, source: ts.SourceFile): readonly Change[] {
  const textOf = (one: ts.Node): string => one.getText(source)
  const whole = (one: ts.Node, to: string): Change => ({
    start: one.getStart(source),
    end: one.getEnd(),
    to,
  })
  if (ts.isBinaryExpression(node)) {
    const { operatorToken, left, right } = node
    // Texts that are put together have no other operator.
    if (operatorToken.kind === ts.SyntaxKind.PlusToken && [left, right].some(ts.isStringLiteralLike))
      return []
    if (operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) return [whole(node, `(${textOf(right)})`)]
    return (OPERATORS[textOf(operatorToken)] ?? []).map(to => whole(operatorToken, to))
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken)
    return [whole(node, `(${textOf(node.operand)})`)]
  if (ts.isIfStatement(node)) return [whole(node.expression, 'true'), whole(node.expression, 'false')]
  if (ts.isConditionalExpression(node)) {
    const { condition } = node
    return [whole(condition, `!(${textOf(condition)})`)]
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return [whole(node, 'false')]
  if (node.kind === ts.SyntaxKind.FalseKeyword) return [whole(node, 'true')]
  if (ts.isNumericLiteral(node)) return [whole(node, `(${textOf(node)} + 1)`)]
  if (ts.isPropertyAccessExpression(node) && ts.isCallExpression(node.parent)) {
    const other = METHODS[node.name.text]
    return other === undefined || node.parent.expression !== node ? [] : [whole(node.name, other)]
  }
  if (ts.isThrowStatement(node)) return [whole(node, ';')]
  if (ts.isExpressionStatement(node) && isLeftOut(node.expression)) return [whole(node, ';')]
  return []
}

/** A call that does something, and whose result nobody uses. */
function isLeftOut(expression: ts.Expression): boolean {
  const called =
    ts.isAwaitExpression(expression) || ts.isVoidExpression(expression) ? expression.expression : expression
  return ts.isCallExpression(called) && called.expression.kind !== ts.SyntaxKind.SuperKeyword
}
