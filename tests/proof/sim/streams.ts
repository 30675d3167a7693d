import type { OpenStream } from '../../../src/sim/carry-body.js'
import type { SimProcess } from '../../../src/sim/process.js'
import type { Violate } from './truth.js'

/**
 * The streams of one process: one at a time, and none that is silent for longer than 2.5
 * heartbeats.
 */
export interface Streams {
  opened(): OpenStream
  readonly open: number
  /** Whether one is open on which something came since then. */
  aliveSince(atMs: number): boolean
  /** Looks at what is still open. */
  check(): void
}

/**
 * What a second stream may stay for on which something came: the one before is let go at its first
 * event.
 */
const OVERLAP_MS = 5_000

/**
 * What it may stay for while nothing came, on a slow link: whoever opened it gives up then
 * (`firstEventTimeoutMs`).
 */
const FIRST_EVENT_MS = 10_000

/** What a silent stream may stay for beyond the promise: a turn of the loop that looks. */
const SLACK_MS = 1_000

/** Makes {@link Streams}, which say what is wrong as lines 14 and 19 want it. */
export function watchStreams({
  process,
  nowMs,
  heartbeatMs,
  violate,
  onNoticed = () => {},
}: {
  process: SimProcess
  nowMs: () => number
  heartbeatMs: number
  violate: Violate
  onNoticed?: () => void
}): Streams {
  const open = new Set<{ heardMs: number; spoke: boolean }>()
  let severalSinceMs: number | undefined

  const overlapMs = (): number => ([...open].every(({ spoke }) => spoke) ? OVERLAP_MS : FIRST_EVENT_MS)
  const judgeSeveral = (): void => {
    if (
      severalSinceMs !== undefined &&
      process.running &&
      nowMs() - Math.max(severalSinceMs, process.runsSinceMs) > overlapMs()
    ) {
      violate('one-stream', `${process.name} kept ${open.size} streams open`)
    }
  }
  const judgeSilence = ({ heardMs }: { heardMs: number }): void => {
    const silentMs = nowMs() - Math.max(heardMs, process.runsSinceMs)
    if (process.running && silentMs > 2.5 * heartbeatMs + SLACK_MS)
      violate(
        'half-open-noticed',
        `${process.name} held on to a stream that was silent for ${Math.round(silentMs)} ms`,
      )
  }
  const count = (): void => {
    severalSinceMs = open.size > 1 ? (severalSinceMs ?? nowMs()) : undefined
  }

  return {
    opened() {
      const stream = { heardMs: nowMs(), spoke: false }
      open.add(stream)
      count()
      return {
        heard() {
          // What comes over a connection that was let go is heard by nobody.
          if (!open.has(stream)) return
          judgeSilence(stream)
          stream.heardMs = nowMs()
          if (stream.spoke) return
          // From now on there is no reason for another one.
          judgeSeveral()
          stream.spoke = true
          if (severalSinceMs !== undefined) severalSinceMs = nowMs()
        },
        closed() {
          if (!open.has(stream)) return
          judgeSilence(stream)
          judgeSeveral()
          if (process.running && nowMs() - stream.heardMs >= 2 * heartbeatMs) onNoticed()
          open.delete(stream)
          count()
        },
      }
    },
    get open() {
      return open.size
    },
    aliveSince: atMs => [...open].some(({ heardMs }) => heardMs > atMs),
    check() {
      for (const stream of open) judgeSilence(stream)
      judgeSeveral()
    },
  }
}
