import { createHash } from 'node:crypto'
import { comparePositions, formatPosition, type Position } from '../../../src/contracts/position.js'
import type { Identity } from '../../../src/contracts/identity.js'
import type { Release } from '../../../src/core/release/release.js'
import { decodeRelease, digestsOf, positionOf, releaseDigest } from '../../../src/core/release/release.js'
import { armOf } from '../../../src/core/release/target.js'
import { systemHasher } from '../../../src/system/system.js'

/** Something that always holds, and did not. */
export interface Violation {
  /** The oracle's name, as in docs/guarantees.md. */
  readonly oracle: string
  readonly atMs: number
  readonly text: string
}

/** Says what did not hold. */
export type Violate = (oracle: string, text: string) => void

/**
 * What the simulation knows and no actor does: all that was published, acknowledged, seen and
 * applied.
 */
export interface Truth {
  readonly violations: Violation[]
  violate(oracle: string, text: string): void
  /** A document that a publisher handed over: its canonical text by digest. */
  offered(document: string): void
  /** The document of a digest that was handed over. */
  documentOf(digest: string): string | undefined
  /**
   * A publisher was told that the log holds its release, which gives this snapshot to everybody
   * else.
   */
  acknowledged(position: Position, digest: string): void
  /**
   * What the validators of a publish were told of the document before, as text; undefined when it
   * could not be read.
   */
  published(
    position: Position,
    previous: { readonly text: string | undefined; readonly unread: boolean },
  ): void
  /** Holds what validators were told against a log, in which each release has a predecessor. */
  checkPrevious(log: ReadonlyMap<string, Release>): number
  /** A release that some reader was given, wherever it came from. */
  released(bytes: Uint8Array, where: string): void
  /** A client committed. */
  applied(event: AppliedEvent): void
  /** Holds what clients followed since the last time against the logs. */
  checkFollowed(): void
  /**
   * A client refused a document, in one of its lives: neither this life nor, when it was written,
   * an earlier one did so before.
   */
  refused(event: {
    readonly client: string
    readonly life: string
    readonly build: string
    readonly digest: string
  }): {
    /** It is on the client's disk. */
    readonly written: () => void
  }
  /**
   * A backup was restored: what was acknowledged after it is lost by the operator's own hand, and
   * so are the releases that it lacks.
   */
  restored(newest: Position | undefined, lost: readonly Uint8Array[]): void
  readonly acknowledgedReleases: ReadonlyMap<string, string>
  readonly newestAcknowledged: Position | undefined
  /**
   * The newest release that was acknowledged by then; undefined when there was none, or when two
   * releases may bear its position.
   */
  newestAt(atMs: number): Position | undefined
  releaseAt(position: Position): Release | undefined
  /** What the releases name that stand there or later, as far as it is known. */
  namedSince(position: Position): readonly string[]
  /** A machine was copied: what ran on the one was written on both disks. */
  copied(from: string, to: string): void
  /** A client told the fleet what it applied. */
  reported(event: Pick<AppliedEvent, 'client' | 'identity' | 'position'>): void
}

export interface AppliedEvent {
  readonly client: string
  readonly build: string
  readonly identity: Pick<Identity, 'clientId' | 'labels'>
  readonly digest: string
  readonly document: string
  /**
   * What this client makes of a document that was published: overridden, with what its schema adds.
   */
  readonly made: (document: string) => string
  readonly valid: boolean
  readonly position: Position
  readonly keepsState: boolean
  /** Came back from disk, without a release of the network. */
  readonly fromDisk: boolean
}

/** What a client committed, and whether it came from its disk. */
type Ran = Pick<AppliedEvent, 'digest' | 'fromDisk'>

/**
 * What a client ran as far as its disk knows: a process that is killed right after a commit begins
 * from what ran before it, and for whoever follows, that commit never was.
 */
function knownToDisk(allRan: readonly Ran[]): readonly string[] {
  return allRan.reduce<readonly string[]>((known, { digest, fromDisk }) => {
    const at = fromDisk ? known.lastIndexOf(digest) : -1
    return at === -1 ? [...known, digest] : known.slice(0, at + 1)
  }, [])
}

