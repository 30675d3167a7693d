import { readdirSync, readFileSync } from 'node:fs'
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

/** What processors did until now, in the ticks of the system. */
export interface ProcessorTimes {
  readonly idle: number
  readonly total: number
}

/**
 * What the processors did until now that this process may run on, all of them, which in a container
 * or under `taskset` are not all of the machine's; two of these say how idle it was between. Throws
 * `unsupported` where the system does not tell.
 *
 * ```ts
 * const { idle, total } = machineTimes()
 * ```
 */
export function machineTimes(): ProcessorTimes {
  return reading(() =>
    timesIn(readFileSync('/proc/stat', 'utf8'), processorsIn(readFileSync('/proc/self/status', 'utf8'))),
  )
}

/**
 * The numbers of the processors that `/proc/PID/status` names.
 *
 * ```ts
 * processorsIn('Cpus_allowed_list:\t0-2,8') // a set of 0, 1, 2 and 8
 * ```
 */
export function processorsIn(status: string): ReadonlySet<number> {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(status) ?? []
  return new Set(
    [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, from, to = from]) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => Number(from) + index),
    ),
  )
}

/**
 * What some processors did by `/proc/stat`. Waiting for a disk is idle.
 *
 * ```ts
 * timesIn('cpu0 10 0 5 80 5 0 0 0 0 0', new Set([0])) // { idle: 85, total: 100 }
 * ```
 */
export function timesIn(stat: string, processors: ReadonlySet<number>): ProcessorTimes {
  let [idle, total] = [0, 0]
  for (const [, processor, written = ''] of stat.matchAll(/^cpu(\d+) (.*)$/gm)) {
    if (!processors.has(Number(processor))) continue
    // What guests used is in the first two already.
    const ticks = written.split(' ', 8).map(Number)
    idle += (ticks[3] ?? 0) + (ticks[4] ?? 0)
    total += ticks.reduce((sum, each) => sum + each, 0)
  }
  return { idle, total }
}

function reading<T>(read: () => T): T {
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
