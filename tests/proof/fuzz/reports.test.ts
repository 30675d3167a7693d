import { fuzzTest } from './fuzz-test.js'

fuzzTest('reports, request bodies and state files are read or refused, and change nothing else', [
  'report',
  'request bodies',
  'state file',
  'client.json',
])
