import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Namespace } from '../../../src/contracts/names.js'
import type { Position } from '../../../src/contracts/position.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'

export const NAMESPACE = 'chaos/prod'

/**
 * A board in a folder, and whoever publishes on it: beside the servers, so that no fault of theirs
 * holds it up.
 */
export interface ChaosBoard {
  readonly folder: string
  /** Publishes a document that no other release has. */
  publish(): Promise<Position>
  openEpoch(): Promise<Position>
  /** The board as a backup has it: a copy, as another board. */
  copy(): Promise<ChaosBoard>
  close(): Promise<void>
}

const schema = {
  '~standard': { version: 1, vendor: 'chaos', validate: (value: unknown) => ({ value }) },
} as const

/** Numbers the documents, and the folders of copies. */
let count = 0

export interface BoardOptions {
  /** About how long each document is; 600 unless given. */
  readonly documentBytes?: number
  /**
   * What each document says beside a number of its own. Default: text that fills it up to its
   * length.
   */
  readonly filling?: object
  readonly namespace?: Namespace
}

/** Opens a board; what it holds is its own. */
export async function openBoard(folder: string, options: BoardOptions = {}): Promise<ChaosBoard> {
  const { documentBytes = 600, namespace = NAMESPACE } = options
  const { filling = { padding: 'x'.repeat(documentBytes) } } = options
  await mkdir(folder, { recursive: true })
  const store = fileStore(folder, { pollIntervalMs: 100 })
  const publisher = createPublisher({ namespace, schema, store, author: 'chaos' })
  const document = (): object => ({ ...filling, n: (count += 1) })
  return {
    folder,
    async publish() {
      const rollout = await publisher.publish(document(), { rollout: everyone(), reason: 'a round' })
      return rollout.position
    },
    async openEpoch() {
      const rollout = await publisher.openEpoch({ document: document(), reason: 'a restored backup' })
      return rollout.position
    },
    async copy() {
      const other = join(folder, '..', `copy-${(count += 1)}`)
      await cp(folder, other, { recursive: true, preserveTimestamps: true })
      return openBoard(other, options)
    },
    async close() {
      await publisher.close()
      await store.close?.()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
