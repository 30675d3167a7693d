import ts from 'typescript'

/** The name that an engine gives to a function; undefined for all else, and for one without. */
export function nameOf(node: ts.Node, source: ts.SourceFile): string | undefined {
  const textOf = (name: ts.Node | undefined): string | undefined => name?.getText(source)
  if (ts.isGetAccessorDeclaration(node)) return `get ${textOf(node.name)}`
  if (ts.isSetAccessorDeclaration(node)) return `set ${textOf(node.name)}`
  if (ts.isConstructorDeclaration(node)) return textOf(node.parent.name)
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) return textOf(node.name)
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return undefined
  const { parent } = node
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? textOf(parent.name) : undefined
}
