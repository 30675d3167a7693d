// `npm run demo:rollout`: a bad document, to everyone at once and as publish() does it. See
// `npm run demo:rollout -- --help`.
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { untilInterrupted } from '../demo/interruption.js'
import { createProcesses } from '../demo/processes.js'
import { sayError } from '../demo/say-error.js'
import { createScreen } from '../demo/screen.js'
import { duration } from '../demo/table.js'
import { bundleInto } from './bundle.js'
import { help, readOptions, removable } from './options.js'
import { fuseMs, handMs, periodsBesideDefaults, restartMs } from './periods.js'
import { sayPromise } from './promise.js'
import { createScene } from './scene.js'
import { summarize } from './summary.js'

/**
 * @import { StrategyName } from './periods.js'
 * @typedef {'at once' | 'by default'} Way
 */

const options = readOptions(process.argv.slice(2))
if (options === 'help') {
  process.stdout.write(help)
} else if ('problem' in options) {
  process.stderr.write(`demo: ${options.problem}\n\n${help}`)
  process.exitCode = 2
} else {
  process.exitCode = await run(options)
}

/** @param {ReturnType<typeof createScene>} scene */
async function tellAtOnce(scene) {
  await scene.start()
  const meeting = { scene, ...(await scene.meetPoison()) }
  await scene.supervisor.end()
  return meeting
}

/** @param {ReturnType<typeof createScene>} scene */
async function tellByDefault(scene) {
  await scene.start()
  const meeting = { scene, ...(await scene.meetPoison()) }
  const arrival = { scene, ...(await scene.getMended()) }
  await scene.supervisor.end()
  return { meeting, arrival }
}

/**
 * @param {import('./options.js').DemoOptions} options @returns {Promise<number>} the exit status
 */
async function run({ clients, only, patience, seed, without }) {
  const screen = createScreen()
  const processes = createProcesses()
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-rollout-'))
  /** @type {ReturnType<typeof createScene>[]} */
  const scenes = []
  const interruption = untilInterrupted()
  introduce()
  const result = await Promise.race([interruption, perform().catch(fail)])
  await end()
  if (typeof result === 'object')
    return summarize({ ...result, clients, patience, without, screen, folder, scenes })
  screen.print(`demo: it ended early; what was seen until then is in ${folder}`)
  // What was interrupted may still be waiting for something.
  process.exit(result)

  async function perform() {
    const token = randomBytes(24).toString('base64url')
    const boardFolder = join(folder, 'board')
    mkdirSync(boardFolder)
    const server = processes.start(new URL('server.js', import.meta.url), {
      folder: boardFolder,
      token,
      without,
    })
    const [{ url }, script] = await Promise.all([server.heard('ready'), bundleInto(folder)])
    const board = { url, token }
    /** @param {StrategyName} strategy @param {Way} way */
    const createFleet = (strategy, way) => {
      const scene = createScene({
        strategy,
        way,
        clients,
        seed,
        patience,
        without,
        board,
        script,
        folder,
        say: screen.say,
      })
      scenes.push(scene)
      return scene
    }
    // One fleet after the other for each strategy, and the strategies beside each other: what waits
    // leaves the cores to the rest.
    const told = await Promise.all(
      only.map(async strategy => {
        const before = without === 'nothing' ? [await tellAtOnce(createFleet(strategy, 'at once'))] : []
        const { meeting, arrival } = await tellByDefault(createFleet(strategy, 'by default'))
        return { meetings: [...before, meeting], arrival }
      }),
    )
    return {
      meetings: told.flatMap(({ meetings }) => meetings),
      arrivals: told.map(({ arrival }) => arrival),
    }
  }

  /** Ends every process, and removes all but the event files. */
  async function end() {
    await Promise.all(scenes.map(({ supervisor }) => supervisor.end()))
    await processes.killAll()
    const made = [
      join(folder, 'board'),
      join(folder, 'application.cjs'),
      ...scenes.map(({ name }) => join(folder, name, 'state')),
    ]
    for (const path of made) rmSync(path, { recursive: true, force: true })
  }

  /** @param {unknown} error */
  function fail(error) {
    screen.print(`demo: ${sayError(error)}`)
    return 1
  }

  function introduce() {
    const { bold, dim, red } = screen.paint
    screen.print(bold('noticeboard: a document passes its schema and kills the application later'))
    screen.print(`  fleet      ${clients * only.length} clients, ${clients} each for ${only.join(', ')}:`)
    screen.print('             a host with eight processes that share a folder, containers without')
    screen.print('             a durable folder, and machines with one')
    screen.print(
      `  the bug    it dies ${duration(fuseMs.least)} to ${duration(fuseMs.most)} after it took the document, by seed ${seed},`,
    )
    screen.print(`             and is started again after ${duration(restartMs)}`)
    screen.print(`  at once    to everyone, without protection; somebody steps in after ${duration(handMs)}`)
    screen.print('  by default what publish() does, with shorter periods and nobody to help:')
    for (const [name, ownMs, defaultMs, meaning] of periodsBesideDefaults)
      screen.print(
        `             ${name.padEnd(19)}${duration(ownMs).padStart(6)} ${dim(`for ${duration(defaultMs).padStart(6)}`)}  ${dim(meaning)}`,
      )
    sayPromise(patience).forEach((line, index) =>
      screen.print(`  ${(index === 0 ? 'promise' : '').padEnd(11)}${index > 2 ? dim(line) : line}`),
    )
    if (without !== 'nothing') screen.print(red(`  without    the ${without}: ${removable[without]}`))
    screen.print(`  folder     ${folder}`)
    screen.print('')
  }
}
