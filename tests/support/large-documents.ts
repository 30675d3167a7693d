import { createHash } from 'node:crypto'
import type { Json } from '../../src/contracts/json.js'
import type { Deltas, HeldSnapshot } from '../../src/contracts/deltas.js'
import { zstdDeltas } from '../../src/deltas/index.js'
import { snapshotOf } from './board-kit.js'

/**
 * A document as they are: many keys, none of which compresses to nothing, and as long as it is asked
 * to be as it travels. `pool` is the one key that tests change, by another number of as many digits.
 */
export function largeDocument(pool: number, bytes = 204_800): Record<string, Json> {
  const document: Record<string, Json> = { padding: '', pool }
  let left = bytes - JSON.stringify(document).length
  for (let index = 0; ; index += 1) {
    const token = createHash('sha256').update(String(index)).digest('hex')
    const service = { token, weight: index * 7 }
    const { length } = `"service-${index}":${JSON.stringify(service)},`
    if (length > left) break
    document[`service-${index}`] = service
    left -= length
  }
  document['padding'] = 'x'.repeat(left)
  return document
}

/** The same as a snapshot. */
export function largeSnapshot(pool: number, bytes?: number): HeldSnapshot {
  return snapshotOf(largeDocument(pool, bytes))
}

/**
 * A version of a text that compresses by a fifth or a quarter and no more, so that no version has a
 * delta that makes it of another.
 */
export function denseText(version: number, length = 20_000): string {
  const pieces = Array.from({ length: Math.ceil(length / 43) }, (_, index) =>
    createHash('sha256').update(`${version} ${index}`).digest('base64url'),
  )
  return pieces.join('').slice(0, length)
}

/** Deltas by the library, which all versions of Node that run these tests have. */
export function libraryDeltas(): Deltas {
  return zstdDeltas(() => import('@bokuweb/zstd-wasm'))
}
