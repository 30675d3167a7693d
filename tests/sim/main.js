// `npm run sim -- <seed> [trace | shrink]` replays one history; `npm run sim -- <from> <count> [sometimes]` runs several.
import { bundle } from './bundle.js'

const [, , first = '1', second = '1'] = process.argv
const entry = second === 'shrink' ? 'shrink' : 'run-seeds'
if (second === 'trace' || second === 'shrink') process.argv.splice(2, 2, first, '1', second)
await import(await bundle({ entry }))
