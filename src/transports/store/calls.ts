import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Clock } from '../../contracts/system.js'
import { hideValues } from '../../core/cause-of.js'
import { withDeadline } from '../../async/deadline.js'
import { checkEntries, checkOutcome, checkPage } from './check-answers.js'
import type { EngineNews, StoreEngine } from './engine.js'

/**
 * An engine whose calls are aborted, have a deadline, and throw nothing but a `NoticeboardError`.
 */
export interface EngineCalls extends Required<Pick<StoreEngine, 'read' | 'write' | 'list' | 'now'>> {
  readonly name: string
  readonly atomic: StoreEngine['atomic']
  /**
   * What an acknowledged write survives: what the engine declares, and what `open` found once it
   * was called.
   */
  durability(): StoreEngine['durability']
  /** Undefined where the engine does not notify. */
  readonly listen: ((signal: AbortSignal) => AsyncIterable<EngineNews>) | undefined
}

export interface EngineCallsOptions {
  readonly clock: Clock
  /** `Infinity` for an engine in this process, which always answers. */
  readonly timeoutMs: number
}

/** Stops waiting for a driver by itself, so that drivers without cancellation are no trouble. */
export function engineCalls(engine: StoreEngine, { clock, timeoutMs }: EngineCallsOptions): EngineCalls {
  const { name } = engine
  let durability = engine.durability
  let opening: Promise<void> | undefined
  const late = (): NoticeboardError =>
    new NoticeboardError(
      'unavailable',
      `${name} did not answer within ${timeoutMs} ms (the store's option timeoutMs)`,
    )

  const bounded = async <T>(work: (signal: AbortSignal) => Promise<T>, caller: AbortSignal): Promise<T> => {
    if (caller.aborted) throw new NoticeboardError('closed', 'the call was aborted before it began')
    if (timeoutMs === Number.POSITIVE_INFINITY) return work(caller)
    try {
      return await withDeadline({ clock, signal: caller, timeoutMs, what: name, graceMs: 0, late }, work)
    } catch (error) {
      throw asNoticeboardError(
        error,
        'unavailable',
        `${name} could not be reached, or the connection was lost`,
      )
    }
  }

  /** Opened once for all callers: one that aborts does not abort it for the others. */
  const opened = async (signal: AbortSignal): Promise<void> => {
    const { open } = engine
    if (open === undefined) return
    opening ??= bounded(own => open.call(engine, own), new AbortController().signal).then(
      found => {
        durability = found?.durability ?? durability
      },
      (error: unknown) => {
        opening = undefined
        throw error
      },
    )
    const shared = opening
    await bounded(() => shared, signal)
  }

  const call = async <T>(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    if (engine.open !== undefined) await opened(signal)
    return bounded(work, signal)
  }

  const { listen } = engine
  return {
    name,
    atomic: engine.atomic,
    durability: () => durability,
    read: (keys, signal) => call(async own => checkEntries(name, keys, await engine.read(keys, own)), signal),
    write: (batch, signal) =>
      call(async own => {
        try {
          return checkOutcome(name, await engine.write(batch, own))
        } catch (error) {
          hideValues(
            error,
            batch.put.map(({ value }) => value),
          )
          throw error
        }
      }, signal),
    list: (page, signal) => call(async own => checkPage(name, page, await engine.list(page, own)), signal),
    now: signal => call(async own => (await engine.now?.(own)) ?? clock.now(), signal),
    listen:
      listen &&
      async function* (signal) {
        await opened(signal)
        yield* listen.call(engine, signal)
      },
  }
}
