import { bugs } from '../prove/bugs.js'
import { chaos } from '../prove/chaos.js'
import { controllers } from '../prove/controllers.js'
import { kills } from '../prove/kills.js'
import { mutants } from '../prove/mutants.js'
import { parsers } from '../prove/parsers.js'
import { proveParts } from '../prove/prove.js'
import { scale } from '../prove/scale.js'
import { seeds } from '../prove/seeds.js'
import { siege } from '../prove/siege.js'
import { soak } from '../prove/soak.js'
import { statistics } from '../prove/statistics.js'
import { steps } from '../prove/steps.js'

/** Proves what the arguments ask for. Resolves with the exit code. */
export function prove(argv: readonly string[]): Promise<number> {
  return proveParts(
    [seeds, bugs, steps, kills, controllers, parsers, statistics, chaos, siege, scale, mutants, soak],
    argv,
  )
}
