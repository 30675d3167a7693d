import { settlesWithin } from '../../async/deadline.js'
import { inSlices as eachInSlices } from '../../async/in-slices.js'
import { MAX_INLINE_BYTES } from '../../core/limits.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { Clock, Hasher } from '../../contracts/system.js'
import type { Release, Variant } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import type { DeltaPair } from '../../core/release/delta-pairs.js'
import { compressFrame, isCompressed } from '../encodings/gzip-frames.js'
import type { DeltaCache } from './delta-cache.js'
import { createDeltaFrames, pairFor } from './delta-frames.js'
import { releaseFrame, snapshotIn } from './frames.js'
import type { Frame } from './messages.js'
import type { Newest } from './newest-release.js'
import type { SnapshotCache } from './snapshot-cache.js'
import type { Reader, Subscription, Topic } from './subscriptions.js'

/**
 * How long a release waits for the snapshot that goes along, in milliseconds. Then it goes alone,
 * and clients fetch.
 */
const PATIENCE_MS = 1_000

export interface FanOut {
  /**
   * Sends the newest release to everybody who is behind, in slices; a release that comes meanwhile
   * takes its place.
   */
  spread(topic: Topic): Promise<void>
  /** Sends one subscription what it is behind on, the release alone, if its connection takes it. */
  catchUp(subscription: Subscription): void
  /** Sends the newest release with the snapshot that belongs to it, where that is at hand. */
  greet(subscription: Subscription): void
  /** Whether what a connection will be greeted with is in memory. */
  isPrepared(newest: Newest, reader: Reader, have: Digest | undefined): boolean
  /** Brings the snapshots into memory that a connection will be greeted with. */
  prepare(topic: Topic, reader: Reader, have: Digest | undefined): Promise<void>
  /** Does something with each item, giving way to other work every few milliseconds. */
  inSlices<T>(items: Iterable<T>, act: (item: T) => void): Promise<void>
}

