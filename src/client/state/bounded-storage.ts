import { NoticeboardError } from '../../contracts/errors.js'
import type { Protection, StateStorage } from '../../contracts/state.js'
import type { Clock } from '../../contracts/system.js'
import { settlesWithin } from '../../async/deadline.js'

/**
 * How long a disk may take for one operation, in milliseconds: a network drive that is gone never
 * answers at all.
 */
const ANSWER_MS = 10_000

/**
 * A storage whose operations throw `timeout` instead of hanging, so that a disk cannot hold up a
 * client.
 */
export function boundedStorage(storage: StateStorage, clock: Clock): StateStorage {
  const bounded = async <Result>(work: Promise<Result>): Promise<Result> => {
    if (await settlesWithin(work, { clock, timeoutMs: ANSWER_MS })) return work
    throw new NoticeboardError('timeout', `the state folder did not answer within ${ANSWER_MS} ms`)
  }

  const { protect } = storage
  return {
    clientId: proposed => bounded(storage.clientId(proposed)),
    load: query => bounded(storage.load(query)),
    save: query => bounded(storage.save(query)),
    readSnapshot: query => bounded(storage.readSnapshot(query)),
    writeSnapshot: query => bounded(storage.writeSnapshot(query)),
    ...(protect !== undefined && {
      protect: async query => boundedProtection(await bounded(protect.call(storage, query)), bounded),
    }),
  }
}

function boundedProtection(
  protection: Protection,
  bounded: <Result>(work: Promise<Result>) => Promise<Result>,
): Protection {
  const { slot, previous, drop, committed, earned, readmit } = protection
  return {
    slot,
    previous,
    drop,
    committed,
    earned,
    readmit,
    get quarantined() {
      return protection.quarantined
    },
    begin: trial => bounded(protection.begin(trial)),
    close: () => bounded(protection.close()),
  }
}
