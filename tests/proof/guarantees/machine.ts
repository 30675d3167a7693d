import { fileStore, type FileStore } from '../../../src/node/board/file-store.js'
import { systemHasher } from '../../../src/system/system.js'
import type { VirtualClock } from '../../../src/sim/virtual-clock.js'
import type { Fs } from '../../../src/contracts/system.js'
import { simDisk, type SimDisk } from '../../../src/sim/disk.js'
import { startProcess } from '../../../src/sim/process.js'
import { seededDice } from '../../../src/sim/dice.js'

/** A machine with a board on its disk, whose store may be opened anew. */
export interface Machine {
  readonly disk: SimDisk
  /** Opens the board; each store is one process. `over` stands between it and the disk. */
  store(over?: (disk: Fs) => Fs): FileStore
}

/** A machine whose disk is in memory and keeps what it is given. */
export function openMachine(clock: VirtualClock): Machine {
  const disk = simDisk(clock, seededDice(1, 'disk'))
  let lives = 0
  return {
    disk,
    store(over = plain => plain) {
      lives += 1
      const process = startProcess(`server.${lives}`, { clock, seed: 1 })
      const dice = seededDice(lives, 'server')
      return fileStore('/board', {
        fs: over(disk.mount(process)),
        system: {
          clock,
          random: {
            ...dice,
            bytes: length => (length > 1_024 ? new Uint8Array(length) : dice.bytes(length)),
          },
          hasher: systemHasher,
        },
        owner: { tag: `server-${lives}`, isGone: tag => tag !== `server-${lives}` },
        pollIntervalMs: 2_000,
      })
    },
  }
}
