import { comparePositions, type Position } from '../../../../src/contracts/position.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import type {
  CompleteStore,
  Delivery,
  Latest,
  ReportTransport,
  WatchTransport,
} from '../../../../src/contracts/transport.js'
import { createLinkedAbortController } from '../../../../src/async/signals.js'
import { decodeRelease, positionOf } from '../../../../src/core/release/release.js'
import type { SceneStage } from './scene.js'

/** A way from one client to a store, which can be cut, and what came over it. */
export interface Line {
  readonly transport: WatchTransport & ReportTransport
  /**
   * Nothing is answered, and open watches break. With a time, in milliseconds, every refusal asks
   * for that much quiet.
   */
  cut(retryAfterMs?: number): void
  mend(): void
  /** From now on questions are answered with this, and watches are silent. */
  lag(past: Latest): void
  catchUp(): void
  /** The next report is lost. */
  loseReport(): void
  /** When it last said what shows that this release is the newest; undefined before. */
  provenMs(position: Position): number | undefined
  /** When it first brought this release. */
  broughtMs(position: Position): number | undefined
  /** The last report that got through. */
  readonly heard: ClientReport | undefined
  /** Since when it is as it is now. */
  readonly sinceMs: number
  readonly isSound: boolean
  /** The watches that are open now. */
  readonly watches: number
}

/** Lays a {@link Line}. */
export function layLine(store: CompleteStore, { clock }: Pick<SceneStage, 'clock'>): Line {
  let state: 'sound' | 'cut' | 'lagging' = 'sound'
  let sinceMs = 0
  let retryAfterMs: number | undefined
  let losing = false
  let heard: ClientReport | undefined
  /** The answer of a store that lags, by the tag that it was asked with. */
  let past: Latest | undefined
  const breaks = new Set<() => void>()
  const brought: { readonly position: Position; readonly firstMs: number; lastMs: number }[] = []

  const turn = (to: typeof state): void => {
    state = to
    sinceMs = clock.monotonic()
  }
  const away = (): NoticeboardError =>
    new NoticeboardError('unavailable', 'the line is cut', {
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  const ask = (): void => {
    if (state === 'cut') throw away()
  }
  const bring = (bytes: Uint8Array): void => {
    const position = positionOf(decodeRelease(bytes).release)
    const nowMs = clock.monotonic()
    const known = brought.find(each => comparePositions(each.position, position) === 'same')
    if (known === undefined) brought.push({ position, firstMs: nowMs, lastMs: nowMs })
    else known.lastMs = nowMs
  }
  const given = (latest: Latest): Latest => {
    if (latest.type === 'release') bring(latest.bytes)
    return latest
  }

  return {
    transport: {
      name: 'line',
      async latest(query, signal) {
        ask()
        if (state === 'lagging' && past?.type === 'release') {
          if (past.tag === query.tag) return { type: 'unchanged' }
          return past
        }
        const latest = await store.latest(query, signal)
        // That nothing changed is said of the release that was brought last.
        const last = brought.at(-1)
        if (latest.type === 'unchanged' && last !== undefined) last.lastMs = clock.monotonic()
        return given(latest)
      },
      async next(query, signal) {
        ask()
        if (state === 'lagging') return { type: 'none' }
        return given(await store.next(query, signal))
      },
      async snapshot(query, signal) {
        ask()
        return store.snapshot(query, signal)
      },
      async *watch(query, signal): AsyncGenerator<Delivery, void, undefined> {
        ask()
        const own = createLinkedAbortController(signal)
        let broken = false
        const snap = (): void => {
          broken = true
          own.abort()
        }
        breaks.add(snap)
        try {
          for await (const delivery of store.watch(query, own.signal)) {
            if (state === 'lagging') continue
            if (delivery.type === 'release') bring(delivery.bytes)
            yield delivery
          }
          if (broken) throw away()
        } finally {
          breaks.delete(snap)
          own.abort()
        }
      },
      async report(states, signal) {
        ask()
        if (losing) {
          losing = false
          throw new NoticeboardError('unavailable', 'the report was lost')
        }
        await store.report(states, signal)
        heard = states.at(-1)
      },
    },
    cut(forMs) {
      retryAfterMs = forMs
      turn('cut')
      for (const snap of breaks) snap()
    },
    mend() {
      retryAfterMs = undefined
      turn('sound')
    },
    lag(latest) {
      past = latest
      turn('lagging')
    },
    catchUp() {
      turn('sound')
      // A watch that fell behind begins anew.
      for (const snap of breaks) snap()
    },
    loseReport: () => void (losing = true),
    provenMs: position =>
      brought.findLast(each => comparePositions(each.position, position) !== 'older')?.lastMs,
    broughtMs: position =>
      brought.find(each => comparePositions(each.position, position) === 'same')?.firstMs,
    get heard() {
      return heard
    },
    get sinceMs() {
      return sinceMs
    },
    get isSound() {
      return state === 'sound'
    },
    get watches() {
      return breaks.size
    },
  }
}

/** The namespace of the scenes in which somebody reads. */
export const READERS = 'shop/scene'
