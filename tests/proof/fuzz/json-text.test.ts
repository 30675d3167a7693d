import { fuzzTest } from './fuzz-test.js'

fuzzTest('JSON text is read as JSON.parse reads it, or refused for what would be lost', [
  'JSON text',
  'names and positions',
])
