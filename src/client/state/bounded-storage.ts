import { NoticeboardError } from '../../contracts/errors.js'
import type { Clock } from '../../contracts/system.js'
import type { StateStorage } from '../../contracts/state.js'

/** How long a disk may take for one operation: a network drive that is gone never answers at all. */
const ANSWER_MS = 10_000

/** A state folder whose operations throw `timeout` instead of hanging, so that a disk cannot hold up a client. */
export function boundedFolder(folder: StateStorage, clock: Clock): StateStorage {
  const bounded = <T>(work: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(ANSWER_MS, () =>
        reject(new NoticeboardError('timeout', `the state folder did not answer within ${ANSWER_MS} ms`)),
      )
      work.then(resolve, reject).finally(cancel)
    })

  return {
    clientId: proposed => bounded(folder.clientId(proposed)),
    load: query => bounded(folder.load(query)),
    save: query => bounded(folder.save(query)),
    readSnapshot: query => bounded(folder.readSnapshot(query)),
    writeSnapshot: query => bounded(folder.writeSnapshot(query)),
  }
}
