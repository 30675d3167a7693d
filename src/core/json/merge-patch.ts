import type { Json } from '../../contracts/json.js'
import { isJsonObject } from './shape.js'

/**
 * A document after a JSON Merge Patch (RFC 7396): members of objects are replaced one by one, null
 * takes a member away, and everything else replaces what stood there. Neither of the two is changed.
 *
 * ```ts
 * mergePatch({ pool: { size: 8 }, fast: true }, { fast: null }) // { pool: { size: 8 } }
 * ```
 */
export function mergePatch(document: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const merged = new Map<string, Json>(isJsonObject(document) ? Object.entries(document) : [])
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value))
  }
  return Object.fromEntries(merged)
}
