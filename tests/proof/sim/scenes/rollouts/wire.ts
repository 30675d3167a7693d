import { createLinkedAbortController } from '../../../../../src/async/signals.js'
import { NoticeboardError } from '../../../../../src/contracts/errors.js'
import type { ClientReport } from '../../../../../src/contracts/report.js'
import type { CompleteStore, Delivery, Latest } from '../../../../../src/contracts/transport.js'
import type { SimProcess } from '../../../../../src/sim/process.js'

/**
 * A way from one process to the store. Everything takes a moment in each direction, nothing comes
 * back to a process that is dead, and an answer may be lost after its question was heard.
 */
export interface Wire {
  readonly store: CompleteStore
  cut(): void
  mend(): void
  readonly isCut: boolean
  /** Whether what it brings is what it brought last. */
  lag(isLate: boolean): void
  readonly isLate: boolean
  /** Since when it is as it is now. */
  readonly sinceMs: number
  /** Reports are lost, and nothing else is. */
  mute: boolean
  /** When the reports that it brought last were read. */
  readonly readMs: number
}

/** What is told of a wire. */
export interface WireTells {
  /** A release was brought. */
  readonly brought?: (bytes: Uint8Array) => void
  /** A report was handed over. */
  readonly reported?: (reports: readonly ClientReport[]) => void
}

const MOST_DELAY_MS = 60

/** Lays a {@link Wire} for one process. */
export function layWire(
  shared: CompleteStore,
  {
    own,
    nowMs,
    tells = {},
  }: { readonly own: SimProcess; readonly nowMs: () => number; readonly tells?: WireTells },
): Wire {
  // Somebody else's store: what is published there without a policy goes in stages.
  const { local: _, ...store } = shared
  const dice = own.system.random
  const breaks = new Set<() => void>()
  let isCut = false
  let sinceMs = nowMs()
  let readMs = 0
  let isLate = false
  /** What was brought last. */
  let last: Latest | undefined
  const turn = (to: boolean): void => {
    if (isCut !== to) sinceMs = nowMs()
    isCut = to
  }
  const hop = async (signal: AbortSignal): Promise<void> => {
    await own.clock.sleep(dice.between(1, MOST_DELAY_MS), signal)
    if (isCut) throw new NoticeboardError('unavailable', 'the wire is cut')
  }
  const over = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    await hop(signal)
    const done = await work()
    await hop(signal)
    return done
  }
  const given = (latest: Latest): Latest => {
    if (latest.type !== 'release') return latest
    tells.brought?.(latest.bytes)
    last = latest
    return latest
  }
  const before = (tag: string | undefined): Latest =>
    last?.type !== 'release' ? { type: 'none' } : last.tag === tag ? { type: 'unchanged' } : last
  const wire = {
    mute: false,
    cut() {
      turn(true)
      for (const snap of breaks) snap()
    },
    mend: () => turn(false),
    get isCut() {
      return isCut
    },
    lag(to: boolean) {
      if (isLate === to) return
      isLate = to
      sinceMs = nowMs()
      // A watch that fell behind begins anew.
      for (const snap of breaks) snap()
    },
    get isLate() {
      return isLate
    },
    get sinceMs() {
      return sinceMs
    },
    get readMs() {
      return readMs
    },
    store: {
      ...store,
      name: 'wire',
      latest: async (query, signal) =>
        isLate && last !== undefined
          ? over(signal, async () => before(query.tag))
          : given(await over(signal, () => store.latest(query, signal))),
      next: async (query, signal) =>
        isLate && last !== undefined
          ? over(signal, async () => ({ type: 'none' }))
          : given(await over(signal, () => store.next(query, signal))),
      snapshot: (query, signal) => over(signal, () => store.snapshot(query, signal)),
      put: (query, signal) => over(signal, () => store.put(query, signal)),
      append: (query, signal) => over(signal, () => store.append(query, signal)),
      namespaces: signal => over(signal, () => store.namespaces(signal)),
      schema: (query, signal) => over(signal, () => store.schema(query, signal)),
      putSchema: (query, signal) => over(signal, () => store.putSchema(query, signal)),
      remove: (query, signal) => over(signal, () => store.remove(query, signal)),
      reports: (query, signal) =>
        over(signal, async () => {
          const heard = await store.reports(query, signal)
          readMs = nowMs()
          return heard
        }),
      async report(states, signal) {
        await hop(signal)
        if (wire.mute) throw new NoticeboardError('unavailable', 'reports are lost')
        await store.report(states, signal)
        tells.reported?.(states)
        await hop(signal)
      },
      async *history(query, signal) {
        for await (const entry of store.history(query, signal)) {
          await hop(signal)
          yield entry
        }
      },
      async *watch(query, signal): AsyncGenerator<Delivery, void, undefined> {
        await hop(signal)
        const linked = createLinkedAbortController(signal)
        const snap = (): void => linked.abort()
        const forget = own.onDeath(snap)
        breaks.add(snap)
        try {
          for await (const delivery of store.watch(query, linked.signal)) {
            await hop(linked.signal)
            if (isLate && last !== undefined) continue
            if (delivery.type === 'release') tells.brought?.(delivery.bytes)
            yield delivery
          }
          if (isCut || !signal.aborted) throw new NoticeboardError('unavailable', 'the wire is cut')
        } finally {
          breaks.delete(snap)
          forget()
          linked.abort()
        }
      },
    } satisfies CompleteStore,
  }
  return wire
}
