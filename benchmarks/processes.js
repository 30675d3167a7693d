// Every process that a benchmark starts, so that none outlives it.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { OutOfPatience } from './patience.js'

/**
 * @typedef {object} Child
 * @property {number} pid
 * @property {(what: string, question?: unknown) => Promise<any>} ask rejects when it cannot answer,
 * ends before, or takes too long without saying that it goes on
 * @property {() => Promise<void>} end resolves when it is gone
 */

/** How much is kept of what a process writes that may fail, in characters: the end of it. */
const complaintsKept = 8_192

/**
 * Starts processes and knows them all. `patienceMs` says how long an answer may take from now on, or
 * from its last sign that it goes on: a benchmark that hangs must end by itself.
 * @param {{ patienceMs?: () => number }} [options] a minute unless given
 */
export function createProcesses({ patienceMs = () => 60_000 } = {}) {
  /** @type {Set<import('node:child_process').ChildProcess>} */
  const running = new Set()
  let started = 0
  let over = false

  return {
    /**
     * Starts a module as a process of its own; resolves when it is ready. What one writes to its
     * standard error that may fail is in the error of an answer that does not come, and shown
     * nowhere.
     * @param {URL} module @param {object} [settings] @param {{ mayFail?: boolean }} [options]
     * @returns {Promise<Child>}
     */
    async start(module, settings = {}, { mayFail = false } = {}) {
      if (over) throw new Error('the benchmark is over')
      const process = fork(fileURLToPath(module), [JSON.stringify(settings)], {
        stdio: ['ignore', 'ignore', mayFail ? 'pipe' : 'inherit', 'ipc'],
        serialization: 'advanced',
      })
      running.add(process)
      started += 1
      process.once('exit', () => running.delete(process))
      const { ask, ready } = conversation(process, patienceMs)
      await ready
      return { pid: process.pid ?? 0, ask, end: () => end(process) }
    },
    /** Ends all of them, whatever they do. Resolves when the system has them no more. */
    endAll: () => Promise.all([...running].map(end)),
    /** The same, and starts no more. */
    close() {
      over = true
      return Promise.all([...running].map(end))
    },
    get started() {
      return started
    },
    get left() {
      return running.size
    },
  }
}

/** @typedef {ReturnType<typeof createProcesses>} Processes */

/** @param {import('node:child_process').ChildProcess} process @returns {Promise<void>} */
function end(process) {
  if (process.exitCode !== null || process.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => {
    process.once('exit', () => resolve())
    process.kill('SIGKILL')
  })
}

/** @param {import('node:child_process').ChildProcess} process @param {() => number} patienceMs */
function conversation(process, patienceMs) {
  /**
   * @type {Map<number, { resolve: (answer: any) => void, reject: (error: Error) => void, wait: () => void }>}
   */
  const waiting = new Map()
  let count = 0
  let complaints = ''
  process.stderr?.on('data', chunk => (complaints = (complaints + chunk).slice(-complaintsKept)))

  process.on('message', (/** @type {any} */ { id, answer, problem, goesOn }) => {
    const waiter = waiting.get(id)
    if (goesOn === true) {
      waiter?.wait()
      return
    }
    waiting.delete(id)
    if (problem === undefined) waiter?.resolve(answer)
    else waiter?.reject(new Error(problem))
  })
  const fail = () => {
    const why = complaints === '' ? '' : `\n${complaints}`
    for (const { reject } of waiting.values())
      reject(new Error(`a process of the benchmark ended before it answered${why}`))
    waiting.clear()
  }
  process.on('error', fail)
  // Then everything that it wrote is there, too.
  process.once('close', fail)

  const answerTo = (/** @type {number} */ id, /** @type {string} */ what) =>
    new Promise((resolve, reject) => {
      /** @type {NodeJS.Timeout | undefined} */
      let timer
      let steps = -1
      const wait = () => {
        clearTimeout(timer)
        steps += 1
        const withinMs = patienceMs()
        timer = setTimeout(() => {
          waiting.delete(id)
          const seconds = Math.round(withinMs / 1_000)
          const failed = steps === 0 ? `did not answer "${what}"` : `went no further with "${what}"`
          reject(new OutOfPatience(`a process of the benchmark ${failed} within ${seconds} s`))
        }, withinMs)
      }
      wait()
      const settled = (/** @type {(value: any) => void} */ settle) => (/** @type {any} */ value) => {
        clearTimeout(timer)
        settle(value)
      }
      waiting.set(id, { resolve: settled(resolve), reject: settled(reject), wait })
    })

  return {
    ready: answerTo(0, 'ready'),
    /** @param {string} what @param {unknown} [question] */
    ask(what, question) {
      count += 1
      const answer = answerTo(count, what)
      process.send({ id: count, what, question })
      return answer
    },
  }
}
