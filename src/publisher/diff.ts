import type { Json, JsonObject } from '../contracts/json.js'
import { exactPath } from '../core/json/path.js'
import { isJsonObject } from '../core/json/shape.js'

/**
 * One place where two documents differ. `before` and `after` are the values there: configuration
 * values, which do not belong in logs.
 */
export type DocumentChange =
  | { readonly path: string; readonly change: 'added'; readonly after: Json }
  | { readonly path: string; readonly change: 'removed'; readonly before: Json }
  | { readonly path: string; readonly change: 'changed'; readonly before: Json; readonly after: Json }

/**
 * Where two documents differ, in the order of their paths. Lists are compared item by item. Empty
 * when they are the same.
 *
 * ```ts
 * const [change] = diffDocuments({ pool: 8 }, { pool: 9 })
 * // { path: 'pool', change: 'changed', before: 8, after: 9 }
 * ```
 */
export function diffDocuments(before: Json, after: Json): readonly DocumentChange[] {
  return compare(before, after, '')
}

function compare(before: Json, after: Json, path: string): readonly DocumentChange[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const indexes = Array.from({ length: Math.max(before.length, after.length) }, (_, index) => index)
    return indexes.flatMap(index =>
      member(before[index] as Json | undefined, after[index] as Json | undefined, exactPath(path, index)),
    )
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return keys.flatMap(key => member(own(before, key), own(after, key), exactPath(path, key)))
  }
  return before === after ? [] : [{ path, change: 'changed', before, after }]
}

function member(before: Json | undefined, after: Json | undefined, path: string): readonly DocumentChange[] {
  if (before === undefined) return after === undefined ? [] : [{ path, change: 'added', after }]
  if (after === undefined) return [{ path, change: 'removed', before }]
  return compare(before, after, path)
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined
}
