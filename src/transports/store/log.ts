import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { epochNumber, type Position } from '../../contracts/position.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { encodeText } from '../../core/json/text.js'
import type { EngineCalls } from './calls.js'
import type { Condition, Entry, Version } from './engine.js'
import { keys, KEYS_A_CALL } from './keys.js'

/** A release and its place in the log. */
export interface Placed {
  /** 1 for the first release of the namespace, counted over all epochs. */
  readonly index: number
  readonly bytes: Uint8Array
}

/** The newest release of a namespace. */
export interface Head extends Placed {
  /**
   * What the entry of the head must still be for the log to go on from here; undefined where there
   * is no entry.
   */
  readonly version: Version | undefined
}

/** The log of a store, as far as it is read. */
export interface Log {
  /** The newest releases of some namespaces, in their order; with index 0 where there is none. */
  heads(namespaces: readonly Namespace[], signal: AbortSignal): Promise<readonly Head[]>
  /** The releases at some places, in their order. Throws `store-damaged` where one is missing. */
  read(namespace: Namespace, indices: readonly number[], signal: AbortSignal): Promise<readonly Uint8Array[]>
  /**
   * Where a position is, and where the release right after it is; undefined where there is none.
   */
  find(query: FindQuery, signal: AbortSignal): Promise<Found>
}

export interface FindQuery {
  readonly namespace: Namespace
  readonly position: Position
  readonly head: Placed
}

export interface Found {
  readonly index: number | undefined
  readonly next: number | undefined
}

export function storeLog(calls: EngineCalls): Log {
  const read: Log['read'] = async (namespace, indices, signal) => {
    const entries = await calls.read(
      indices.map(index => keys.place(namespace, index)),
      signal,
    )
    return entries.map((entry, at) => {
      if (entry !== undefined) return entry.value
      throw new NoticeboardError(
        'store-damaged',
        `${calls.name} has lost release ${indices[at]} of the log of ${namespace}; restore it from a backup, and open a new epoch`,
      )
    })
  }

  /**
   * Where keys are written one by one the head may lag behind the log: its writer ended in between.
   * So the log is read on to its end, and the head moved there.
   */
  const caughtUp = async (namespace: Namespace, head: Head, signal: AbortSignal): Promise<Head> => {
    let newest: Placed = head
    for (;;) {
      const [entry] = await calls.read([keys.place(namespace, newest.index + 1)], signal)
      if (entry === undefined) break
      newest = { index: newest.index + 1, bytes: entry.value }
    }
    if (newest === head) return head
    try {
      await calls.write(headMove(namespace, head.version, newest), signal)
    } catch {
      // A reader may not write, or the engine is lost just now: the next one moves the head.
    }
    // The version is that of the lagging head; whoever goes on from here competes for the place.
    return { ...newest, version: head.version }
  }

  return {
    read,
    async heads(namespaces, signal) {
      const heads: Head[] = []
      for (let from = 0; from < namespaces.length; from += KEYS_A_CALL) {
        const part = namespaces.slice(from, from + KEYS_A_CALL)
        const entries = await calls.read(part.map(keys.head), signal)
        for (const [at, namespace] of part.entries()) {
          const head = decodeHead(entries[at], namespace)
          heads.push(calls.atomic === 'key' ? await caughtUp(namespace, head, signal) : head)
        }
      }
      return heads
    },
    async find({ namespace, position, head }, signal) {
      const wanted = epochNumber(position.epoch)
      let next: number | undefined
      for (let last: Placed = head; last.index > 0;) {
        const { epoch, sequence } = positionOf(decodeRelease(last.bytes).release)
        // Sequences are dense, so the epoch before ends right before this one's first release.
        const ended = last.index - sequence
        if (epochNumber(epoch) <= wanted) {
          if (epoch !== position.epoch || position.sequence > sequence) return { index: undefined, next }
          const index = ended + position.sequence
          return { index, next: index < last.index ? index + 1 : next }
        }
        next = ended + 1
        if (ended < 1) break
        const [bytes = last.bytes] = await read(namespace, [ended], signal)
        last = { index: ended, bytes }
      }
      return { index: undefined, next }
    },
  }
}

/** The write that makes a release the head, unless another one was first. */
export function headMove(
  namespace: Namespace,
  version: Version | undefined,
  newest: Placed,
): {
  readonly if: readonly Condition[]
  readonly put: readonly [{ key: string; value: Uint8Array }]
  readonly remove: []
} {
  return {
    if: [headUnmoved(namespace, version)],
    put: [{ key: keys.head(namespace), value: encodeHead(newest) }],
    remove: [],
  }
}

export function headUnmoved(namespace: Namespace, version: Version | undefined): Condition {
  const key = keys.head(namespace)
  return version === undefined ? { type: 'absent', key } : { type: 'unchanged', key, version }
}

/** The place in decimal, a line break, and the release. */
function encodeHead({ index, bytes }: Placed): Uint8Array {
  const place = encodeText(`${index}\n`)
  const value = new Uint8Array(place.length + bytes.length)
  value.set(place)
  value.set(bytes, place.length)
  return value
}

function decodeHead(entry: Entry | undefined, namespace: Namespace): Head {
  if (entry === undefined) return { index: 0, bytes: new Uint8Array(), version: undefined }
  const { value, version } = entry
  const end = value.indexOf(LINE_BREAK)
  const index = end < 1 || end > 16 ? Number.NaN : Number(String.fromCharCode(...value.subarray(0, end)))
  if (!Number.isSafeInteger(index) || index < 1)
    throw new NoticeboardError(
      'store-damaged',
      `the newest release of ${namespace} in the store was not written by noticeboard; find what else writes to its keys`,
    )
  return { index, bytes: value.subarray(end + 1), version }
}

const LINE_BREAK = 0x0a
