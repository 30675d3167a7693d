import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import { settlesWithin } from '../../async/deadline.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { formatPosition, type Position } from '../../contracts/position.js'
import type { Delivery, NoticeTransport, WatchQuery } from '../../contracts/transport.js'
import { systemClock } from '../../system/system.js'
import { expectSample, isSample, neverBack } from './current.js'
import { fail, settled, within } from './expect.js'
import type { SampleRelease } from './fixture.js'
import { expectNoListeners, trackedSignal, type TrackedSignal } from './tracked-signal.js'
import { errorMessage } from '../../core/built-ins.js'

type Outcome = Delivery | { readonly type: 'ended' | 'lost' }

/** One watch, read by a case: it judges what comes as it comes. */
export interface WatchReader {
  /** What comes next. Fails when the watch ends, or nothing comes in time. */
  next(): Promise<Delivery>
  /** The next release, of whatever namespace. */
  release(): Promise<Extract<Delivery, { readonly type: 'release' }>>
  /**
   * Reads until this release comes. Fails when the watch goes back on the way, or brings another
   * release at this position.
   */
  until(sample: SampleRelease): Promise<void>
  /**
   * Reads until this release comes, which is true; or until the watch is found to be lost, which is
   * false: it throws `unavailable`, or the `alive` that it promised does not come. Fails when the
   * watch looks well, and does not bring the release.
   */
  overtakes(sample: SampleRelease): Promise<boolean>
  /** The iterator itself, for cases about ends. */
  readonly iterator: AsyncIterator<Delivery>
  /** The watch's signal, to abort and to look for listeners. */
  readonly tracked: TrackedSignal
  /**
   * Aborts, and fails unless the watch ends by that, in order and with nothing left on its signal.
   */
  end(): Promise<void>
  /** Aborts and leaves the loop, and judges nothing; for what a case that failed left open. */
  leave(): Promise<void>
}

/**
 * Opens a watch; each thing that is waited for may take `timeoutMs`, that of the cases unless given.
 */
export type OpenWatch = (
  transport: Watchable,
  query: Partial<WatchQuery> & { readonly namespaces: readonly Namespace[] },
  timeoutMs?: number,
) => WatchReader

/** What is watched: a transport, or what only notifies. */
type Watchable = Partial<NoticeTransport> & { readonly unmanaged?: true }

