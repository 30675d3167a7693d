// Keeps the processes of a fleet alive, as systemd would: what died is started again a little
// later.
import { fork } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { openEventFile } from '../demo/event-file.js'
import { restartMs } from './periods.js'

/** @import { ChildProcess } from 'node:child_process' */

/**
 * Processes of a fleet that start at the same time. More of them would only share the cores, and
 * all be late.
 */
const mostStarting = Math.max(2, Math.ceil(availableParallelism() / 2))

/**
 * @param {object} settings
 * @param {string} settings.script what each process runs
 * @param {readonly import('./layout.js').Seat[]} settings.seats
 * @param {string} settings.folder where event files and what processes complain about are written
 * @param {string} settings.state
 * @param {Pick<import('./application.js').ApplicationSettings, 'strategy' | 'namespace' | 'url'>}
 * settings.follows
 */
export function createSupervisor({ script, seats, folder, state, follows }) {
  /** @type {Map<string, ChildProcess>} */
  const running = new Map()
  /** @type {Set<NodeJS.Timeout>} */
  const waiting = new Set()
  /** Those whose turn to start has not come. @type {import('./layout.js').Seat[]} */
  const queue = []
  /** @type {Set<string>} */
  const starting = new Set()
  let over = false
  let started = 0
  const events = join(folder, 'events')
  mkdirSync(events, { recursive: true })

  /** @param {import('./layout.js').Seat} seat */
  const enqueue = seat => {
    queue.push(seat)
    startNext()
  }
  const startNext = () => {
    while (!over && starting.size < mostStarting) {
      const seat = queue.shift()
      if (seat === undefined) return
      starting.add(seat.name)
      launch(seat)
    }
  }
  /** It is up, or has died before that: the turn of the next one. @param {string} name */
  const hasStarted = name => {
    if (starting.delete(name)) startNext()
  }

  /** @param {import('./layout.js').Seat} seat */
  const launch = seat => {
    const path = join(events, `${seat.name}.ndjson`)
    // A process that dies says why on standard error: here that would be a hundred stacks.
    const complaints = openSync(join(folder, 'stderr.log'), 'a')
    const settings = { seat, events: path, state, ...follows }
    openEventFile(path)({ at: Date.now(), event: 'launched' })
    const child = fork(script, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', complaints, 'ipc'] })
    closeSync(complaints)
    running.set(seat.name, child)
    started += 1
    child.on('error', () => {})
    child.once('message', () => hasStarted(seat.name))
    child.once('exit', (code, signal) => {
      running.delete(seat.name)
      hasStarted(seat.name)
      if (over) return
      openEventFile(path)({ at: Date.now(), event: 'died', code, signal })
      const timer = setTimeout(() => {
        waiting.delete(timer)
        enqueue(seat)
      }, restartMs)
      waiting.add(timer)
    })
  }

  return {
    events,
    start() {
      for (const seat of seats) enqueue(seat)
    },
    /** Ends one process as the kernel does when memory runs out. @param {string} name */
    crash: name => void running.get(name)?.kill('SIGKILL'),
    /** Ends all of them for good. Resolves when the system has them no more. */
    async end() {
      over = true
      for (const timer of waiting) clearTimeout(timer)
      const gone = [...running.values()].map(child => {
        const exit = new Promise(resolve => child.once('exit', resolve))
        child.kill('SIGKILL')
        return exit
      })
      await Promise.all(gone)
    },
    get started() {
      return started
    },
    get left() {
      return running.size
    },
  }
}
