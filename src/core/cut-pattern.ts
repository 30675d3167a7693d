/** How a stream ended that nobody meant to end. */
export interface Cut {
  /** How long it had brought nothing by then, in milliseconds. */
  readonly silentMs: number
  /** How old it was, in milliseconds. */
  readonly ageMs: number
}

/** What streams that are cut have in common. */
export interface CutPattern {
  /**
   * Takes note of a cut; tells what the last ones have in common when that shows, and once for as
   * long as it goes on. A cut now and then that is unlike the others does not end it.
   */
  note(cut: Cut): { readonly by: 'silence' | 'age'; readonly afterMs: number } | undefined
}

/** Cuts this close to each other have one cause: so long, or a twentieth. */
const CLOSE_MS = 1_000
const CLOSE_SHARE = 0.05

/** What was told is told again once it did not show for this many times the cuts that it takes. */
const FORGOTTEN = 4

/** What breaks sooner is broken itself, and no timeout. */
const SHORTEST_MS = 2_000

/**
 * Recognises what cuts streams always after the same time, which a proxy's timeout does and nothing
 * else.
 *
 * ```ts
 * const pattern = createCutPattern(3)
 * const found = pattern.note({ silentMs: 10_010, ageMs: 12_400 })
 * ```
 */
export function createCutPattern(count: number): CutPattern {
  const cuts: Cut[] = []
  let told: 'silence' | 'age' | undefined
  /** How many cuts came since what was told showed for the last time. */
  let since = 0

  const common = (times: readonly number[]): number | undefined => {
    const least = Math.min(...times)
    const most = Math.max(...times)
    const isOne = least >= SHORTEST_MS && most - least <= Math.max(CLOSE_MS, CLOSE_SHARE * least)
    return isOne ? Math.round(times.reduce((sum, time) => sum + time, 0) / times.length) : undefined
  }

  return {
    note(cut) {
      cuts.push(cut)
      if (cuts.length > count) cuts.shift()
      if (cuts.length < count) return undefined
      const silentMs = common(cuts.map(one => one.silentMs))
      const ageMs = silentMs === undefined ? common(cuts.map(one => one.ageMs)) : undefined
      const by = silentMs !== undefined ? 'silence' : ageMs !== undefined ? 'age' : undefined
      since = by !== undefined && by === told ? 0 : since + 1
      if (since > FORGOTTEN * count) told = undefined
      const afterMs = silentMs ?? ageMs
      if (by === undefined || afterMs === undefined || told !== undefined) return undefined
      told = by
      since = 0
      return { by, afterMs }
    },
  }
}

/**
 * What to do about streams that are always cut after the same time, in words.
 *
 * ```ts
 * sayCut({ by: 'silence', afterMs: 5_000 }, 8_000) // always after 5 s without a sign of life: …
 * ```
 */
export function sayCut(
  { by, afterMs }: { readonly by: 'silence' | 'age'; readonly afterMs: number },
  heartbeatMs: number,
): string {
  const after = `${Math.round(afterMs / 1000)} s`
  if (by === 'silence')
    return `always after ${after} without a sign of life, which is a proxy's timeout: raise it above the heartbeat of ${heartbeatMs / 1000} s (nginx: proxy_read_timeout; haproxy: timeout client, timeout server), or set heartbeatMs of the server (noticeboard serve --heartbeat-ms) below it`
  return `always at the age of ${after}, which is a limit of something in between: raise it (haproxy: timeout tunnel; load balancers: the request timeout), or set maxConnectionAgeMs of the server below it`
}