/** Makes {@link Truth}: the safety lines that are checked at each event. */
export function createTruth(
  nowMs: () => number,
  allowed: (release: Release, identity: AppliedEvent['identity'], digest: string) => boolean,
  violations: Violation[] = [],
): Truth {
  const offered = new Map<string, string>()
  const acknowledged = new Map<string, string>()
  /** In the order of their time, the newest of all until then. */
  const history: { readonly atMs: number; readonly newest: Position | undefined }[] = []
  const released = new Map<string, { readonly digest: string; readonly release: Release }>()
  /**
   * What any release gave to some before all others; also one that is lost, since whoever followed
   * it ran that.
   */
  const candidates = new Set<string>()
  const last = new Map<string, Position>()
  const refusals = new Set<string>()
  const reports = new Map<
    string,
    Pick<AppliedEvent, 'client' | 'identity' | 'position'> & { readonly ran: readonly Ran[] }
  >()
  const ran = new Map<string, readonly Ran[]>()
  const published: {
    readonly position: Position
    readonly text: string | undefined
    readonly unread: boolean
  }[] = []
  const followed: (Pick<AppliedEvent, 'client' | 'identity' | 'digest' | 'position'> & {
    readonly ran: readonly Ran[]
  })[] = []
  let newest: Position | undefined
  const restores: (Position | undefined)[] = []
  /**
   * Whether a position was lost with a backup's restoration, and may have been given again: two
   * releases bear it.
   */
  const ambiguous = (position: Position): boolean =>
    restores.some(at => at === undefined || (at.epoch === position.epoch && at.sequence < position.sequence))

  /**
   * Whether a client that ran what this release withdraws, or a candidate that it does not name any
   * more, has gone back to what it ran before.
   */
  const goesBack = (release: Release, allRan: readonly Ran[]): boolean =>
    isStepBack(
      release,
      allRan.map(({ digest }) => digest),
    ) || isStepBack(release, knownToDisk(allRan))
  const isStepBack = (release: Release, digests: readonly string[]): boolean => {
    // What runs again after a restart is no step.
    const steps = digests.filter((digest, at) => digest !== digests[at - 1])
    const [left, back] = steps.slice(-2)
    if (left === undefined || back === undefined || armOf(release, left) !== undefined) return false
    const withdraws = (digest: string): boolean => release.withdrawn?.includes(digest) === true
    if (!candidates.has(left) && !withdraws(left)) return false
    return steps.slice(0, -2).includes(back) && !withdraws(back)
  }

  const violate = (oracle: string, text: string): void => {
    if (violations.length < 20) violations.push({ oracle, atMs: nowMs(), text })
  }
  const rememberCandidates = (release: Release): void => {
    for (const digest of digestsOf(release))
      if (armOf(release, digest) === 'candidate') candidates.add(digest)
  }
  const remember = (bytes: Uint8Array, where: string): void => {
    const { release } = decodeRelease(bytes)
    const position = positionOf(release)
    const key = formatPosition(position)
    const digest = releaseDigest(systemHasher, bytes)
    const known = released.get(key)
    if (known !== undefined && known.digest !== digest)
      violate(
        'one-release-a-position',
        `${key} is ${digest.slice(0, 8)} at ${where}, and was ${known.digest.slice(0, 8)}`,
      )
    if (known !== undefined) return
    released.set(key, { digest, release })
    rememberCandidates(release)
  }

  return {
    violations,
    violate,
    offered(document) {
      offered.set(createHash('sha256').update(document).digest('hex'), document)
    },
    documentOf: digest => offered.get(digest),
    acknowledged(position, digest) {
      const key = formatPosition(position)
      if (acknowledged.has(key)) violate('one-release-a-position', `${key} was acknowledged twice`)
      acknowledged.set(key, digest)
      if (newest === undefined || comparePositions(position, newest) === 'newer') newest = position
      history.push({ atMs: nowMs(), newest })
    },
    published: (position, previous) => void published.push({ position, ...previous }),
    checkPrevious(log) {
      let judged = 0
      for (const { position, text, unread } of published.splice(0)) {
        const { epoch, sequence } = position
        const before = log.get(formatPosition({ epoch, sequence: sequence - 1 }))
        if (ambiguous(position) || unread || !log.has(formatPosition(position))) continue
        if (sequence > 1 && before === undefined) continue
        const ran = before?.stable.variants.at(-1)?.digest
        judged += 1
        if (text !== (ran === undefined ? undefined : offered.get(ran)))
          violate(
            'previous-is-what-ran',
            `the validators of ${formatPosition(position)} were told of another document than ran before it`,
          )
      }
      return judged
    },
    released: remember,
    applied({ client, build, identity, digest, document, made, valid, position, keepsState, fromDisk }) {
      const text = offered.get(digest)
      if (text === undefined)
        violate('only-what-was-published', `${client} runs ${digest.slice(0, 8)}, which nobody published`)
      else if (valid && made(text) !== document)
        violate('digest-matches', `${client} runs another document than ${digest.slice(0, 8)} names`)
      if (!valid) violate('validated', `${client} runs a document that its schema refuses`)
      if (refusals.has(`${client} ${build} ${digest}`))
        violate('no-verdict-twice', `${client} runs ${digest.slice(0, 8)}, which this build refused`)
      const before = last.get(client)
      if (before !== undefined) {
        const order = comparePositions(position, before)
        // Coming back with what ran is no step; losing the disk is allowed to whoever keeps none.
        const back = order === 'older' || order === 'fork'
        if (back && keepsState)
          violate(
            'positions-only-grow',
            `${client} went from ${formatPosition(before)} to ${formatPosition(position)}`,
          )
      }
      last.set(client, position)
      const all = [...(ran.get(client) ?? []), { digest, fromDisk }]
      ran.set(client, all)
      if (!fromDisk) followed.push({ client, identity, digest, position, ran: all })
    },
    checkFollowed() {
      for (const { client, identity, position, ran: before } of reports.values()) {
        const known = released.get(formatPosition(position))
        if (
          known !== undefined &&
          !ambiguous(position) &&
          !before.some(({ digest }) => allowed(known.release, identity, digest)) &&
          !goesBack(known.release, before)
        ) {
          violate(
            'nothing-moves-on-receipt',
            `${client} reported ${formatPosition(position)} as applied, and never committed what that gives it`,
          )
        }
      }
      for (const { client, identity, digest, position, ran: until } of followed.splice(0)) {
        const known = released.get(formatPosition(position))
        if (ambiguous(position)) continue
        if (known === undefined)
          violate(
            'only-what-was-published',
            `${client} followed ${formatPosition(position)}, which is in no log`,
          )
        else if (!allowed(known.release, identity, digest) && !goesBack(known.release, until))
          violate(
            'audience',
            `${client} runs ${digest.slice(0, 8)} at ${formatPosition(position)}, which is not for it`,
          )
      }
    },
    refused({ client, life, build, digest }) {
      const keyOf = (who: string): string => `${who} ${build} ${digest}`
      if (refusals.has(keyOf(client)) || refusals.has(keyOf(life)))
        violate('no-verdict-twice', `${client} was asked about ${digest.slice(0, 8)} again`)
      refusals.add(keyOf(life))
      return { written: () => void refusals.add(keyOf(client)) }
    },
    restored(position, lost) {
      for (const bytes of lost) rememberCandidates(decodeRelease(bytes).release)
      // What was in the log until now is gone with it; nobody can check it any more.
      followed.length = 0
      published.length = 0
      reports.clear()
      restores.push(position)
      for (const key of acknowledged.keys()) {
        const [epoch = '', sequence = '0'] = key.split(':')
        if (
          position === undefined ||
          comparePositions({ epoch, sequence: Number(sequence) }, position) === 'newer'
        ) {
          acknowledged.delete(key)
          released.delete(key)
        }
      }
      newest = position
      history.splice(0, history.length, { atMs: nowMs(), newest })
    },
    acknowledgedReleases: acknowledged,
    get newestAcknowledged() {
      return newest
    },
    newestAt(atMs) {
      const at = history.findLast(entry => entry.atMs <= atMs)?.newest
      return at === undefined || ambiguous(at) ? undefined : at
    },
    copied(from, to) {
      ran.set(to, ran.get(from) ?? [])
    },
    reported({ client, identity, position }) {
      const key = `${client} ${formatPosition(position)}`
      if (!reports.has(key)) reports.set(key, { client, identity, position, ran: ran.get(client) ?? [] })
    },
    namedSince(position) {
      const named: string[] = []
      for (const [key, digest] of acknowledged) {
        const [epoch = '', sequence = '0'] = key.split(':')
        if (comparePositions(position, { epoch, sequence: Number(sequence) }) !== 'newer') named.push(digest)
      }
      for (const { release } of released.values())
        if (comparePositions(position, positionOf(release)) !== 'newer') named.push(...digestsOf(release))
      return named
    },
    releaseAt: position => released.get(formatPosition(position))?.release,
  }
}
