import { hunt, PLANTED_BUGS } from './hunt.js'
import { runMany } from './run-many.js'
import { neverHappened } from './sometimes.js'
import { runChaos } from '../chaos/run-chaos.js'
import { runFuzz } from '../fuzz/run-fuzz.js'

export { hunt, neverHappened, PLANTED_BUGS, runChaos, runFuzz, runMany }
