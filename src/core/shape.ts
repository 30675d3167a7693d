import { NoticeboardError } from '../contracts/errors.js'
import type { Json, JsonObject } from '../contracts/json.js'

/** Reads members of a JSON object that came from outside, refusing with `invalid-data` and the member's path. */
export interface Shape {
  readonly path: string
  has(name: string): boolean
  /** A member as it is; refused when missing. */
  member(name: string): Json
  string(name: string, accept?: (text: string) => boolean): string
  integer(name: string, minimum: number, maximum: number): number
  object(name: string): Shape
  list(name: string, maximum: number): readonly Json[]
  /** Each item of a list as an object. */
  objects(name: string, maximum: number): readonly Shape[]
  /** The member's keys and string values; at most that many. */
  names(): readonly string[]
  refuse(name: string, problem: string): NoticeboardError
}

/** A shape over a value; `what` names the thing in messages ("the release"). */
export function shapeOf(value: Json, what: string, path = ''): Shape {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NoticeboardError('invalid-data', `${what}${path === '' ? '' : `: ${path}`} must be an object`)
  }
  const object = value as JsonObject

  const refuse = (name: string, problem: string): NoticeboardError =>
    new NoticeboardError('invalid-data', `${what}: ${pathTo(name)} ${problem}`)
  const pathTo = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const member = (name: string): Json => {
    const found = Object.hasOwn(object, name) ? object[name] : undefined
    if (found === undefined) throw refuse(name, 'is missing')
    return found
  }
  const list = (name: string, maximum: number): readonly Json[] => {
    const found = member(name)
    if (!Array.isArray(found)) throw refuse(name, 'must be a list')
    if (found.length > maximum) throw refuse(name, `holds ${found.length} items; ${maximum} are allowed`)
    return found as readonly Json[]
  }

  return {
    path,
    has: name => Object.hasOwn(object, name),
    member,
    list,
    refuse,
    names: () => Object.keys(object),
    string(name, accept = () => true) {
      const found = member(name)
      if (typeof found !== 'string' || !accept(found)) throw refuse(name, 'is not of the right form')
      return found
    },
    integer(name, minimum, maximum) {
      const found = member(name)
      if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < minimum || found > maximum) {
        throw refuse(name, `must be a whole number from ${minimum} to ${maximum}`)
      }
      return found
    },
    object: name => shapeOf(member(name), what, pathTo(name)),
    objects: (name, maximum) => list(name, maximum).map((item, index) => shapeOf(item, what, `${pathTo(name)}[${index}]`)),
  }
}
