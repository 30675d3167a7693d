import ts from 'typescript'
import { entryProgram, exportsOf } from '../../scripts/entry-program.js'

/** What an exported function makes, told by the methods of its result. */
export type SiblingKind = 'strategy' | 'transport' | 'source' | 'state' | 'closable'

/** What is exported, as far as it is one of several of a kind. */
export interface Siblings {
  /** Names of exported functions by what they make. */
  readonly makers: ReadonlyMap<SiblingKind, readonly string[]>
  /** `Interface.method` of everything exported that a caller gives a signal to. */
  readonly takesSignal: readonly string[]
}

/** Methods that a kind has; the first kind that fits counts. */
const KINDS: readonly (readonly [SiblingKind, readonly string[]])[] = [
  ['strategy', ['deliver']],
  ['transport', ['latest', 'snapshot']],
  ['state', ['load', 'save']],
  ['source', ['read', 'changes']],
  ['closable', ['close']],
]

/** Reads the entry points' exports, as the compiler sees them, so that nothing new is left out. */
export function findSiblings(): Siblings {
  const { doors, program } = entryProgram()
  const checker = program.getTypeChecker()
  const makers = new Map<SiblingKind, Set<string>>(KINDS.map(([kind]) => [kind, new Set()]))
  const takesSignal = new Set<string>()

  const memberOf = (type: ts.Type, name: string): ts.Symbol | undefined =>
    checker.getPropertyOfType(checker.getApparentType(type), name)
  const kindOf = (type: ts.Type): SiblingKind | undefined => {
    const apparent = checker.getBaseConstraintOfType(type) ?? type
    const parts = apparent.isUnion() ? apparent.types : [apparent]
    return KINDS.find(([, methods]) =>
      parts.some(part => methods.every(method => memberOf(part, method) !== undefined)),
    )?.[0]
  }
  const isSignal = (type: ts.Type): boolean =>
    (type.isUnion() ? type.types : [type]).some(part => part.symbol?.name === 'AbortSignal')
  const givesSignal = (type: ts.Type): boolean => {
    if (isSignal(type)) return true
    const member = memberOf(checker.getNonNullableType(type), 'signal')
    return member !== undefined && isSignal(checker.getTypeOfSymbol(member))
  }
  const asksForSignal = (type: ts.Type): boolean =>
    checker
      .getNonNullableType(type)
      .getCallSignatures()
      .some(({ parameters }) => parameters.some(each => givesSignal(checker.getTypeOfSymbol(each))))

  for (const { source } of doors.filter(({ subpath }) => subpath !== './sim')) {
    const names = exportsOf(program, source)
    if (names === undefined) throw new Error(`${source} exports nothing`)
    for (const { symbol } of names) {
      if (symbol.flags & ts.SymbolFlags.Function) {
        const type = checker.getTypeOfSymbol(symbol)
        if (asksForSignal(type)) takesSignal.add(symbol.name)
        for (const signature of type.getCallSignatures()) {
          const made = checker.getReturnTypeOfSignature(signature)
          const result = checker.getAwaitedType(made) ?? made
          const kind = kindOf(result)
          if (kind !== undefined) makers.get(kind)?.add(symbol.name)
        }
      } else if (symbol.flags & (ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias)) {
        for (const member of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)))
          if (asksForSignal(checker.getTypeOfSymbol(member))) takesSignal.add(`${symbol.name}.${member.name}`)
      }
    }
  }
  return {
    makers: new Map([...makers].map(([kind, names]) => [kind, [...names].sort()])),
    takesSignal: [...takesSignal].sort(),
  }
}
