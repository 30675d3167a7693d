import { settlesWithin } from '../../async/deadline.js'
import { inSlices as eachInSlices } from '../../async/in-slices.js'
import { MAX_INLINE_BYTES } from '../../core/limits.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { Clock, Hasher } from '../../contracts/system.js'
import type { Release, Variant } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import { compressFrame, isCompressed } from '../encodings/gzip-frames.js'
import { releaseFrame, snapshotIn } from './frames.js'
import type { Frame } from './messages.js'
import type { Newest } from './newest-release.js'
import type { SnapshotCache } from './snapshot-cache.js'
import type { Reader, Subscription, Topic } from './subscriptions.js'

/** How long a release waits for the snapshot that goes along, in milliseconds. Then it goes alone, and clients fetch. */
const PATIENCE_MS = 1_000

export interface FanOut {
  /** Sends the newest release to everybody who is behind, in slices; a release that comes meanwhile takes its place. */
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
export function createFanOut({ clock, hasher, snapshots }: FanOutOptions): FanOut {
  /** The snapshot that goes along to a reader; undefined when none does. */
  const companion = (
    { read }: Newest,
    { identity }: Pick<Reader, 'identity'>,
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

  /** Makes the frame with a snapshot, and compresses it where somebody takes it so. */
  const compose = async (
    topic: Topic,
    newest: Newest,
    { digest, compressed }: { readonly digest: Digest; readonly compressed: boolean },
  ): Promise<void> => {
    await composeFrame(topic, newest, digest)
    const frame = compressed ? newest.withSnapshot.get(digest) : undefined
    if (frame !== undefined) await compressFrame(frame)
  }

  /** Makes the frame with a snapshot, once; a snapshot that cannot be had leaves the release alone, and clients fetch. */
  const composeFrame = async ({ namespace }: Topic, newest: Newest, digest: Digest): Promise<void> => {
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

  /** The same for one that is connected: whoever was told of more passes over a board that went back. */
  const companionOf = ({ topic, connection, have, sent }: Subscription, newest: Newest): Digest | undefined =>
    topic.isOlder && sent > 0 ? undefined : companion(newest, connection, have)

  const greet = (subscription: Subscription): void => {
    const { newest, version } = subscription.topic
    if (newest === undefined || subscription.sent === version) return
    const digest = companionOf(subscription, newest)
    const whole = digest === undefined ? undefined : newest.withSnapshot.get(digest)
    if (send(subscription, whole ?? newest.frame, version) && whole !== undefined) subscription.have = digest
  }

  const inSlices: FanOut['inSlices'] = (items, act) => eachInSlices(items, act, { clock })

  /** Makes every frame that some reader will get. */
  const composeAll = async (topic: Topic): Promise<void> => {
    const { newest } = topic
    if (newest === undefined) return
    /** Which snapshots go along, and whether somebody takes them compressed. */
    const wanted = new Map<Digest, boolean>()
    let someCompressed = false
    await inSlices(topic.subscriptions, subscription => {
      const { compressed } = subscription.connection
      // What is the same for everybody is known from the first who wants it.
      if (wanted.size > 0 && newest.read?.common !== undefined && (someCompressed || !compressed)) return
      const digest = companionOf(subscription, newest)
      if (digest === undefined) return
      someCompressed ||= compressed
      wanted.set(digest, compressed || wanted.get(digest) === true)
    })
    for (const [digest, compressed] of wanted) await compose(topic, newest, { digest, compressed })
  }

  /** Waits for what comes along, no longer than it is worth: a store that hangs must not hold up the news. */
  const patiently = async (composing: Promise<void>): Promise<void> => {
    if (await settlesWithin(composing, { clock, timeoutMs: PATIENCE_MS })) await composing
  }

  const prepare = async (topic: Topic, reader: Reader, have: Digest | undefined): Promise<void> => {
    const { newest } = topic
    const digest = newest && companion(newest, reader, have)
    if (newest === undefined || digest === undefined) return
    await patiently(compose(topic, newest, { digest, compressed: reader.compressed === true }))
  }

  return {
    greet,
    inSlices,
    isPrepared(newest, reader, have) {
      const digest = companion(newest, reader, have)
      if (digest === undefined) return true
      if (!newest.withSnapshot.has(digest)) return false
      const frame = newest.withSnapshot.get(digest)
      return frame === undefined || reader.compressed !== true || isCompressed(frame)
    },
    prepare,
    catchUp(subscription) {
      const { topic } = subscription
      if (topic.newest !== undefined && subscription.sent !== topic.version)
        send(subscription, topic.newest.frame, topic.version)
    },
    async spread(topic) {
      // One broadcast a topic at a time; it goes on until nobody is behind a version that it did not look at.
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

export interface FanOutOptions {
  readonly clock: Clock
  readonly hasher: Hasher
  readonly snapshots: SnapshotCache
}
