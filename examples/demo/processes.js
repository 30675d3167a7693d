// Every process that the demo starts, so that none outlives it.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** @import { ChildProcess } from 'node:child_process' */

/**
 * @typedef {object} Child
 * @property {ChildProcess} process
 * @property {(type: string) => Promise<any>} heard resolves to the next message of that type;
 * rejects when the process ends before
 * @property {(message: object) => void} tell
 * @property {() => Promise<void>} kill SIGKILL; resolves when it is gone
 */

/** Starts processes and knows them all. */
export function createProcesses() {
  /** @type {Set<ChildProcess>} */
  const running = new Set()
  let started = 0
  let closed = false

  /** @param {ChildProcess} child */
  const gone = child =>
    new Promise(resolve => (isRunning(child) ? child.once('exit', resolve) : resolve(undefined)))

  return {
    /**
     * Starts a module as a process of its own: one of this folder, or wherever a URL names it.
     * @param {string | URL} module @param {object} settings @returns {Child}
     */
    start(module, settings) {
      if (closed) throw new Error('the demo is ending; no process is started any more')
      const path = fileURLToPath(new URL(module, import.meta.url))
      // Inherited standard error: what a process has to complain about is seen. Nothing is read
      // from standard input.
      const child = fork(path, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
      running.add(child)
      started += 1
      child.once('exit', () => running.delete(child))
      // A message to a process that was killed is lost, as intended; its exit is what counts.
      child.on('error', () => {})
      return {
        process: child,
        heard: type => nextMessage(child, type),
        tell: message => void (child.connected && child.send(message, () => {})),
        async kill() {
          child.kill('SIGKILL')
          await gone(child)
        },
      }
    },
    /** Ends all of them, whatever they do. Resolves when the system has them no more. */
    async killAll() {
      closed = true
      const all = [...running]
      for (const child of all) child.kill('SIGKILL')
      await Promise.all(all.map(gone))
    },
    get started() {
      return started
    },
    /** Ids of those that still run. */
    get left() {
      return [...running].filter(isRunning).map(({ pid }) => pid)
    },
  }
}

/** @param {ChildProcess} child */
function isRunning(child) {
  return child.exitCode === null && child.signalCode === null
}

/** @param {ChildProcess} child @param {string} type @returns {Promise<any>} */
function nextMessage(child, type) {
  return new Promise((resolve, reject) => {
    const listen = (/** @type {any} */ message) => {
      if (message?.type !== type) return
      done()
      resolve(message)
    }
    const ended = () => {
      done()
      reject(new Error(`a process of the demo ended before it said "${type}"`))
    }
    const done = () => {
      child.off('message', listen)
      child.off('exit', ended)
    }
    child.on('message', listen)
    child.once('exit', ended)
    if (!isRunning(child)) ended()
  })
}
