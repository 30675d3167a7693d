import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type WentBack } from '../../contracts/position.js'
import type { Hasher } from '../../contracts/system.js'
import { sameBytes } from '../json/text.js'
import { identifyRelease } from '../release/release.js'
import { successionOf, type LogPlace, type SaidNewest } from './went-back.js'

/** What was read of one namespace. */
export interface Remembered extends LogPlace {
  readonly bytes: Uint8Array
}

/** Hears when a board goes back, and when it goes on again (undefined). */
export type WentBackListener = (namespace: Namespace, wentBack: WentBack | undefined) => void

/**
 * The newest release that was read of each namespace of a store, and whether the store still has
 * it.
 */
export interface BoardMemory {
  known(namespace: Namespace): Remembered | undefined
  wentBack(namespace: Namespace): WentBack | undefined
  /** Grows whenever `known` or `wentBack` say something else than before of some namespace. */
  readonly changes: number
  /**
   * Judges what the store says is the newest; undefined where it says that there is none. `since`
   * is what was known when the store was asked: an answer that was overtaken by a newer one says
   * nothing. `stillHas` looks the release of before up in the log, where that is needed. False for
   * a release that does not go on from what is known.
   */
  hear(heard: HeardNewest): Promise<boolean>
  /** A release that was appended: it is the newest there is. */
  appended(namespace: Namespace, bytes: Uint8Array): void
  listen(listener: WentBackListener): () => void
}

/** What a store said. */
export interface HeardNewest {
  readonly namespace: Namespace
  readonly bytes: Uint8Array | undefined
  readonly since: Remembered | undefined
  readonly stillHas: (place: LogPlace) => Promise<boolean>
}

/**
 * How many namespaces are remembered; beyond it the one that was heard of longest ago is forgotten.
 */
const MAX_NAMESPACES = 100_000

/**
 * Makes a memory that knows nothing yet.
 *
 * ```ts
 * const memory = createBoardMemory(systemHasher)
 * ```
 */
export function createBoardMemory(
  hasher: Hasher,
  { maxNamespaces = MAX_NAMESPACES }: { readonly maxNamespaces?: number } = {},
): BoardMemory {
  /** By namespace, the one that was heard of longest ago first. */
  const remembered = new Map<Namespace, Remembered>()
  const gone = new Map<Namespace, WentBack>()
  const listeners = new Set<WentBackListener>()
  let changes = 0

  const keep = (namespace: Namespace, next: Remembered): void => {
    if (remembered.get(namespace) !== next) changes += 1
    remembered.delete(namespace)
    for (const oldest of remembered.keys()) {
      if (remembered.size < maxNamespaces) break
      remembered.delete(oldest)
      gone.delete(oldest)
    }
    remembered.set(namespace, next)
  }

  const settle = (namespace: Namespace, wentBack: WentBack | undefined): void => {
    const before = gone.get(namespace)
    if (before !== wentBack) changes += 1
    if (wentBack === undefined) gone.delete(namespace)
    else gone.set(namespace, wentBack)
    if ((before === undefined) === (wentBack === undefined)) return
    for (const listener of listeners) listener(namespace, wentBack)
  }

  /**
   * What a release says of its place; undefined for one that this version cannot read, which proves
   * nothing.
   */
  const read = (bytes: Uint8Array): SaidNewest | undefined => {
    try {
      const { release, position, digest } = identifyRelease(hasher, bytes)
      return { position, digest, prev: release.prev }
    } catch {
      // Of another version, or damaged: whoever reads it says what is wrong with it.
      return undefined
    }
  }

  return {
    known: namespace => remembered.get(namespace),
    wentBack: namespace => gone.get(namespace),
    get changes() {
      return changes
    },
    async hear({ namespace, bytes, since, stillHas }) {
      const known = remembered.get(namespace)
      if (known !== undefined && bytes !== undefined && sameBytes(known.bytes, bytes)) {
        keep(namespace, known)
        settle(namespace, undefined)
        return true
      }
      const said = bytes && read(bytes)
      if (bytes !== undefined && said === undefined) return true
      if (known === undefined) {
        if (bytes !== undefined && said !== undefined) keep(namespace, { ...placeOf(said), bytes })
        return true
      }
      const succession = successionOf(known, said)
      const isGone = succession === 'went-back' || (succession === 'unproven' && !(await stillHas(known)))
      // Meanwhile a newer one came.
      if (remembered.get(namespace) !== known) return false
      if (!isGone) {
        if (bytes !== undefined && said !== undefined) keep(namespace, { ...placeOf(said), bytes })
        settle(namespace, undefined)
        return true
      }
      if (since === known)
        settle(namespace, { from: known.position, ...(said !== undefined && { to: said.position }) })
      return false
    },
    appended(namespace, bytes) {
      const said = read(bytes)
      if (said === undefined) return
      const known = remembered.get(namespace)
      // The same release again, which a store acknowledges wherever it stands.
      if (known !== undefined && comparePositions(said.position, known.position) !== 'newer') return
      keep(namespace, { ...placeOf(said), bytes })
      settle(namespace, undefined)
    },
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function placeOf({ position, digest }: SaidNewest): LogPlace {
  return { position, digest }
}
