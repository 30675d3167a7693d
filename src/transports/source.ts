import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { Digest, Namespace } from '../contracts/names.js'
import type { Clock, System } from '../contracts/system.js'
import { type Epoch, formatPosition } from '../contracts/position.js'
import type { Source } from '../contracts/source.js'
import type { Delivery, Latest, WatchTransport } from '../contracts/transport.js'
import { createLinkedAbortController } from '../async/signals.js'
import { createWakeable } from '../async/wakeable.js'
import { canonicalize } from '../core/json/canonical.js'
import { digestOf } from '../core/release/digest.js'
import { checkOptions, isPositive } from '../core/options.js'
import { encodeRelease } from '../core/release/release.js'
import { copyBytes, encodeText } from '../core/json/text.js'
import { readSystem } from '../system/system.js'

/** Everything has a default. */
export interface FromSourceOptions {
  /** For people. Default: `document` and the source's name. */
  readonly name?: string
  /**
   * How often a source that does not tell of its changes is read while watched, in milliseconds.
   * Default 5,000.
   */
  readonly pollIntervalMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** A transport made of a bare document. */
export interface SourceTransport extends WatchTransport {
  /** Nobody publishes here: its positions are its own. */
  readonly unmanaged: true
}

/** The document as it was read last, with its place in the local log. */
interface Edition {
  readonly sequence: number
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly issuedAt: string
}

/** Readers of superseded editions may still be on their way. */
const KEPT_EDITIONS = 8

/**
 * A read-only transport made of anything that can be read: a mounted file, a key of another system,
 * a function. So a team can begin with the file that it already has. There is no publisher behind
 * it: no rollout, no reports, no signatures, and every namespace gets the same document. Changes
 * are told by the source where it can, else found by reading it.
 *
 * Positions are made up here and mean something to this object alone. Each has its own epoch: `n`
 * counts seconds since 2025, so a client that starts again with its state on disk sees a newer
 * epoch; within one process and second the next number is taken. The suffix and the first release
 * follow from time and content alone: processes that start in the same second on the same document
 * agree instead of forking. Throws `invalid-option`.
 *
 * ```ts
 * const strategy = hybrid(fromSource(yamlFile('/etc/checkout/config.yaml')))
 * ```
 */
export function fromSource(
  source: Source | (() => Json | Promise<Json>),
  options: FromSourceOptions = {},
): SourceTransport {
  const { read, changes, name: sourceName } = asSource(source)
  checkOptions('fromSource()', options, { name: true, pollIntervalMs: true, system: true })
  const { name = `document ${sourceName}`.trim(), pollIntervalMs = 5_000 } = options
  const { clock, hasher } = readSystem('fromSource()', options.system)
  if (!isPositive(pollIntervalMs))
    throw new NoticeboardError('invalid-option', 'fromSource: pollIntervalMs must be a number greater than 0')
  const kept = new Map<Digest, Uint8Array>()
  let epoch: Epoch | undefined
  let edition: Edition | undefined
  let asked = 0
  let answered = 0

  /** Reads the source; a new edition if its content is new. */
  const refresh = async (signal: AbortSignal): Promise<Edition> => {
    asked += 1
    const order = asked
    const bytes = encodeText(canonicalize(await read(signal)))
    // Answers that overtake each other must not bring an old content back as a new edition.
    if (order < answered && edition !== undefined) return edition
    answered = order
    const digest = digestOf(hasher, bytes)
    if (edition?.digest === digest) return edition

    const second = epoch === undefined ? nextEpochNumber(clock) : undefined
    if (second !== undefined) epoch = `${second}-${digest.slice(0, 8)}`
    const issuedMs = second === undefined ? clock.now() : EPOCHS_START_MS + second * 1_000
    edition = {
      sequence: (edition?.sequence ?? 0) + 1,
      digest,
      bytes,
      issuedAt: new Date(issuedMs).toISOString(),
    }
    kept.delete(digest)
    kept.set(digest, bytes)
    for (const old of kept.keys()) if (kept.size > KEPT_EDITIONS) kept.delete(old)
    return edition
  }

  /** The same, with every failure as one of ours. */
  const current = async (signal: AbortSignal): Promise<Edition> => {
    try {
      return await refresh(signal)
    } catch (error) {
      throw asNoticeboardError(error, 'unavailable', `${name} could not be read`)
    }
  }

  const releaseOf = (namespace: Namespace, { sequence, digest, bytes, issuedAt }: Edition): Uint8Array =>
    encodeRelease({
      v: 1,
      namespace,
      epoch: epoch as Epoch,
      sequence,
      issuedAt,
      cause: 'document',
      stable: { version: sequence, variants: [{ digest, bytes: bytes.length }] },
      prev: null,
    })

  return {
    name,
    unmanaged: true,

    async latest({ namespace, tag }, signal): Promise<Latest> {
      let found: Edition
      try {
        found = await current(signal)
      } catch (error) {
        // Nobody publishes here, so that what is missing is named.
        if (edition === undefined && isNoticeboardError(error, 'not-found'))
          return { type: 'none', why: error }
        throw error
      }
      const own = formatPosition({ epoch: epoch as Epoch, sequence: found.sequence })
      return tag === own
        ? { type: 'unchanged' }
        : { type: 'release', bytes: releaseOf(namespace, found), tag: own }
    },

    async snapshot({ digest, maxSnapshotBytes }) {
      const bytes = kept.get(digest)
      if (bytes === undefined) {
        throw new NoticeboardError('not-found', `${name} no longer holds the document ${digest.slice(0, 12)}`)
      }
      if (bytes.length > maxSnapshotBytes) {
        throw new NoticeboardError(
          'too-large',
          `${name} has ${bytes.length} bytes as JSON; ${maxSnapshotBytes} are allowed: make it smaller, or raise maxSnapshotBytes of the client`,
        )
      }
      return copyBytes(bytes)
    },

    async *watch({ namespaces, inline, have = {} }, signal): AsyncGenerator<Delivery, void, undefined> {
      const own = createLinkedAbortController(signal)
      const news = createWakeable(clock)
      // Listening begins before the first read, so that no change falls between the two.
      const listening = changes === undefined ? undefined : listen(changes(own.signal), news.wake)
      try {
        let sent: Digest | undefined
        /** What cannot be read for now, in words; it is told once. */
        let trouble: string | undefined
        while (!own.signal.aborted) {
          try {
            const found = await current(own.signal)
            if (own.signal.aborted) return
            trouble = undefined
            if (found.digest !== sent) {
              sent = found.digest
              for (const namespace of namespaces) {
                const snapshots =
                  inline && have[namespace] !== sent ? [{ digest: sent, bytes: copyBytes(found.bytes) }] : []
                const bytes = releaseOf(namespace, found)
                yield { type: 'release', namespace, bytes, ...(snapshots.length > 0 && { snapshots }) }
              }
            }
          } catch (error) {
            // What cannot be read is no connection that was lost: it is read again when it changes.
            if (own.signal.aborted) return
            const found = asNoticeboardError(error, 'internal', `${name} could not be watched`)
            if (found.message !== trouble) yield { type: 'alive', trouble: found }
            trouble = found.message
          }
          if (listening?.hasEnded === true)
            throw asNoticeboardError(
              listening.cause,
              'unavailable',
              `${name} no longer notifies of its changes`,
            )
          const isTold = listening !== undefined && trouble === undefined
          await news.wait(isTold ? Number.POSITIVE_INFINITY : pollIntervalMs, own.signal)
        }
      } finally {
        own.abort()
        await listening?.end()
      }
    },
  }
}

/** 2025-01-01: nine digits of seconds last until 2056. */
const EPOCHS_START_MS = Date.UTC(2025, 0, 1)
const MOST_EPOCHS = 999_999_999
const lastNumbers = new WeakMap<Clock, number>()

/** Seconds since 2025, and never the same twice under one clock. */
function nextEpochNumber(clock: Clock): number {
  const second = Math.floor((clock.now() - EPOCHS_START_MS) / 1_000)
  const number = Math.min(Math.max(second, (lastNumbers.get(clock) ?? 0) + 1), MOST_EPOCHS)
  lastNumbers.set(clock, number)
  return number
}

interface BareSource {
  readonly name: string
  readonly read: (signal: AbortSignal) => Promise<Json>
  readonly changes: ((signal: AbortSignal) => AsyncIterable<void>) | undefined
}

function asSource(source: Source | (() => Json | Promise<Json>)): BareSource {
  if (typeof source === 'function') return { name: '', read: async () => source(), changes: undefined }
  if (typeof source?.read !== 'function') {
    throw new NoticeboardError(
      'invalid-option',
      'fromSource needs a source with read(), or a function that returns the document',
    )
  }
  const { name } = source
  // Called as methods, since a source may be a class of the user's.
  return { name, read: signal => source.read(signal), changes: source.changes?.bind(source) }
}

/** A source that is listened to. */
interface Listening {
  /** Whether it tells of no further changes, though nobody ended it, and why. */
  readonly hasEnded: boolean
  readonly cause: unknown
  end(): Promise<void>
}

/** Listens from now on; `changed` is called for each change, and when there will be no more. */
function listen(changes: AsyncIterable<void>, changed: () => void): Listening {
  const iterator = changes[Symbol.asyncIterator]()
  let hasEnded = false
  let cause: unknown
  const pump = async (): Promise<void> => {
    try {
      while ((await iterator.next()).done !== true) changed()
    } catch (error) {
      cause = error
    }
    hasEnded = true
    changed()
  }
  void pump()

  return {
    get hasEnded() {
      return hasEnded
    },
    get cause() {
      return cause
    },
    async end() {
      await iterator.return?.()
    },
  }
}
