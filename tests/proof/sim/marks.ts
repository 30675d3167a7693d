import type { Violate } from './truth.js'

/** The marks that travel: only a server over the store makes them, and a relay passes them on as they are. */
export interface Marks {
  heard(chunk: Uint8Array, fromRelay: boolean): void
}

const MARK = /^data: (\{"mark":.*\})$/gm
const decoder = new TextDecoder()

/** Makes {@link Marks}. */
export function watchMarks(violate: Violate): Marks {
  const minted = new Set<string>()
  return {
    heard(chunk, fromRelay) {
      const text = decoder.decode(chunk)
      if (!text.includes('{"mark":')) return
      for (const [, mark = ''] of text.matchAll(MARK)) {
        if (!fromRelay) minted.add(mark)
        else if (!minted.has(mark)) violate('relays-mint-nothing', 'a relay sent a mark that no server made')
      }
    },
  }
}
