/** How often a line comes, in milliseconds. */
const EVERY_MS = 10_000

export interface Progress {
  tell(done: number, of: number, note?: string): void
}

/** Says now and then how far a part is and how long it will still take. */
export function createProgress(name: string, say: (line: string) => void): Progress {
  const beganMs = performance.now()
  let saidMs = beganMs
  /** What an interrupted run had done already. */
  let first: number | undefined
  let ended = false
  return {
    tell(done, of, note) {
      const nowMs = performance.now()
      first ??= Math.max(0, done - 1)
      if (ended || (nowMs - saidMs < EVERY_MS && done < of)) return
      ended = done >= of
      saidMs = nowMs
      const rate = (done - first) / ((nowMs - beganMs) / 1_000)
      const left =
        done < of ? `, ${duration((of - done) / rate)} left` : ` in ${duration((nowMs - beganMs) / 1_000)}`
      const percent = ((100 * done) / of).toFixed(0)
      say(
        `${name.padEnd(8)} ${count(done)} of ${count(of)} (${percent} %), ${rate < 10 ? rate.toFixed(2) : count(Math.round(rate))}/s${left}${note === undefined ? '' : `; ${note}`}`,
      )
    },
  }
}

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** Seconds for people. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown'
  if (seconds < 100) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
