// What a server costs that does nothing but say that nothing is new: many namespaces, one client
// each.
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

/**
 * So many times what the bare server takes, which is some 1 % of a core where nothing else runs:
 * where others want the processors all the time, both of them take two and three times as much.
 */
const mostOfFloor = 2

const heartbeatMs = 8_000

/**
 * All that recurs does so within a heartbeat, so each window holds all of it; the least of them is
 * what other programs disturbed least.
 */
const windowMs = heartbeatMs

/** As many bytes as a mark of such a name has on the wire. */
const markBytes = 283

const help = `node benchmarks/siege/idle.js [options]

  --names N           namespaces, each with a release and a client; 10,000 unless given
  --seconds N         how long it is measured, in windows of 8 s; 64 unless given
  --board FOLDER      a folder that is kept for the next time
  --without NAME      standing: asks the board of each namespace at each heartbeat, which has to be seen
                      memory: works out anew at each heartbeat what stands
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    names: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '64' },
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
const floor = await processes.start(new URL('idle-floor-process.js', import.meta.url), {
  heartbeatMs,
  bytes: markBytes,
})
/** Starts clients of a server, one a namespace. @param {import('../processes.js').Child} of */
const clientsOf = async of =>
  processes.start(new URL('idle-clients-process.js', import.meta.url), {
    port: await of.ask('port'),
    from: 0,
    count: names,
  })
const clients = await clientsOf(server)
const floorClients = await clientsOf(floor)
await server.ask('collect')
// What was compiled once is compiled.
await sleep(2 * heartbeatMs)

/** @type {{ server: number, floor: number }[]} parts of a core */
const windows = []
/**
 * Whether clients heard in a window what they hear in a heartbeat: a program that got no processor
 * did no work. @param {number} bytes
 */
const isWhole = bytes => Math.abs(bytes / (names * markBytes) - 1) < 0.1
const heard = async () => [(await clients.ask('heard')).bytes, (await floorClients.ask('heard')).bytes]
for (let left = Math.ceil((seconds * 1_000) / windowMs); left > 0; left -= 1) {
  const heardBefore = await heard()
  const [startMs, ...before] = [nowMs(), await processorMs(server), await processorMs(floor)]
  await sleep(windowMs)
  const after = [await processorMs(server), await processorMs(floor)]
  const [ofServer = 0, ofFloor = 0] = after.map((ms, at) => (ms - (before[at] ?? 0)) / (nowMs() - startMs))
  const bytes = (await heard()).map((total, at) => total - heardBefore[at])
  if (bytes.every(isWhole)) windows.push({ server: ofServer, floor: ofFloor })
}
if (windows.length === 0) {
  process.stderr.write('no window brought each client one heartbeat: the machine is too busy to measure on\n')
  await processes.close()
  process.exit(2)
}
const { ended } = await clients.ask('heard')
const least = Math.min(...windows.map(({ server }) => server))
const leastFloor = Math.min(...windows.map(({ floor }) => floor))
const bound = (mostOfACore * names) / 10_000
const times = windows.map(({ server, floor }) => server / floor).sort((a, b) => a - b)
const median = times[Math.floor(times.length / 2)] ?? Number.NaN
const percent = (/** @type {number} */ part) => (100 * part).toFixed(2)
process.stdout.write(
  `${names} namespaces with a client each, idle: ${percent(least)} % of a core, the least of ${windows.map(({ server }) => percent(server)).join(', ')}; at most ${percent(bound)} %
of that the writes alone: ${percent(leastFloor)} %, the least of ${windows.map(({ floor }) => percent(floor)).join(', ')}
in the middle window ${median.toFixed(2)} times as much as the writes alone; at most ${mostOfFloor} times where it is more than ${percent(bound)} %
${ended} clients were cut off
`,
)
await processes.close()
if (values.board === undefined) await rm(folder, { recursive: true, force: true })
process.exit((least <= bound || median <= mostOfFloor) && ended === 0 ? 0 : 1)
