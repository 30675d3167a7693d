/** The way between a machine and the servers that it asks, with what is wrong with it just now. */
export interface Link {
  /** Connections are refused. */
  refused: boolean
  /**
   * Nothing goes through, and nobody is told: packets vanish, and open connections stay half-open.
   */
  black: boolean
  /** Probability, from 0 to 1, that a request vanishes. */
  drop: number
  /** Probability, from 0 to 1, that a request arrives twice. */
  duplicate: number
  /** Probability, from 0 to 1, that a body ends in the middle. */
  cut: number
  /** Chunks arrive a byte at a time. */
  bytewise: boolean
  /** A proxy in between, and what it does. */
  proxy: LinkProxy
  /** A mirror in between, whose answers about the newest release are late. */
  replica: LinkReplica | undefined
  /** The client reads nothing of what comes. */
  stalled: boolean
  /**
   * The longest that a request, an answer or a chunk travels, in milliseconds, beside the one that
   * each takes.
   */
  slowestMs: number
}

/**
 * What a proxy does: `stale` answers with what it passed on last, `buffering` holds streams back,
 * `login-page` answers with a page of its own, `mangling` damages what it passes on, `grumpy`
 * refuses in every way that HTTP knows, `noisy` adds to event streams what their readers have to
 * bear.
 */
export type LinkProxy = 'none' | 'stale' | 'buffering' | 'login-page' | 'mangling' | 'grumpy' | 'noisy'

/** A mirror that answers with what stood there some seconds ago. It learns it when it is asked. */
export interface LinkReplica {
  /** How late its answers are, in milliseconds. */
  readonly lagMs: number
  /** Called when it answers with what is not the newest any more. */
  readonly onLate: () => void
  /** What it saw, by path; begin with an empty map. */
  readonly seen: Map<
    string,
    { readonly atMs: number; readonly headers: Headers; readonly body: ArrayBuffer }[]
  >
}

/**
 * A link on which all is well. Change it, also while a history runs.
 *
 * ```ts
 * const link = soundLink()
 * link.drop = 0.5
 * ```
 */
export function soundLink(): Link {
  return {
    refused: false,
    black: false,
    drop: 0,
    duplicate: 0,
    cut: 0,
    bytewise: false,
    proxy: 'none',
    replica: undefined,
    stalled: false,
    slowestMs: 20,
  }
}
