import { runPlan } from './history.js'
import { KEPT_HISTORIES, planOfKept } from './kept-seeds.js'

/**
 * `<seed> <most>`: draws a kept history until its oracle reports it, and tells how many draws it
 * took; nothing when none did.
 */
const [, , seed, most] = process.argv
const kept = KEPT_HISTORIES.find(({ plan }) => String(plan.seed) === seed)
if (kept === undefined) throw new Error(`no history of seed ${seed} is kept`)
for (let draw = 0; draw < Number(most); draw += 1) {
  const { violations } = await runPlan(planOfKept(kept, draw))
  if (!violations.some(({ oracle }) => oracle === kept.oracle)) continue
  process.stdout.write(String(draw + 1))
  break
}
process.stdout.write('', () => process.exit(0))
