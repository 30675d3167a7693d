// `npm run demo`: what the library promises, shown with real processes. See
// `npm run demo -- --help`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBoard } from './board.js'
import { openEventFile } from './event-file.js'
import { createEventTail } from './event-tail.js'
import { createFleet } from './fleet.js'
import { untilInterrupted } from './interruption.js'
import { introduce } from './introduction.js'
import { watchLateness } from './lateness.js'
import { help, readOptions } from './options.js'
import { strategyNames } from './periods.js'
import { createProcesses } from './processes.js'
import { sayError } from './say-error.js'
import { createScene } from './scene.js'
import { createScreen, paintFor } from './screen.js'
import { publishFirst, tellStories } from './stories.js'
import { judge, summarize } from './summary.js'
import { formatTable } from './table.js'

const options = readOptions(process.argv.slice(2))
if (options === 'help') {
  process.stdout.write(help)
} else if ('problem' in options) {
  process.stderr.write(`demo: ${options.problem}\n\n${help}`)
  process.exitCode = 2
} else if (options.table !== undefined) {
  process.stdout.write(formatTable(judge(options.table).rows, paintFor(process.stdout)))
} else {
  process.exitCode = await run(options)
}

/**
 * @param {import('./options.js').DemoOptions} options @returns {Promise<number>} the exit status
 */
async function run({ clients, broken, keep, only }) {
  const screen = createScreen()
  const processes = createProcesses()
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-demo-'))
  const events = join(folder, 'events')
  const state = join(folder, 'state')
  const boardFolder = join(folder, 'board')
  mkdirSync(events)
  const interruption = untilInterrupted()

  introduce(screen, { clients, broken, folder })
  const status = await Promise.race([interruption, perform().then(() => 0, fail)])
  await processes.killAll()
  if (!keep) for (const made of [boardFolder, state]) rmSync(made, { recursive: true, force: true })
  if (status === 0) return summarize({ folder, screen, started: processes.started, left: processes.left })
  screen.print(`demo: it ended early; what was seen until then is in ${events}`)
  // Stories that were interrupted may still be waiting for something.
  process.exit(status)

  async function perform() {
    const board = createBoard(processes, boardFolder)
    await board.start()
    await publishFirst(board)
    const proxy = processes.start('proxy-process.js', { targetPort: board.port })
    const { port } = await proxy.heard('ready')
    screen.say('the server is up, three documents are published')

    const fleet = createFleet(processes, { clients, broken, url: `http://127.0.0.1:${port}`, events, state })
    await fleet.start()
    screen.say(`the fleet is up: ${clients * strategyNames.length} applications, two documents each`)

    const note = openEventFile(join(folder, 'stories.ndjson'))
    const lateness = watchLateness()
    const scene = createScene({ fleet, tail: createEventTail(events), note, screen, lateness })
    await tellStories({ scene, board, fleet, proxy, screen }, only)
  }

  /** @param {unknown} error */
  function fail(error) {
    screen.print(`demo: ${sayError(error)}`)
    return 1
  }
}
