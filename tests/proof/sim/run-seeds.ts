import { runHistory } from './history.js'
import { lessOf } from './less-of.js'

const [from = '1', count = '1', show = '', without = '', ...words] = process.argv.slice(2)
if (without !== '' && without !== '--without') throw new Error(`${without} is not --without`)
const less = lessOf(words)
// What Node loads on first use arrives in real time: one history goes before, so that each finds
// the same process.
await runHistory(0)
const began = performance.now()
let bad = 0
const sometimes = new Map<string, number>()
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const history = await runHistory(seed, less)
  for (const thing of history.sometimes) sometimes.set(thing, (sometimes.get(thing) ?? 0) + 1)
  if (show === 'trace') process.stdout.write(`${history.trace.join('\n')}\n`)
  if (history.violations.length > 0) {
    bad += 1
    process.stdout.write(`seed ${seed} [${[...history.plan.faults].join(' ')}]\n`)
    for (const { oracle, atMs, text } of history.violations.slice(0, 4))
      process.stdout.write(`   ${(atMs / 1000).toFixed(1)}s ${oracle}: ${text.slice(0, 600)}\n`)
  }
}
const { user, system } = process.cpuUsage()
const cpuSeconds = (user + system) / 1e6
const seconds = (performance.now() - began) / 1000
process.stdout.write(
  `${count} seeds, ${bad} with violations, ${seconds.toFixed(1)} s, ${(Number(count) / seconds).toFixed(1)} a second; ${(Number(count) / cpuSeconds).toFixed(1)} a second of one core\n`,
)
if (show === 'sometimes')
  for (const [thing, times] of [...sometimes].sort())
    process.stdout.write(`${String(times).padStart(6)} ${thing}\n`)
// What killed clients waited for must not keep this process.
process.stdout.write('', () => process.exit(bad === 0 ? 0 : 1))
