import type { ProbeAnswer } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { askProbe, type HealthOptions } from './probe.js'

/** Keeps asking whether the application is well, and decides whether a snapshot is confirmed. */
export interface HealthWatch {
  /**
   * What the probe said before what runs came into force, and says now; undefined without a probe.
   */
  readonly health: { readonly before: ProbeAnswer; readonly now: ProbeAnswer } | undefined
  /** Asks now, before a snapshot comes into force. `none` without a probe. */
  ask(signal: AbortSignal): Promise<ProbeAnswer>
  /** A snapshot came into force. */
  committed(commit: Committed): void
  /** Calls back when the probe says something else than before. */
  onChange(listener: () => void): void
}

/** A snapshot that came into force. */
export interface Committed {
  /** What the probe said before. */
  readonly before: ProbeAnswer
  /**
   * Called with whether it is confirmed, until it says that this decided it; undefined where nobody
   * waits for that.
   */
  readonly decide: ((isConfirmed: boolean) => boolean) | undefined
}

export interface HealthWatchOptions {
  /** Undefined for a client without a probe. */
  readonly options: Required<HealthOptions> | undefined
  readonly clock: Clock
  /** Aborts when the client closes. */
  readonly signal: AbortSignal
}

/**
 * How long after a snapshot came into force the probe is asked first, in milliseconds, where its
 * interval is not shorter: a rollout whose stages are short is to hear of it as well.
 */
const FIRST_MS = 1_000

/** Makes a {@link HealthWatch}. */
export function createHealthWatch(options: HealthWatchOptions): HealthWatch {
  return new Watch(options)
}

/** A class, since every client has one. */
class Watch implements HealthWatch {
  health: HealthWatch['health']
  readonly #options: HealthWatchOptions
  #changed: (() => void) | undefined
  /** Grows with each snapshot: the watch of an earlier one ends. */
  #serial = 0

  constructor(options: HealthWatchOptions) {
    this.#options = options
  }

  async ask(signal: AbortSignal): Promise<ProbeAnswer> {
    const { options, clock } = this.#options
    return options === undefined ? 'none' : askProbe(options, { clock, signal })
  }

  onChange(listener: () => void): void {
    this.#changed = listener
  }

  committed(commit: Committed): void {
    const { options } = this.#options
    if (options !== undefined) void this.#watch(options, commit)
  }

  async #watch(asking: Required<HealthOptions>, { before, decide }: Committed): Promise<void> {
    const { clock, signal } = this.#options
    const { intervalMs, confirmMs } = asking
    this.#serial += 1
    const mine = this.#serial
    const endsMs = clock.monotonic() + confirmMs
    let isOpen = decide !== undefined
    let waitMs = Math.min(FIRST_MS, intervalMs)
    this.health = { before, now: before }
    while (!signal.aborted) {
      const leftMs = endsMs - clock.monotonic()
      await clock.sleep(isOpen && leftMs > 0 ? Math.min(waitMs, leftMs) : waitMs, signal)
      waitMs = intervalMs
      if (signal.aborted || this.#serial !== mine) return
      const now = await askProbe(asking, { clock, signal })
      if (signal.aborted || this.#serial !== mine) return
      if (now !== this.health.now) {
        this.health = { before, now }
        this.#changed?.()
      }
      if (!isOpen || clock.monotonic() < endsMs) continue
      isOpen = decide?.(now === 'healthy') === false
    }
  }
}
