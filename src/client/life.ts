import { NoticeboardError } from '../contracts/errors.js'
import type { Schema } from '../contracts/schema.js'
import { jitter } from '../async/jitter.js'
import { isElsewhere } from '../async/signals.js'
import { createWakeable, type Wakeable } from '../async/wakeable.js'
import { createApplyLoop } from './apply/apply-loop.js'
import type { Pending } from './apply/pending.js'
import { isWorking } from './apply/state.js'
import { createWhyNot, isRefused, type WhyNot } from './apply/why-not.js'
import { createChanges, type Changes } from './changes.js'
import { createLooks, type Looks } from './receive/looks.js'
import { orphanedIn, type OrphanedRollout } from './receive/orphaned.js'
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
  /**
   * Whether it belongs to another request than the caller's: nothing of it can be used from here.
   */
  readonly elsewhere: boolean
  /** The rollout that it knows and nobody has decided about in its time. */
  readonly orphaned: OrphanedRollout | undefined
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
  return new Living(shared, before)
}

/** A class, since every client has one. */
class Living<S extends Schema> implements Life {
  readonly looks: Looks
  readonly #shared: Shared<S>
  readonly #news: Wakeable
  readonly #changes: Changes
  readonly #whyNot: WhyNot = createWhyNot()
  readonly #loop: Parts<S>['loop']
  readonly #before: Remembered | undefined
  /** What is known of it once its state was read. */
  #known: Parameters<Parts<S>['known']>[0] | undefined
  #root: AbortController | undefined
  #starting: Promise<{ stop(): Promise<void> }> | undefined

  constructor(shared: Shared<S>, before: Remembered | undefined) {
    const { settings, complain } = shared
    const { namespace, clock, random, logger, strategy, vetoRetryMs, soakMs } = settings
    this.#shared = shared
    this.#before = before
    this.#news = createWakeable(clock)
    this.#changes = createChanges(clock)
    const { changed } = this.#changes
    this.looks = createLooks({ clock, strategy: strategy.name, namespace, logger, complain, changed })
    this.#loop = createApplyLoop({ clock, retryMs: () => jitter(vetoRetryMs, 0.2, random), soakMs })
  }

  get working(): boolean {
    return isWorking(this.#loop.state)
  }

  get refusal(): NoticeboardError | undefined {
    return isRefused(this.#loop.state) ? this.#whyNot.reason : undefined
  }

  get paused(): boolean {
    return this.#loop.state.mode.at !== 'following'
  }

  get elsewhere(): boolean {
    return this.#root !== undefined && isElsewhere(this.#root.signal)
  }

  get orphaned(): OrphanedRollout | undefined {
    return this.#known && orphanedIn({ ...this.#known, strategy: this.#shared.settings.strategy })
  }

  async start(): Promise<void> {
    await (this.#starting ??= this.#begin((this.#root = new AbortController())))
  }

  lookNow(): void {
    this.#news.wake()
  }

  until(condition: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#changes.until(condition, timeoutMs, signal)
  }

  pause(): void {
    this.#loop.send({ type: 'pause' })
  }

  resume(): void {
    this.#loop.send({ type: 'resume' })
  }

  async close(): Promise<void> {
    const { namespace } = this.#shared.settings
    this.#root?.abort(new NoticeboardError('closed', `${namespace}: this client was closed`))
    const ended = this.#loop.close()
    this.#changes.changed()
    // A start that failed was told to whoever asked for it.
    const started = await this.#starting?.catch(() => undefined)
    await ended
    await started?.stop()
  }

  remembered(): Remembered | undefined {
    if (this.#known === undefined) return this.#before
    const { identity, writer } = this.#known
    const { clientId, ephemeral } = identity
    return { name: { clientId, ephemeral }, state: writer.state }
  }

  async #begin({ signal }: AbortController): Promise<{ stop(): Promise<void> }> {
    await this.#shared.prepare(signal)
    return startUp({
      ...this.#shared,
      signal,
      news: this.#news,
      changes: this.#changes,
      looks: this.looks,
      whyNot: this.#whyNot,
      loop: this.#loop,
      before: this.#before,
      known: known => (this.#known = known),
      isOutrun: pending => this.#shared.isOutrun(this, pending),
    })
  }
}
