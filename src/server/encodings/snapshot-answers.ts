import type { Digest, Namespace } from '../../contracts/names.js'
import type { Answer } from '../stream/messages.js'
import { createTally, type Savings } from '../tally.js'
import { matchesTag } from '../stream/newest-release.js'
import type { CachedSnapshot, SnapshotCache } from '../stream/snapshot-cache.js'
import { acceptedEncodings, type Encoding } from './accept-encoding.js'
import { AVAILABLE_ENCODINGS, encodeBytes } from './encoders.js'
import { MIN_ENCODED_BYTES, snapshotForm, tagOf, unchangedForm, type SnapshotForm } from './snapshot-form.js'

/** How many encodings may wait for their turn; past that snapshots go out as they are. */
const MAX_WAITING = 8

/** An encoding that saves less than this share is not worth its decoding. */
export const LEAST_SAVED = 0.1

/** Answers with snapshots, in the form that a request likes best. */
export interface SnapshotAnswers {
  /** At once, if everything is here. */
  peek(query: SnapshotRequest): Answer | undefined
  /**
   * From memory or from the store, encoded first where that is to be. Throws what the store throws.
   */
  load(query: SnapshotRequest): Promise<Answer>
  /** What encodings have saved. */
  readonly savings: Savings
}

/** Which snapshot is asked for, and what the headers of the request say of its form. */
export interface SnapshotRequest {
  readonly namespace: Namespace
  readonly digest: Digest
  readonly acceptEncoding: string | undefined
  readonly ifNoneMatch: string | undefined
}

/**
 * Makes answers of snapshots. Each is encoded once per encoding, one after the other, and only
 * while `isNamed` says that clients are to run it: nobody makes the server encode what nobody
 * needs.
 */
export function snapshotAnswers({
  snapshots,
  isNamed,
  encode = encodeBytes,
}: SnapshotAnswersOptions): SnapshotAnswers {
  const making = new Map<string, Promise<void>>()
  const tally = createTally()
  let last: Promise<unknown> = Promise.resolve()

  const make = async (
    entry: CachedSnapshot,
    encoding: Encoding,
    { namespace, digest }: SnapshotRequest,
  ): Promise<void> => {
    const { bytes } = entry
    let form: SnapshotForm = entry.plain
    try {
      const body = await encode(encoding, bytes)
      if (body.length <= bytes.length * (1 - LEAST_SAVED)) {
        form = snapshotForm({ digest, bytes: bytes.length, body, encoding })
        tally.make()
      }
    } catch {
      // For want of memory, say: it goes out as it is.
    }
    snapshots.keepForm({ namespace, digest, encoding, form })
  }

  /** Encodes once for all who ask meanwhile; undefined when too much waits already. */
  const encodeOnce = (
    entry: CachedSnapshot,
    encoding: Encoding,
    query: SnapshotRequest,
  ): Promise<void> | undefined => {
    const key = `${query.namespace}/${query.digest}.${encoding}`
    const running = making.get(key)
    if (running !== undefined || making.size > MAX_WAITING) return running
    const mine = last.then(() => make(entry, encoding, query)).finally(() => making.delete(key))
    last = mine
    making.set(key, mine)
    return mine
  }

  const given = ({ body, answer }: SnapshotForm, { bytes, plain }: CachedSnapshot): Answer => {
    if (answer !== plain.answer) tally.serve(bytes.length - body.length)
    return answer
  }

  /**
   * What can be said at once of a snapshot that is here; otherwise which encoding it wants first.
   */
  const answerOf = (entry: CachedSnapshot, query: SnapshotRequest): Answer | Encoding => {
    const { namespace, digest, ifNoneMatch } = query
    const size = entry.bytes.length
    const accepted = size < MIN_ENCODED_BYTES ? [] : acceptedEncodings(query.acceptEncoding)
    if (ifNoneMatch !== undefined) {
      const tags = [...accepted, undefined].map(encoding => tagOf(digest, encoding))
      const had = tags.find(tag => matchesTag(ifNoneMatch, tag))
      if (had !== undefined) return unchangedForm(size, had)
    }
    const best = accepted.find(encoding => AVAILABLE_ENCODINGS.has(encoding))
    if (best === undefined) return entry.plain.answer
    const form = entry.encoded.get(best)
    if (form !== undefined) return given(form, entry)
    return isNamed(namespace, digest) ? best : entry.plain.answer
  }

  return {
    peek(query) {
      const entry = snapshots.peek(query.namespace, query.digest)
      const answer = entry && answerOf(entry, query)
      return typeof answer === 'string' ? undefined : answer
    },
    async load(query) {
      const entry = await snapshots.load(query.namespace, query.digest)
      const answer = answerOf(entry, query)
      if (typeof answer !== 'string') return answer
      await encodeOnce(entry, answer, query)
      return given(entry.encoded.get(answer) ?? entry.plain, entry)
    },
    savings: tally,
  }
}

export interface SnapshotAnswersOptions {
  readonly snapshots: SnapshotCache
  /** Whether the newest release of a namespace names a snapshot. */
  readonly isNamed: (namespace: Namespace, digest: Digest) => boolean
  /** Default: the encoders of this runtime. */
  readonly encode?: typeof encodeBytes
}
