import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { NoticeboardError } from '../../contracts/errors.js'

/**
 * The processor time that a process has used until now, all threads, in milliseconds: from `/proc`,
 * so that asking costs the process nothing. Throws `unsupported` where the system does not tell.
 *
 * ```ts
 * processorMs(child.pid)
 * ```
 */
export function processorMs(pid: number): number {
  return reading(() => {
    let nanoseconds = 0
    for (const task of readdirSync(`/proc/${pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0])
    return nanoseconds / 1e6
  })
}

/**
 * The memory that a process holds, in bytes. Throws `unsupported` where the system does not tell.
 *
 * ```ts
 * memoryBytes(child.pid)
 * ```
 */
export function memoryBytes(pid: number): number {
  return reading(() => {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1_024
  })
}

/**
 * What the machine's processors did until now, in milliseconds of all of them; two of these say how
 * idle it was between.
 *
 * ```ts
 * const { idleMs, totalMs } = machineTimes()
 * ```
 */
export function machineTimes(): { readonly idleMs: number; readonly totalMs: number } {
  let [idleMs, totalMs] = [0, 0]
  for (const { times } of cpus()) {
    idleMs += times.idle
    totalMs += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { idleMs, totalMs }
}

function reading(read: () => number): number {
  try {
    return read()
  } catch (cause) {
    throw new NoticeboardError(
      'unsupported',
      'this system does not tell what a process uses: it takes Linux with /proc and scheduler statistics',
      { cause },
    )
  }
}
