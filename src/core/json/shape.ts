import { NoticeboardError } from '../../contracts/errors.js'
import type { Json, JsonObject } from '../../contracts/json.js'
import { joinPath } from './path.js'

/**
 * Reads members of a JSON object that came from outside, refusing with `invalid-data` and the
 * member's path.
 */
export interface Shape {
  readonly path: string
  has(name: string): boolean
  /** A member as `read` reads it, in an object to be spread; an empty one when it is missing. */
  optional<Name extends string, Value>(
    name: Name,
    read: (name: Name) => Value,
  ): { readonly [Member in Name]?: Value }
  /**
   * A member that is `true`, in an object to be spread; an empty one when it is missing or anything
   * else.
   */
  flag<Name extends string>(name: Name): { readonly [Member in Name]?: true }
  /** A member as it is; refused when missing. */
  member(name: string): Json
  string(name: string, accept?: (text: string) => boolean): string
  integer(name: string, minimum: number, maximum: number): number
  object(name: string): Shape
  list(name: string, maximum: number): readonly Json[]
  /** Each item of a list as an object. */
  objects(name: string, maximum: number): readonly Shape[]
  /** The object's keys. */
  names(): readonly string[]
  /** A refusal of a member; of the object itself when the name is empty. */
  refuse(name: string, problem: string): NoticeboardError
}

/** Whether a JSON value is an object, and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A shape over a value; `what` names the thing in messages ("the release"). */
export function shapeOf(value: Json, what: string, path = ''): Shape {
  if (!isJsonObject(value)) throw refusal(what, path, 'must be an object')
  return new ObjectShape(value, what, path)
}

/**
 * A class, since a list of reports has several for each, and each method is one for all of them.
 */
class ObjectShape implements Shape {
  readonly #object: JsonObject
  readonly #what: string
  readonly path: string

  constructor(object: JsonObject, what: string, path: string) {
    this.#object = object
    this.#what = what
    this.path = path
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  optional<Name extends string, Value>(
    name: Name,
    read: (name: Name) => Value,
  ): { readonly [Member in Name]?: Value } {
    return (this.has(name) ? { [name]: read(name) } : {}) as { readonly [Member in Name]?: Value }
  }

  flag<Name extends string>(name: Name): { readonly [Member in Name]?: true } {
    return (this.has(name) && this.#object[name] === true ? { [name]: true } : {}) as {
      readonly [Member in Name]?: true
    }
  }

  member(name: string): Json {
    const found = this.has(name) ? this.#object[name] : undefined
    if (found === undefined) throw this.refuse(name, 'is missing')
    return found
  }

  string(name: string, accept: (text: string) => boolean = () => true): string {
    const found = this.member(name)
    if (typeof found !== 'string' || !accept(found))
      throw this.refuse(name, 'is not written as docs/formats.md says')
    return found
  }

  integer(name: string, minimum: number, maximum: number): number {
    const found = this.member(name)
    const isWhole = typeof found === 'number' && Number.isSafeInteger(found)
    // No text of ours holds a -0, which would not come back from one.
    if (!isWhole || found < minimum || found > maximum || Object.is(found, -0)) {
      throw this.refuse(name, `must be a whole number from ${minimum} to ${maximum}`)
    }
    return found
  }

  object(name: string): Shape {
    const found = this.member(name)
    return shapeOf(found, this.#what, this.#pathTo(name))
  }

  list(name: string, maximum: number): readonly Json[] {
    const found = this.member(name)
    if (!Array.isArray(found)) throw this.refuse(name, 'must be a list')
    if (found.length > maximum) throw this.refuse(name, `holds ${found.length} items; ${maximum} are allowed`)
    return found as readonly Json[]
  }

  objects(name: string, maximum: number): readonly Shape[] {
    return this.list(name, maximum).map((item, index) =>
      shapeOf(item, this.#what, joinPath(this.#pathTo(name), index)),
    )
  }

  names(): readonly string[] {
    return Object.keys(this.#object)
  }

  refuse(name: string, problem: string): NoticeboardError {
    return refusal(this.#what, this.#pathTo(name), problem)
  }

  #pathTo(name: string): string {
    return name === '' ? this.path : joinPath(this.path, name)
  }
}

function refusal(what: string, path: string, problem: string): NoticeboardError {
  return new NoticeboardError('invalid-data', `${what}${path === '' ? '' : `: ${path}`} ${problem}`, {
    issues: [{ path, message: problem, validator: 'format' }],
  })
}
