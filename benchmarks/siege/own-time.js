// What a read costs the server, whoever else is on the machine.
import { readFileSync } from 'node:fs'

/**
 * How long a process's first thread, which in Node does all that an answer waits for, has had a
 * processor until now, and how long it has waited for one, in milliseconds. Undefined where the
 * system does not tell it.
 * @param {number} pid
 */
export function threadTimes(pid) {
  try {
    const [ran = '', waited = ''] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
    return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 }
  } catch {
    // Not Linux, or a kernel without scheduler statistics.
    return undefined
  }
}
