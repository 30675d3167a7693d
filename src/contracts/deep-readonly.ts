/**
 * A configuration as programs see it: every property is read-only, all the way down. Arrays and
 * tuples keep their declared type (their elements become read-only), so that the value stays
 * assignable to the type that the schema infers. Functions, a `Date`, a `Map`, a `Set`, bytes, and
 * instances of a class with private members keep their type. Where the program runs, a `Date`, a
 * `Map`, a `Set` and a `URL` refuse their methods that change them; bytes, regular expressions and
 * instances of classes are not frozen.
 *
 * ```ts
 * type Config = DeepReadonly<{ pool: { size: number }; hosts: string[] }>
 * // { readonly pool: { readonly size: number }; readonly hosts: string[] }
 * ```
 */
export type DeepReadonly<Value> = Value extends Primitive | Callable | Builtin
  ? Value
  : Value extends readonly unknown[]
    ? ReadonlyElements<Value>
    : Value extends object
      ? ReadonlyProperties<Value>
      : Value

type Primitive = string | number | bigint | boolean | symbol
type Callable = (...parameters: never[]) => unknown
type Builtin =
  | ArrayBuffer
  | ArrayBufferView
  | Date
  | Promise<unknown>
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | RegExp

/**
 * Arrays are spelled out, and not mapped, so that the compiler puts off the elements of a recursive
 * type.
 */
type ReadonlyElements<List extends readonly unknown[]> = List extends readonly []
  ? List
  : Required<List> extends { readonly 0: unknown }
    ? { [Index in keyof List]: DeepReadonly<List[Index]> }
    : List extends unknown[]
      ? DeepReadonly<List[number]>[]
      : readonly DeepReadonly<List[number]>[]

/** A mapped type loses the private members of a class, and is no such instance any more. */
type ReadonlyProperties<Value> = { [Key in keyof Value]: Value[Key] } extends Value
  ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
  : Value
