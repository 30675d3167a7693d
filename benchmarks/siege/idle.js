// What a server costs that does nothing but say that nothing is new: many namespaces, one client each.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nowMs } from '../clock.js'
import { processorMs } from '../processor-time.js'
import { createProcesses } from '../processes.js'

/** A part of one core, for 10,000 namespaces. */
const mostOfACore = 0.02

const help = `node benchmarks/siege/idle.js [options]

  --names N           namespaces, each with a release and a client; 10,000 unless given
  --seconds N         how long it is measured; 120 unless given
  --board FOLDER      a folder that is kept for the next time
  --without standing  asks the board of each namespace at each heartbeat, which has to be seen
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    names: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '120' },
    board: { type: 'string' },
    without: { type: 'string' },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit()
}
const [names, seconds] = [Number(values.names), Number(values.seconds)]
const folder = values.board ?? (await mkdtemp(join(tmpdir(), 'noticeboard-idle-')))
const processes = createProcesses({ patienceMs: () => 3_600_000 })
process.on('exit', () => void processes.close())

const server = await processes.start(new URL('idle-server-process.js', import.meta.url), {
  folder,
  names,
  without: values.without,
})
const port = await server.ask('port')
const clients = await processes.start(new URL('idle-clients-process.js', import.meta.url), {
  port,
  from: 0,
  count: names,
})
// What was compiled once is compiled, and every namespace has been looked at.
await sleep(30_000)
const [startMs, before] = [nowMs(), await processorMs(server)]
await sleep(seconds * 1_000)
const part = ((await processorMs(server)) - before) / (nowMs() - startMs)
const { ended } = await clients.ask('heard')
const bound = (mostOfACore * names) / 10_000
process.stdout.write(
  `${names} namespaces with a client each, idle for ${seconds} s: ${(100 * part).toFixed(2)} % of a core; at most ${(100 * bound).toFixed(2)} %; ${ended} clients were cut off\n`,
)
await processes.close()
if (values.board === undefined) await rm(folder, { recursive: true, force: true })
process.exit(part <= bound && ended === 0 ? 0 : 1)
