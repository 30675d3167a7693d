import { createHash } from 'node:crypto'
import type { Json } from '../../src/contracts/json.js'
import type { Deltas, HeldSnapshot } from '../../src/contracts/deltas.js'
import { zstdDeltas } from '../../src/deltas/index.js'
import { snapshotOf } from './board-kit.js'

/**
 * A document as they are: many keys, none of which compresses to nothing. `pool` is the one key
 * that tests change.
 */
export function largeDocument(pool: number, bytes = 200_000): Record<string, Json> {
  const document: Record<string, Json> = { pool }
  for (let index = 0, length = 0; length < bytes; index += 1) {
    const value = createHash('sha256').update(String(index)).digest('hex')
    document[`service-${index}`] = { token: value, weight: index * 7 }
    length += 110
  }
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
