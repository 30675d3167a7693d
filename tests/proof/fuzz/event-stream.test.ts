import { fuzzTest } from './fuzz-test.js'

fuzzTest(
  'an event stream gives the same events however it is cut, and a folder of damaged state stops no client',
  ['event stream', 'state folder', 'mark'],
)
