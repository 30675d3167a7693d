import type { ProbeAnswer } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { askProbe, type HealthOptions } from './probe.js'

/** Keeps asking whether the application is well, and decides whether a snapshot is confirmed. */
export interface HealthWatch {
  /** What the probe said before what runs came into force, and says now; undefined without a probe. */
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
  /** Called with whether it is confirmed, once; undefined where nobody waits for that. */
  readonly decide: ((isConfirmed: boolean) => void) | undefined
}

export interface HealthWatchOptions {
  /** Undefined for a client without a probe. */
  readonly options: Required<HealthOptions> | undefined
  readonly clock: Clock
  /** Aborts when the client closes. */
  readonly signal: AbortSignal
}

/** Makes a {@link HealthWatch}. */
export function createHealthWatch({ options, clock, signal }: HealthWatchOptions): HealthWatch {
  let health: HealthWatch['health']
  let changed = (): void => {}
  /** Grows with each snapshot: the watch of an earlier one ends. */
  let serial = 0

  const watch = async (asking: Required<HealthOptions>, { before, decide }: Committed): Promise<void> => {
    const { intervalMs, confirmMs } = asking
    serial += 1
    const mine = serial
    const endsMs = clock.monotonic() + confirmMs
    let isOpen = decide !== undefined
    health = { before, now: before }
    while (!signal.aborted) {
      const leftMs = endsMs - clock.monotonic()
      await clock.sleep(isOpen ? Math.min(intervalMs, Math.max(leftMs, 0)) : intervalMs, signal)
      if (signal.aborted || serial !== mine) return
      const now = await askProbe(asking, { clock, signal })
      if (signal.aborted || serial !== mine) return
      if (now !== health.now) {
        health = { before, now }
        changed()
      }
      if (!isOpen || clock.monotonic() < endsMs) continue
      isOpen = false
      decide?.(now === 'healthy')
    }
  }

  return {
    get health() {
      return health
    },
    ask: async until => (options === undefined ? 'none' : askProbe(options, { clock, signal: until })),
    onChange(listener) {
      changed = listener
    },
    committed(commit) {
      if (options !== undefined) void watch(options, commit)
    },
  }
}
