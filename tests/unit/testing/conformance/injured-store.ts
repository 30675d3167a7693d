import { seededRandom } from '../../../../src/testing/index.js'
import { faulty } from '../../../../src/transports/faulty/index.js'
import { lmdbStore } from './lmdb-store.js'

export const shaky = faulty(
  lmdbStore('board'),
  {
    faults: [
      { on: ['latest', 'snapshot'], type: 'fail', code: 'unavailable', chance: 0.3 },
      { on: 'snapshot', type: 'truncate', chance: 0.1 },
      { on: 'watch', type: 'drop', chance: 0.2 },
      { on: 'watch', type: 'stall', from: 20 },
    ],
  },
  { system: { random: seededRandom(7) } },
)
