import { NoticeboardError } from '../contracts/errors.js'
import type { Schema } from '../contracts/schema.js'
import { jitter } from '../async/jitter.js'
import { isElsewhere } from '../async/signals.js'
import { createWakeable } from '../async/wakeable.js'
import { createApplyLoop } from './apply/apply-loop.js'
import type { Pending } from './apply/pending.js'
import { isWorking } from './apply/state.js'
import { createWhyNot, isRefused } from './apply/why-not.js'
import { createChanges } from './changes.js'
import { createLooks, type Looks } from './receive/looks.js'
import type { Remembered } from './remembered.js'
import { startUp, type Parts } from './start-up.js'

/**
 * A client at work, from its start to its end. Most clients have one life. Where timers and sockets
 * belong to the request that made them (Cloudflare Workers), a client that is kept between requests
 * has one in each request that asks it for something newer; what it runs and what it knows go over
 * from one to the next.
 */
export interface Life {
  readonly looks: Looks
  /** Whether something is about to come into force, or to be refused. */
  readonly working: boolean
  /** Why the newest release does not run here; undefined where it does, or may yet. */
  readonly refusal: NoticeboardError | undefined
  /** Whether this client follows no releases for now: paused, or pinned. */
  readonly paused: boolean
  /** Whether it belongs to another request than the caller's: nothing of it can be used from here. */
  readonly elsewhere: boolean
  /** Starts everything, once; resolves when what is on disk is in force. */
  start(): Promise<void>
  /** Asks the strategy to look now. */
  lookNow(): void
  /**
   * Resolves once the condition holds, and after `timeoutMs` in any case. The condition is checked
   * now, after each look and after each step towards a commit. Rejects with the signal's reason
   * when it aborts.
   */
  until(condition: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void>
  pause(): void
  resume(): void
  close(): Promise<void>
  /** What the life after this one begins with. */
  remembered(): Remembered | undefined
}

/** What all lives of a client share. */
export type Shared<S extends Schema> = Omit<
  Parts<S>,
  'signal' | 'news' | 'changes' | 'looks' | 'whyNot' | 'loop' | 'before' | 'known' | 'isOutrun'
> & {
  /** Checks the defaults, before anything else of the first life happens. */
  readonly prepare: (signal: AbortSignal) => Promise<void>
  /** Whether a later life brought something that this one must not undo. */
  readonly isOutrun: (life: Life, pending: Pending) => boolean
}

/** Makes a {@link Life} that begins with `start`; no I/O, no timer and no signal before that. */
export function createLife<S extends Schema>(shared: Shared<S>, before: Remembered | undefined): Life {
  const { settings, complain, prepare, isOutrun } = shared
  const { namespace, clock, random, logger, strategy } = settings
  const news = createWakeable(clock)
  const changes = createChanges(clock)
  const whyNot = createWhyNot()
  const looks = createLooks({
    clock,
    strategy: strategy.name,
    namespace,
    logger,
    complain,
    changed: changes.changed,
  })
  const loop: Parts<S>['loop'] = createApplyLoop({
    clock,
    retryMs: () => jitter(settings.vetoRetryMs, 0.2, random),
    soakMs: settings.soakMs,
  })
  let root: AbortController | undefined
  let starting: Promise<{ stop(): Promise<void> }> | undefined
  let remembered = (): Remembered | undefined => before

  const begin = async ({ signal }: AbortController): Promise<{ stop(): Promise<void> }> => {
    await prepare(signal)
    return startUp({
      ...shared,
      signal,
      news,
      changes,
      looks,
      whyNot,
      loop,
      before,
      known({ identity: { clientId, ephemeral }, writer }) {
        remembered = () => ({ name: { clientId, ephemeral }, state: writer.state })
      },
      isOutrun: pending => isOutrun(life, pending),
    })
  }

  const life: Life = {
    looks,
    get working() {
      return isWorking(loop.state)
    },
    get refusal() {
      return isRefused(loop.state) ? whyNot.reason : undefined
    },
    get paused() {
      return loop.state.mode.at !== 'following'
    },
    get elsewhere() {
      return root !== undefined && isElsewhere(root.signal)
    },
    async start() {
      await (starting ??= begin((root = new AbortController())))
    },
    lookNow: news.wake,
    until: changes.until,
    pause: () => loop.send({ type: 'pause' }),
    resume: () => loop.send({ type: 'resume' }),
    async close() {
      root?.abort(new NoticeboardError('closed', `${namespace}: this client was closed`))
      const ended = loop.close()
      changes.changed()
      // A start that failed was told to whoever asked for it.
      const started = await starting?.catch(() => undefined)
      await ended
      await started?.stop()
    },
    remembered: () => remembered(),
  }
  return life
}
