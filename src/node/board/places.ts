import type { Digest, Namespace } from '../../contracts/names.js'
import { formatPosition, type Epoch, type Position } from '../../contracts/position.js'
import { digestOf } from '../../core/release/digest.js'
import { CHECKED_RELEASES, MAX_RELEASE_BYTES } from '../../core/limits.js'
import { isUnfit } from '../disk/system-error.js'
import type { Board } from './board.js'
import { sequencesIn } from './paths.js'
import { readLink } from './release-link.js'

/** A release of the log, with the digest that its successor names. */
export interface Entry {
  readonly position: Position
  readonly bytes: Uint8Array
  readonly digest: Digest
}

/** The places of a board's logs, each looked at by itself. */
export interface BoardPlaces {
  /** The bytes at a position, whatever they are. */
  bytesAt(namespace: Namespace, position: Position): Promise<Uint8Array | undefined>
  exists(namespace: Namespace, position: Position): Promise<boolean>
  /** The sequences that an epoch's folder lists. */
  listed(namespace: Namespace, epoch: Epoch): Promise<ReadonlySet<number>>
  /**
   * What stands at a position: a release that belongs there, and what is wrong with it. `before` is
   * the one before it.
   */
  check(namespace: Namespace, position: Position, before: Entry | undefined): Promise<Checked>
  /** The first sequence that is missing below the highest, in words. */
  gapIn(namespace: Namespace, epoch: Epoch, found: ReadonlySet<number>): Promise<string | undefined>
  /** The first that is missing of the newest before a position, in words. */
  gapBefore(namespace: Namespace, end: Position): Promise<string | undefined>
}

export interface Checked {
  readonly entry?: Entry
  readonly problem?: string
}

export function boardPlaces({ fs, paths, hasher }: Board): BoardPlaces {
  const bytesAt = (namespace: Namespace, position: Position): Promise<Uint8Array | undefined> =>
    fs.read(paths.release(namespace, position), MAX_RELEASE_BYTES)

  const exists = async (namespace: Namespace, position: Position): Promise<boolean> =>
    (await fs.stat(paths.release(namespace, position))) !== undefined

  const listed = async (namespace: Namespace, epoch: Epoch): Promise<ReadonlySet<number>> =>
    sequencesIn(await fs.list(paths.releases({ namespace, epoch })))

  const check = async (
    namespace: Namespace,
    position: Position,
    before: Entry | undefined,
  ): Promise<Checked> => {
    const name = formatPosition(position)
    let bytes: Uint8Array | undefined
    try {
      bytes = await bytesAt(namespace, position)
    } catch (error) {
      if (isUnfit(error)) return { problem: `${name} is not a release file` }
      throw error
    }
    if (bytes === undefined) return { problem: `${name} is missing` }
    const link = readLink(bytes)
    if (link === undefined) return { problem: `${name} is not a release file` }
    const entry = { position, bytes, digest: digestOf(hasher, link.statement) }
    // Of a format version that is not ours only the bytes are passed on.
    if (link.v !== 1) return { entry }
    if (link.namespace !== namespace) return { problem: `${name} was written for another namespace` }
    if (link.epoch !== position.epoch || link.sequence !== position.sequence)
      return { problem: `${name} was written for another position` }
    if (before !== undefined && link.prev !== before.digest)
      return { entry, problem: `${name} does not name the release before it` }
    return { entry }
  }

  const gapIn = async (
    namespace: Namespace,
    epoch: Epoch,
    found: ReadonlySet<number>,
  ): Promise<string | undefined> => {
    for (let sequence = 1, seen = 0; seen < found.size; sequence += 1) {
      // A folder that is written to while it is listed may show a file and not the one before it.
      if (found.has(sequence)) seen += 1
      else if (!(await exists(namespace, { epoch, sequence }))) return missing({ epoch, sequence })
    }
    return undefined
  }

  const gapBefore = async (
    namespace: Namespace,
    { epoch, sequence: end }: Position,
  ): Promise<string | undefined> => {
    for (let sequence = end - CHECKED_RELEASES; sequence < end; sequence += 1)
      if (!(await exists(namespace, { epoch, sequence }))) return missing({ epoch, sequence })
    return undefined
  }

  return { bytesAt, exists, listed, check, gapIn, gapBefore }
}

function missing(position: Position): string {
  return `${formatPosition(position)} is missing, and later ones are there`
}
