import type { Digest, Namespace } from '../../contracts/names.js'
import type { DeltaPair } from '../../core/release/delta-pairs.js'
import type { DeltaCache } from './delta-cache.js'
import { deltaFrame } from './frames.js'
import type { Frame } from './messages.js'
import { lengthOf, type Newest } from './newest-release.js'

/** Releases with a snapshot as a delta: one frame a pair, for all who hold its base. */
export interface DeltaFrames {
  /** The frame, if it was made. */
  peek(newest: Newest, pair: DeltaPair): Frame | undefined
  /** Makes it; false where there is no delta, and the whole snapshot goes along. Never rejects. */
  make(namespace: Namespace, newest: Newest, pair: DeltaPair): Promise<boolean>
  /** Counts what a reader was given, if it is one of them. */
  gave(frame: Frame): void
}

/**
 * Of how many pairs the frames of one release are kept; readers of others are sent the whole
 * snapshot.
 */
const MAX_FRAMES = 64

/** Makes {@link DeltaFrames}, which go with their release. */
export function createDeltaFrames(deltas: DeltaCache | undefined): DeltaFrames {
  const made = new WeakMap<Newest, Map<string, Frame>>()
  /** How many bytes each saves, in base64 as it is. */
  const saved = new WeakMap<Frame, number>()

  return {
    peek: (newest, pair) => made.get(newest)?.get(nameOf(pair)),
    async make(namespace, newest, pair) {
      const frames = made.get(newest) ?? new Map<string, Frame>()
      made.set(newest, frames)
      const name = nameOf(pair)
      if (frames.has(name)) return true
      const delta = frames.size < MAX_FRAMES ? await deltas?.load(namespace, newest, pair) : undefined
      if (delta === undefined) return false
      const frame = deltaFrame(namespace, newest.bytes, { name, delta })
      frames.set(name, frame)
      const along = frame.to - frame.from - (newest.frame.to - newest.frame.from)
      saved.set(frame, lengthOf(newest, pair.digest) - along)
      return true
    },
    gave(frame) {
      const bytes = saved.get(frame)
      if (bytes !== undefined) deltas?.gave(bytes)
    },
  }
}

/** The pair that a reader wants who holds a snapshot, and can use a delta. */
export function pairFor(
  digest: Digest,
  { deltas, have }: { readonly deltas: boolean | undefined; readonly have: Digest | undefined },
): DeltaPair | undefined {
  return deltas === true && have !== undefined ? { digest, base: have } : undefined
}

function nameOf({ digest, base }: DeltaPair): string {
  return `${digest}.from.${base}`
}