export function openWatch(
  transport: Watchable,
  query: Parameters<OpenWatch>[1],
  timeoutMs: number,
): WatchReader {
  const watch = transport.watch ?? fail("the transport has no `watch`; say so: without: { watch: '…' }")
  const tracked = trackedSignal()
  const iterator = watch.call(transport, { inline: false, ...query }, tracked.signal)[Symbol.asyncIterator]()
  const orders = new Map(query.namespaces.map(namespace => [namespace, neverBack()]))
  let ended = false
  let heartbeatMs = Number.POSITIVE_INFINITY

  const next = async (): Promise<Delivery> => {
    const result = await within('the next delivery of the watch', iterator.next(), timeoutMs)
    if (result.done === true) {
      ended = true
      return fail('the watch ended although nobody aborted it: a lost connection is thrown as `unavailable`')
    }
    const delivery = result.value
    if (delivery.type === 'alive') {
      if (delivery.heartbeatMs !== undefined && !(delivery.heartbeatMs > 0))
        fail('`heartbeatMs` must be above 0')
      heartbeatMs = delivery.heartbeatMs ?? heartbeatMs
      return delivery
    }
    const order =
      orders.get(delivery.namespace) ??
      fail(`the watch brought ${delivery.namespace}, which was not asked for`)
    if (delivery.type === 'release') order(delivery.bytes)
    return delivery
  }
  /**
   * A case that fails meanwhile awaits this no more: then its rejection is no news, and must not be
   * the one that a runner shows.
   */
  const pending = new Set<Promise<unknown>>()
  const begun = <T>(work: Promise<T>): Promise<T> => {
    const done = (): void => void pending.delete(work)
    pending.add(work)
    work.then(done, done)
    return work
  }
  const release = async (): Promise<Extract<Delivery, { readonly type: 'release' }>> => {
    const endMs = systemClock.monotonic() + timeoutMs
    while (systemClock.monotonic() < endMs) {
      const delivery = await next()
      if (delivery.type === 'release') return delivery
    }
    return fail(`the watch brought no release within ${timeoutMs} ms`)
  }

  const until = async (sample: SampleRelease): Promise<void> => {
    const order = neverBack()
    let newest: Position | undefined
    const endMs = systemClock.monotonic() + timeoutMs
    while (systemClock.monotonic() < endMs) {
      const { namespace, bytes } = await release().catch((error: unknown) =>
        fail(`waiting for ${sample.namespace} ${formatPosition(sample.at)}: ${errorMessage(error)}`, {
          cause: error,
        }),
      )
      if (namespace !== sample.namespace) continue
      if (isSample(transport, bytes, sample)) return
      const at = order(bytes)
      newest = at
      if (formatPosition(at) === formatPosition(sample.at))
        expectSample('the release of the watch', transport, bytes, sample)
    }
    fail(
      `the watch did not bring ${sample.namespace} ${formatPosition(sample.at)} within ${timeoutMs} ms; ${newest === undefined ? 'it brought nothing else' : `it came as far as ${formatPosition(newest)}`}`,
    )
  }

  return {
    iterator,
    tracked,
    next: () => begun(next()),
    release: () => begun(release()),
    until: sample => begun(until(sample)),
    async overtakes(sample) {
      const endMs = systemClock.monotonic() + timeoutMs
      for (let waiting = iterator.next(); ; waiting = iterator.next()) {
        const leftMs = endMs - systemClock.monotonic()
        const silenceMs = DEAD_AFTER_HEARTBEATS * heartbeatMs
        const heard = await settlesWithin(waiting, {
          clock: systemClock,
          timeoutMs: Math.min(leftMs, silenceMs),
        })
        const outcome = heard ? await outcomeOf(waiting) : ({ type: 'silent' } as const)
        switch (outcome.type) {
          case 'ended':
            return fail('the watch ended although nobody aborted it')
          case 'lost':
            ended = true
            return false
          case 'silent':
            if (leftMs < silenceMs)
              fail(
                `the watch looks well, and did not bring ${formatPosition(sample.at)} within ${timeoutMs} ms`,
              )
            // A strategy gives it up here.
            ended = true
            tracked.abort()
            return false
          case 'alive':
            heartbeatMs = outcome.heartbeatMs ?? heartbeatMs
            break
          case 'release':
            if (isSample(transport, outcome.bytes, sample)) return true
            break
          case 'mark':
            break
        }
      }
    },
    async end() {
      tracked.abort()
      if (ended) return
      await expectEnd(iterator, timeoutMs)
      await expectNoListeners(tracked)
    },
    async leave() {
      tracked.abort()
      await settled((async () => iterator.return?.())())
      await Promise.allSettled(pending)
    },
  }
}

/** What a read of the watch brought. Fails when it threw anything but a loss. */
function outcomeOf(read: Promise<IteratorResult<Delivery>>): Promise<Outcome> {
  return read.then(
    ({ done, value }): Outcome => (done === true ? { type: 'ended' } : value),
    (error: unknown): Outcome =>
      isNoticeboardError(error, 'unavailable')
        ? { type: 'lost' }
        : fail('the watch threw another error than `unavailable`', { cause: error }),
  )
}

/** Fails unless an aborted watch ends in order. What was on its way already may still come. */
export async function expectEnd(iterator: AsyncIterator<Delivery>, timeoutMs: number): Promise<void> {
  for (let left = 100; left > 0; left -= 1) {
    const { done } = await within('the end of an aborted watch', iterator.next(), timeoutMs).catch(
      (error: unknown) =>
        fail(`an aborted watch must end, and it threw: ${errorMessage(error)}`, { cause: error }),
    )
    if (done === true) return
  }
  fail('an aborted watch goes on and on')
}
