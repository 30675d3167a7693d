// A strategy of one's own under everything that may go wrong: `node main.mjs`.
import { simulate } from 'noticeboard/sim'
import { ageingPull } from './ageing-pull.mjs'
import { simulationOf } from './simulation.mjs'
import { tagOnReceipt } from './tag-on-receipt.mjs'

const sound = await simulate(
  simulationOf(transport => ageingPull(transport)),
  { count: 40 },
)
console.log(sound.failure?.report ?? `ageingPull: ${sound.histories} histories, and everybody got there`)

// The same strategy with a mistake in it: the simulation finds it, and says what it takes.
const planted = await simulate(
  simulationOf(transport => tagOnReceipt(ageingPull(transport))),
  { count: 200 },
)
console.log('with a mistake in it:')
console.log(planted.failure?.report ?? 'nothing was found')
