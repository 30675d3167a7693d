// `npm run sim -- <seed> [trace | shrink]` replays one history;
// `npm run sim -- <from> <count> [sometimes]` runs several.
// `npm run sim -- <seed> trace --without faults=a,b clients=c actions=3,4` replays what shrinking
// left.
import { bundle } from './bundle.js'

const [, , first = '1', second = '1'] = process.argv
const entry = second === 'shrink' ? 'shrink' : 'run-seeds'
if (second === 'trace') process.argv.splice(2, 2, first, '1', second)
if (second === 'shrink') process.argv.splice(2, 2, first)
await import(await bundle({ entry }))
