import type { Violate } from './truth.js'

/**
 * The marks that travel: only a server over the store makes them, and a relay passes them on as
 * they are.
 */
export interface Marks {
  heard(chunk: Uint8Array, fromRelay: boolean): void
  /**
   * These releases are lost, and from then on, by the clock of the servers, no mark may be made for
   * one of them.
   */
  lost(digests: readonly string[], atMs: number): void
}

const MARK = /^data: (\{"mark":.*\})$/gm
/** How long a server may take from its look at the store to the mark, in milliseconds. */
const MINTING_MS = 2_000
const decoder = new TextDecoder()

/** Makes {@link Marks}. */
export function watchMarks(violate: Violate): Marks {
  const minted = new Set<string>()
  const lostAtMs = new Map<string, number>()
  /** Only what the store said just now is marked. */
  const isLost = (mark: string): boolean => {
    const { digest, asOf } = (JSON.parse(mark) as { mark: { digest: string; asOf: string } }).mark
    return Date.parse(asOf) > (lostAtMs.get(digest) ?? Number.POSITIVE_INFINITY) + MINTING_MS
  }
  return {
    heard(chunk, fromRelay) {
      const text = decoder.decode(chunk)
      if (!text.includes('{"mark":')) return
      for (const [, mark = ''] of text.matchAll(MARK)) {
        if (isLost(mark))
          violate('what-is-lost-is-not-marked', 'a server marks a release that its store has lost')
        if (!fromRelay) minted.add(mark)
        else if (!minted.has(mark)) violate('relays-mint-nothing', 'a relay sent a mark that no server made')
      }
    },
    lost(digests, atMs) {
      for (const digest of digests) lostAtMs.set(digest, atMs)
    },
  }
}
