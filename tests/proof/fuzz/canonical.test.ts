import { fuzzTest } from './fuzz-test.js'

fuzzTest('snapshots and releases are read exactly when JSON.parse and the writer agree on their bytes', [
  'snapshot',
  'release',
])
