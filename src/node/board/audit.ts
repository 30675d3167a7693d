import { MAX_AUDIT_BYTES } from '../../core/limits.js'
import { dirname, join } from 'node:path'
import type { Namespace } from '../../contracts/names.js'
import { formatPosition, type Epoch, type Position } from '../../contracts/position.js'
import { digestOf, toHex } from '../../core/release/digest.js'
import type { Board } from './board.js'
import type { BoardLog } from './log.js'
import { epochsIn } from './paths.js'
import { readLink } from './release-link.js'
import { ABANDONED_MS } from '../../core/limits.js'
import { forLog } from '../disk/system-error.js'

/**
 * Who and why, beside the log. A record stands under a temporary name until its release is in
 * place.
 */
export interface BoardAudit {
  /** Writes a record, durable before it resolves. */
  prepare(query: {
    readonly namespace: Namespace
    readonly at: Position
    readonly bytes: Uint8Array
  }): Promise<PreparedAudit>
  /**
   * Undefined where there is none, and where it cannot be read, which is said once for each
   * namespace.
   */
  read(namespace: Namespace, position: Position): Promise<Uint8Array | undefined>
  /**
   * Gives records whose writer died after its release was in place their name, and removes those of
   * releases that never were.
   */
  repair(namespace: Namespace): Promise<void>
}

export interface PreparedAudit {
  keep(): Promise<void>
  discard(): Promise<void>
}

const TEMPORARY = /^([1-9][0-9]{0,15})\.([0-9a-z-]+)\.[0-9a-f]{12}\.tmp$/

export function boardAudit(
  { hiddenFs: fs, clock, random, hasher, paths, owner, logger }: Board,
  log: BoardLog,
): BoardAudit {
  /** Namespaces of which a reader was told that records cannot be read. */
  const told = new Set<Namespace>()
  /** Gives a record its name. */
  const give = async (path: string, pending: string): Promise<void> => {
    await fs.rename(pending, path)
    await fs.syncFolder(dirname(path))
  }

  const settle = async (
    namespace: Namespace,
    { epoch, name, sequence }: { epoch: Epoch; name: string; sequence: number },
  ): Promise<void> => {
    const path = join(paths.pendingAudits({ namespace, epoch }), name)
    const position = { epoch, sequence }
    const record = await fs.read(path, MAX_AUDIT_BYTES)
    const release = await log.bytesAt(namespace, position)
    const link = release && readLink(release)
    // Which record a release of a later version names, that version knows; of a damaged one,
    // whoever restores it.
    if (release !== undefined && link?.v !== 1) return
    const missing = (await fs.stat(paths.audit(namespace, position))) === undefined
    if (record !== undefined && missing && link?.audit === digestOf(hasher, record))
      await give(paths.audit(namespace, position), path)
    else await fs.remove(path)
  }

  const repairEpoch = async (namespace: Namespace, epoch: Epoch): Promise<void> => {
    const folder = paths.pendingAudits({ namespace, epoch })
    for (const name of await fs.list(folder)) {
      const [, sequence, tag] = TEMPORARY.exec(name) ?? []
      if (sequence === undefined || tag === undefined || tag === owner.tag) continue
      const stat = await fs.stat(join(folder, name))
      if (stat === undefined || (!owner.isGone(tag) && clock.now() - stat.changedMs < ABANDONED_MS)) continue
      await settle(namespace, { epoch, name, sequence: Number(sequence) })
    }
  }

  return {
    async prepare({ namespace, at, bytes }) {
      // In a folder of their own: those that are in place are as many as the releases, and are not
      // listed to find the few that wait.
      const folder = paths.pendingAudits({ namespace, epoch: at.epoch })
      const temporary = join(folder, `${at.sequence}.${owner.tag}.${toHex(random.bytes(6))}.tmp`)
      await fs.makeFolder(folder)
      await fs.create(temporary, bytes)
      return {
        keep: () => give(paths.audit(namespace, at), temporary),
        discard: () => fs.remove(temporary),
      }
    },

    async read(namespace, position) {
      try {
        return await fs.read(paths.audit(namespace, position), MAX_AUDIT_BYTES)
      } catch (error) {
        // The way back goes through the log, and who wrote it and why must not stand in that way.
        if (!told.has(namespace))
          logger?.warn(
            'audit records cannot be read; the history shows no author and no reason for their releases',
            {
              namespace,
              position: formatPosition(position),
              ...forLog(error, `read an audit record in ${dirname(paths.audit(namespace, position))}`),
            },
          )
        told.add(namespace)
        return undefined
      }
    },

    async repair(namespace) {
      for (const epoch of epochsIn(await fs.list(dirname(paths.audits({ namespace, epoch: 'any' })))))
        await repairEpoch(namespace, epoch)
    },
  }
}
