import type { Threads } from '../../threads.js'
import type { SceneStage } from '../scene.js'

/** Threads that take their time, and are watched. */
export interface WatchedThreads {
  readonly work: Threads
  /** How long a piece of work takes at most, in milliseconds. */
  slowestMs: number
}

/** How often a piece of work fails, for want of memory say. */
const FAILS = 0.05

export interface WatchOptions {
  /** Whether the same bytes are to be compressed but once, and not only but once at a time. */
  readonly isOnce: boolean
  /** Whether nobody asks for what is compressed. */
  readonly isIdle: boolean
}

/** Makes {@link WatchedThreads}, which say what is compressed in vain. */
export function watchThreads(
  { clock, dice, violate, met }: SceneStage,
  { isOnce, isIdle }: WatchOptions,
): WatchedThreads {
  const known = new Set<string>()
  const threads: WatchedThreads = {
    slowestMs: 0,
    work(bytes, done) {
      if (isIdle) violate('nobody-pays-for-others', 'an event was compressed that nobody takes so')
      const key = Buffer.from(bytes).toString('latin1')
      if (known.has(key)) violate('compressed-once', `${bytes.length} bytes were compressed twice`)
      known.add(key)
      const tookMs = threads.slowestMs === 0 ? 0 : dice.between(0, threads.slowestMs)
      const fails = dice.chance(FAILS)
      if (fails) met('an event could not be compressed')
      clock.after(tookMs, () => {
        if (!isOnce) known.delete(key)
        done(fails ? new Error('not enough memory') : null)
      })
    },
  }
  return threads
}
