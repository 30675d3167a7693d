// Every member that may be left out of an exported type named …Options says its default in its doc
// comment, and where it says a value ("Default 30,000", "Default `single`"), the code gives that
// one. Prints `file:line  what is wrong`, and exits 1 when there is anything to print.
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { root } from './entry-points.js'
import { entryProgram, exportsOf } from './entry-program.js'

/** @typedef {number | string | boolean} Value */
/** @typedef {ts.PropertySignature} Member */

/**
 * Members whose value no destructuring and no `??` gives, by the beginning of their name, and what
 * gives or tries it.
 * @type {readonly (readonly [beginning: string, by: string])[]}
 */
const ELSEWHERE = [
  ['CompareOptions.mostClients', 'readMostClients() of src/compare/compare.ts, by depth'],
  ['Gate.onBad', 'planFor() of src/rollouts/staged.ts, which sees it as a PlannedGate'],
  ['MemoryOptions.maxSnapshotBytes', 'storeFrom(), which it is handed on to'],
  ['PathOptions.relays', 'pathOf() of src/compare/models.ts'],
  ['PathOptions.workers', 'pathOf() of src/compare/models.ts'],
  ['Weights.', 'WEIGHTS of src/compare/verdict/recommend.ts'],
  ['WorkloadInput.', 'tests/unit/compare/workload.test.ts reads them out of the doc comments'],
]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { doors, program } = entryProgram()
  const complaints = complaintsOf(
    program,
    doors.map(({ source }) => source),
  )
  if (complaints.length > 0) {
    process.stdout.write(`${complaints.join('\n')}\n`)
    process.exitCode = 1
  }
}

/**
 * The default that a doc comment says as a value: `Default 30,000`, `Default 1 MiB`; undefined where
 * it says none, or says it in words, after a colon.
 *
 * @param {string} comment
 * @returns {Value | undefined}
 */
export function valueSaid(comment) {
  const [, said] = /\bDefault (`[^`]+`|[\w.,-]+(?: [KM]iB\b)?)/.exec(comment) ?? []
  if (said === undefined) return undefined
  if (said.startsWith('`')) return said === '`Infinity`' ? Number.POSITIVE_INFINITY : said.slice(1, -1)
  const [text = '', unit] = said.replace(/[.,]+$/, '').split(' ')
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text.replaceAll(',', ''))
  if (Number.isNaN(number)) return undefined
  return number * (unit === 'MiB' ? 1_048_576 : unit === 'KiB' ? 1_024 : 1)
}

/**
 * @param {ts.Program} program
 * @param {readonly string[]} sources what programs import, relative to the project
 * @returns {string[]}
 */
export function complaintsOf(program, sources) {
  const checker = program.getTypeChecker()
  const members = membersOf(program, sources)
  const given = valuesGiven(program, checker, members)
  return [...members].flatMap(([member, { name, isOption }]) => {
    const comment = commentOf(member)
    const { line } = member.getSourceFile().getLineAndCharacterOfPosition(member.getStart())
    const place = `${relative(root, member.getSourceFile().fileName)}:${line + 1}`
    if (isOption && member.questionToken !== undefined && !/\bdefault\b/i.test(comment))
      return [`${place}  ${name} may be left out, and its doc comment does not say "Default …"`]
    const said = valueSaid(comment)
    if (said === undefined || ELSEWHERE.some(([beginning]) => name.startsWith(beginning))) return []
    const values = given.get(member) ?? []
    if (values.includes(said)) return []
    // What is left out is as good as false to an `if`.
    if (values.length === 0 && said === false) return []
    const found = values.length === 0 ? 'no value is found in the code' : `the code has ${values.join(', ')}`
    return [`${place}  ${name} says "Default ${said}", and ${found}`]
  })
}

/**
 * The members of exported types that a caller may fill in, and what to call them.
 *
 * @param {ts.Program} program @param {readonly string[]} sources
 * @returns {Map<Member, { name: string, isOption: boolean }>}
 */
function membersOf(program, sources) {
  /** @type {Map<Member, { name: string, isOption: boolean }>} */
  const members = new Map()
  /** @param {ts.Node} node @param {string} name */
  const walk = (node, name) => {
    if (ts.isPropertySignature(node)) {
      const own = `${name}.${node.name.getText()}`
      if (!members.has(node)) members.set(node, { name: own, isOption: name.endsWith('Options') })
      if (node.type) walk(node.type, own)
    } else if (!ts.isBlock(node)) ts.forEachChild(node, child => walk(child, name))
  }
  for (const source of sources) {
    for (const { name, symbol } of exportsOf(program, source) ?? []) {
      for (const declaration of symbol.declarations ?? []) {
        if (ts.isInterfaceDeclaration(declaration) || ts.isTypeAliasDeclaration(declaration))
          walk(declaration, name)
        else if (ts.isFunctionDeclaration(declaration))
          for (const { type } of declaration.parameters) if (type) walk(type, name)
      }
    }
  }
  return members
}

/** @param {Member} member */
function commentOf(member) {
  return ts
    .getJSDocCommentsAndTags(member)
    .map(comment => comment.getText().replaceAll(/\s*\n\s*\*? ?/g, ' '))
    .join(' ')
}

/**
 * What stands for each member where it is left out: `{ member = value }` and
 * `options.member ?? value`.
 *
 * @param {ts.Program} program @param {ts.TypeChecker} checker
 * @param {Map<Member, unknown>} members
 * @returns {Map<Member, Value[]>}
 */