/** Sending releases: one frame a version and form, written to every connection that is behind. */
export function createFanOut({ clock, hasher, snapshots, deltas }: FanOutOptions): FanOut {
  const deltaFrames = createDeltaFrames(deltas)
  /** The snapshot that goes along to a reader; undefined when none does. */
  const companion = (
    { read }: Newest,
    { identity }: Reader,
    have: Digest | undefined,
  ): Digest | undefined => {
    if (identity === undefined || read === undefined) return undefined
    const aim = read.common ?? ownAim(read.release, identity)
    return aim === undefined || aim.digest === have || aim.bytes > MAX_INLINE_BYTES ? undefined : aim.digest
  }

  const ownAim = (release: Release, identity: Identity): Pick<Variant, 'digest' | 'bytes'> | undefined => {
    const aim = target(release, { identity, refused: () => false, hasher })
    return aim.arm === 'keep' ? undefined : aim
  }

  /**
   * Makes the frame with a snapshot for some readers, and compresses it where one of them takes it
   * so.
   */
  const compose = async (topic: Topic, newest: Newest, companion: Companion): Promise<void> => {
    const frame = await composeFrame(topic, newest, companion)
    if (companion.compressed && frame !== undefined) await compressFrame(frame)
  }

  /**
   * The same as a delta where there is one, and else whole; undefined where the release goes alone.
   */
  const composeFrame = async (
    topic: Topic,
    newest: Newest,
    { digest, pair }: Companion,
  ): Promise<Frame | undefined> => {
    if (pair !== undefined && (await deltaFrames.make(topic.namespace, newest, pair)))
      return deltaFrames.peek(newest, pair)
    await composeWhole(topic, newest, digest)
    return newest.withSnapshot.get(digest)
  }

  /**
   * Makes the frame with a snapshot, once; a snapshot that cannot be had leaves the release alone,
   * and clients fetch.
   */
  const composeWhole = async ({ namespace }: Topic, newest: Newest, digest: Digest): Promise<void> => {
    if (newest.withSnapshot.has(digest)) return
    try {
      const { bytes } = await snapshots.load(namespace, digest)
      // Of many who waited together the first one made it.
      if (newest.withSnapshot.has(digest)) return
      if (bytes.length > MAX_INLINE_BYTES) {
        newest.withSnapshot.set(digest, undefined)
        return
      }
      const frame = releaseFrame(namespace, newest.bytes, { digest, bytes })
      newest.withSnapshot.set(digest, frame)
      snapshots.share(namespace, digest, snapshotIn(frame, bytes.length))
    } catch {
      // Whoever asks for the snapshot by its digest hears what is wrong with it.
      newest.withSnapshot.set(digest, undefined)
    }
  }

  const send = (subscription: Subscription, frame: Frame, version: number): boolean => {
    const { connection } = subscription
    if (connection.sink.blocked()) {
      connection.blockedSinceMs ??= clock.monotonic()
      return false
    }
    // Before the write: a stream may ask for more while it is being given something.
    subscription.sent = version
    connection.sink.write(frame)
    return true
  }

  /**
   * The same for one that is connected: whoever was told of more passes over a board that went
   * back.
   */
  const companionOf = ({ topic, connection, have, sent }: Subscription, newest: Newest): Digest | undefined =>
    topic.isOlder && sent > 0 ? undefined : companion(newest, connection, have)

  const greet = (subscription: Subscription): void => {
    const { newest, version } = subscription.topic
    if (newest === undefined || subscription.sent === version) return
    const digest = companionOf(subscription, newest)
    const along = digest === undefined ? undefined : frameFor(newest, digest, subscription)
    if (!send(subscription, along ?? newest.frame, version) || along === undefined) return
    subscription.have = digest
    if (subscription.connection.deltas) deltaFrames.gave(along)
  }

  /** The release with the snapshot in the shortest form that was made for a reader. */
  const frameFor = (
    newest: Newest,
    digest: Digest,
    { connection, have }: Subscription,
  ): Frame | undefined => {
    const pair = pairFor(digest, { deltas: connection.deltas, have })
    return (pair && deltaFrames.peek(newest, pair)) ?? newest.withSnapshot.get(digest)
  }

  const inSlices: FanOut['inSlices'] = (items, act) => eachInSlices(items, act, { clock })

  /** Makes every frame that some reader will get. */
  const composeAll = async (topic: Topic): Promise<void> => {
    const { newest } = topic
    if (newest === undefined) return
    /** Which snapshots go along to whom, and whether somebody takes them compressed. */
    const wanted = new Map<string, Companion>()
    const isCommon = newest.read?.common !== undefined
    await inSlices(topic.subscriptions, subscription => {
      const { connection, have } = subscription
      const { compressed, deltas: takesDeltas } = connection
      const base = (takesDeltas ? have : undefined) ?? ''
      // What is the same for everybody is known from the first who wants it.
      const known = isCommon ? wanted.get(base) : undefined
      if (known !== undefined && (known.compressed || !compressed)) return
      const digest = companionOf(subscription, newest)
      if (digest === undefined) return
      const key = isCommon ? base : `${digest} ${base}`
      wanted.set(key, {
        digest,
        pair: pairFor(digest, { deltas: takesDeltas, have }),
        compressed: compressed || wanted.get(key)?.compressed === true,
      })
    })
    for (const companion of wanted.values()) await compose(topic, newest, companion)
  }

  /**
   * Waits for what comes along, no longer than it is worth: a store that hangs must not hold up the
   * news.
   */
  const patiently = async (composing: Promise<void>): Promise<void> => {
    if (await settlesWithin(composing, { clock, timeoutMs: PATIENCE_MS })) await composing
  }

  const prepare = async (topic: Topic, reader: Reader, have: Digest | undefined): Promise<void> => {
    const { newest } = topic
    const digest = newest && companion(newest, reader, have)
    if (newest === undefined || digest === undefined) return
    const pair = pairFor(digest, { deltas: reader.deltas, have })
    await patiently(compose(topic, newest, { digest, pair, compressed: reader.compressed === true }))
  }

  return {
    greet,
    inSlices,
    isPrepared(newest, reader, have) {
      const digest = companion(newest, reader, have)
      if (digest === undefined) return true
      const pair = pairFor(digest, { deltas: reader.deltas, have })
      if (pair === undefined && !newest.withSnapshot.has(digest)) return false
      const frame = pair === undefined ? newest.withSnapshot.get(digest) : deltaFrames.peek(newest, pair)
      if (frame === undefined) return pair === undefined
      return reader.compressed !== true || isCompressed(frame)
    },
    prepare,
    catchUp(subscription) {
      const { topic } = subscription
      if (topic.newest !== undefined && subscription.sent !== topic.version)
        send(subscription, topic.newest.frame, topic.version)
    },
    async spread(topic) {
      // One broadcast a topic at a time; it goes on until nobody is behind a version that it did
      // not look at.
      if (topic.spreading) return
      topic.spreading = true
      try {
        for (let version = -1; version !== topic.version;) {
          version = topic.version
          await patiently(composeAll(topic))
          await inSlices(topic.subscriptions, greet)
        }
      } finally {
        topic.spreading = false
      }
    },
  }
}

/**
 * The snapshot that goes along to some readers, and from which one a delta leads to it, where they
 * can use one.
 */
interface Companion {
  readonly digest: Digest
  readonly pair: DeltaPair | undefined
  /** Whether some of them take it compressed. */
  readonly compressed: boolean
}

export interface FanOutOptions {
  readonly clock: Clock
  readonly hasher: Hasher
  readonly snapshots: SnapshotCache
  /** None where snapshots go along whole. */
  readonly deltas?: DeltaCache | undefined
}
