import { dirname } from 'node:path'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Fs } from '../../contracts/system.js'
import { canonicalize } from '../../core/json/canonical.js'
import { shapeOf } from '../../core/json/shape.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText, isLine } from '../../core/json/text.js'
import { isInstant } from '../../core/release/instant.js'
import { isInstanceId } from '../../core/report/report-codec.js'
import type { BoardFiles } from '../board/files.js'

/** Who holds something of a state folder that one process has at a time. */
export interface Claim {
  readonly instanceId: string
  readonly owner: string
  readonly bootId: string
  /** Since when, as a time of docs/formats.md. */
  readonly at: string
}

/**
 * Things of a state folder that one process has at a time, each a file that is linked into place.
 */
export interface Claims {
  /**
   * Takes what stands under this path, unless another holds it whose claim is not over. True when it
   * is held by `mine` now, also when it was before.
   */
  take(path: string, mine: Claim, isOver: (holder: Claim) => boolean): Promise<boolean>
  /** Who holds it; undefined when nobody does, or nobody can tell. */
  holder(path: string): Promise<Claim | undefined>
  /** Lets go of it, if this instance holds it. */
  release(path: string, instanceId: string): Promise<void>
}

const MAX_CLAIM_BYTES = 4_096

/** Makes {@link Claims} over the files of a folder. */
export function createClaims(port: Fs, files: BoardFiles): Claims {
  const read = async (path: string): Promise<Claim | 'unreadable' | undefined> => {
    const bytes = await port.read(path, MAX_CLAIM_BYTES)
    if (bytes === undefined) return undefined
    try {
      const shape = shapeOf(
        parseCanonical(bytes, { what: 'the claim', maxBytes: MAX_CLAIM_BYTES }),
        'the claim',
      )
      return {
        instanceId: shape.string('instanceId', isInstanceId),
        owner: shape.string('owner', isLine),
        bootId: shape.string('bootId', isLine),
        at: shape.string('at', isInstant),
      }
    } catch (error) {
      if (isNoticeboardError(error)) return 'unreadable'
      throw error
    }
  }

  /** Gets out of the way what was found to be over; false when somebody took it meanwhile. */
  const clear = async (path: string, over: Claim | 'unreadable'): Promise<boolean> => {
    const aside = await files.moveAside(path)
    // Of several that find it over one gets it out of the way; the others find it gone.
    if (aside === undefined) return true
    const isTaken = isOther(await read(aside), over)
    // It goes back to its place, unless the next has come there.
    if (isTaken) await port.link(aside, path)
    await files.discard(aside)
    return !isTaken
  }

  return {
    async take(path, mine, isOver) {
      const holder = await read(path)
      if (holder !== undefined && holder !== 'unreadable') {
        if (holder.instanceId === mine.instanceId) return true
        if (!isOver(holder)) return false
      }
      if (holder !== undefined && !(await clear(path, holder))) return false
      const bytes = encodeText(canonicalize({ ...mine, v: 1 }))
      await port.makeFolder(dirname(path))
      return (await files.claim(path, bytes)) === 'linked'
    },

    async holder(path) {
      const holder = await read(path)
      return holder === 'unreadable' ? undefined : holder
    },

    async release(path, instanceId) {
      const holder = await read(path)
      if (typeof holder === 'object' && holder.instanceId === instanceId) await port.remove(path)
    },
  }
}

function isOther(moved: Claim | 'unreadable' | undefined, expected: Claim | 'unreadable'): boolean {
  if (typeof moved !== 'object') return false
  return typeof expected !== 'object' || moved.instanceId !== expected.instanceId
}