function valuesGiven(program, checker, members) {
  /** @type {Map<Member, Value[]>} */
  const given = new Map()
  /** @param {ts.Symbol | undefined} symbol @param {ts.Expression} expression */
  const put = (symbol, expression) => {
    const values = valuesOf(expression, checker)
    for (const root of symbol === undefined ? [] : checker.getRootSymbols(symbol)) {
      for (const declaration of root.declarations ?? []) {
        if (!ts.isPropertySignature(declaration) || !members.has(declaration)) continue
        given.set(declaration, [...new Set([...(given.get(declaration) ?? []), ...values])])
      }
    }
  }
  /** @param {ts.Type | undefined} type @param {string} name @param {ts.Expression} expression */
  const putIn = (type, name, expression) => {
    const all = type === undefined ? [] : type.isUnion() ? type.types : [type]
    for (const one of all) put(checker.getPropertyOfType(one, name), expression)
  }
  /** @param {ts.Node} node */
  const visit = node => {
    if (ts.isBindingElement(node) && node.initializer && ts.isObjectBindingPattern(node.parent)) {
      const { initializer, type } = { initializer: undefined, type: undefined, ...node.parent.parent }
      for (const from of [node.parent, initializer, type])
        if (from) putIn(checker.getTypeAtLocation(from), nameOf(node), node.initializer)
    } else if (
      ts.isBinaryExpression(node) &&
      node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken
    ) {
      const { left, right } = node
      if (ts.isPropertyAccessExpression(left)) put(checker.getSymbolAtLocation(left.name), right)
      const bound = ts.isIdentifier(left) ? checker.getSymbolAtLocation(left)?.valueDeclaration : undefined
      if (bound && ts.isBindingElement(bound))
        putIn(checker.getTypeAtLocation(bound.parent), nameOf(bound), right)
    } else if (
      ts.isParameter(node) &&
      node.initializer &&
      node.type &&
      ts.isIndexedAccessTypeNode(node.type)
    ) {
      const { objectType, indexType } = node.type
      if (ts.isLiteralTypeNode(indexType) && ts.isStringLiteral(indexType.literal))
        putIn(checker.getTypeFromTypeNode(objectType), indexType.literal.text, node.initializer)
    }
    ts.forEachChild(node, visit)
  }
  for (const file of program.getSourceFiles()) if (!file.isDeclarationFile) visit(file)
  return given
}

/**
 * What a piece of a destructuring is called where it comes from. @param {ts.BindingElement} element
 */
function nameOf({ propertyName, name }) {
  return (propertyName ?? name).getText()
}

/**
 * The values that an expression may have, as far as constants say: all arguments of `Math.min` and
 * `Math.max`, and both ways of `?:`.
 *
 * @param {ts.Expression} expression @param {ts.TypeChecker} checker @returns {Value[]}
 */
function valuesOf(expression, checker) {
  const node = bare(expression)
  if (ts.isConditionalExpression(node))
    return [node.whenTrue, node.whenFalse].flatMap(each => valuesOf(each, checker))
  if (ts.isCallExpression(node) && /^Math\.(min|max)$/.test(node.expression.getText()))
    return node.arguments.flatMap(each => valuesOf(each, checker))
  const value = valueOf(node, checker)
  return value === undefined ? [] : [value]
}

/**
 * An expression without parentheses and words about types. @param {ts.Expression} node
 * @returns {ts.Expression}
 */
function bare(node) {
  return ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isSatisfiesExpression(node)
    ? bare(node.expression)
    : node
}

/**
 * @param {ts.Expression} expression @param {ts.TypeChecker} checker @returns {Value | undefined}
 */
function valueOf(expression, checker) {
  const node = bare(expression)
  if (ts.isNumericLiteral(node)) return Number(node.text)
  if (ts.isStringLiteral(node)) return node.text
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false
  if (/^(Number\.POSITIVE_INFINITY|Infinity)$/.test(node.getText())) return Number.POSITIVE_INFINITY
  if (ts.isBinaryExpression(node)) {
    const [left, right] = [valueOf(node.left, checker), valueOf(node.right, checker)]
    if (node.operatorToken.kind !== ts.SyntaxKind.AsteriskToken) return undefined
    return typeof left === 'number' && typeof right === 'number' ? left * right : undefined
  }
  const initializer = initializerOf(node, checker)
  return initializer === undefined ? undefined : valueOf(initializer, checker)
}

/**
 * What a constant, or a member of a constant object, is set to.
 *
 * @param {ts.Expression} node @param {ts.TypeChecker} checker @returns {ts.Expression | undefined}
 */
function initializerOf(node, checker) {
  if (ts.isPropertyAccessExpression(node)) {
    const object = objectOf(node.expression, checker)
    const member = object?.properties.find(({ name }) => name?.getText() === node.name.text)
    return member && ts.isPropertyAssignment(member) ? member.initializer : undefined
  }
  if (!ts.isIdentifier(node)) return undefined
  const symbol = checker.getSymbolAtLocation(node)
  if (symbol === undefined) return undefined
  const { valueDeclaration } = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return valueDeclaration && ts.isVariableDeclaration(valueDeclaration)
    ? valueDeclaration.initializer
    : undefined
}

/**
 * @param {ts.Expression} expression @param {ts.TypeChecker} checker
 * @returns {ts.ObjectLiteralExpression | undefined}
 */
function objectOf(expression, checker) {
  const node = bare(expression)
  if (ts.isObjectLiteralExpression(node)) return node
  const [frozen] = ts.isCallExpression(node) ? node.arguments : []
  if (frozen) return objectOf(frozen, checker)
  const initializer = initializerOf(node, checker)
  return initializer && objectOf(initializer, checker)
}
