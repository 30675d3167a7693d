import { builtInOf, isPlainObject } from '../../core/built-ins.js'

/**
 * Makes a validated value read-only all the way down: objects and arrays are frozen, and sets,
 * maps, dates and URLs refuse their own methods that change them. Bytes, regular expressions and
 * instances of other classes that a schema made stay as they are.
 */
export function freezeValue<Value>(value: Value): Value {
  freeze(value, new Set())
  return value
}

/**
 * Goes into what is frozen already, too: a schema's `readonly` freezes the outside alone. Only such
 * objects are remembered, so that a circle ends at its second turn, and a fresh tree, the usual
 * case, costs no memory.
 */
function freeze(value: unknown, entered: Set<object>): void {
  if (typeof value !== 'object' || value === null) return
  const plain = Array.isArray(value) || isPlainObject(value)
  const kind = plain ? undefined : builtInOf(value)
  const guards = GUARDS[kind ?? '']
  if (!plain && guards === undefined) return
  if (!Object.isFrozen(value)) {
    if (guards !== undefined) guard(value, guards)
    Object.freeze(value)
  } else if (entered.has(value)) return
  else entered.add(value)
  for (const member of Object.values(value)) freeze(member, entered)
  if (kind === 'Set') for (const item of value as Set<unknown>) freeze(item, entered)
  if (kind === 'Map')
    for (const [key, item] of value as Map<unknown, unknown>) {
      freeze(key, entered)
      freeze(item, entered)
    }
  if (kind === 'URL') freeze((value as URL).searchParams, entered)
}

/** What a class has that changes its instances. */
interface Guarded {
  readonly methods?: readonly string[]
  readonly accessors?: readonly string[]
}

const parts = ['Milliseconds', 'Seconds', 'Minutes', 'Hours', 'Date', 'Month', 'FullYear']

const GUARDS: Readonly<Record<string, Guarded>> = {
  Set: { methods: ['add', 'delete', 'clear'] },
  Map: { methods: ['set', 'delete', 'clear'] },
  Date: { methods: ['setTime', 'setYear', ...parts.flatMap(part => [`set${part}`, `setUTC${part}`])] },
  URLSearchParams: { methods: ['append', 'delete', 'set', 'sort'] },
  URL: {
    accessors: [
      'href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash',
    ], // prettier-ignore
  },
}

/**
 * Puts members of its own before those that change it. They are not listed, so a copy or a
 * comparison does not see them.
 */
function guard(value: object, { methods = [], accessors = [] }: Guarded): void {
  const refuse = (): never => {
    throw new TypeError('the configuration is read-only; make a copy to change it')
  }
  for (const name of methods) Object.defineProperty(value, name, { value: refuse })
  for (const name of accessors) {
    const is = (value as Record<string, unknown>)[name]
    Object.defineProperty(value, name, { get: () => is, set: refuse })
  }
}
