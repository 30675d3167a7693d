import { readFileSync, readdirSync } from 'node:fs'

/** @import { Child } from './processes.js' */

/**
 * The processor time that a process has used until now, all threads, in milliseconds. Read from
 * outside where the system tells it (`/proc`, in nanoseconds), so that asking costs the process
 * nothing; else the process is asked.
 * @param {Child} child
 */
export async function processorMs(child) {
  try {
    return fromProc(child.pid)
  } catch {
    // Not Linux, or a kernel without scheduler statistics.
    return /** @type {number} */ (await child.ask('processorMs'))
  }
}

/** @param {number} pid */
function fromProc(pid) {
  let nanoseconds = 0
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0])
  }
  return nanoseconds / 1e6
}

/**
 * The same of several processes together, on systems that tell it from outside.
 * @param {readonly number[]} pids
 */
export function processorMsOf(pids) {
  return pids.reduce((sum, pid) => sum + fromProc(pid), 0)
}
