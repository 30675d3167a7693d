import { readFileSync } from 'node:fs'
import { cpus, loadavg, platform, release, totalmem } from 'node:os'

/** What the figures were measured on. */
export function describeMachine() {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
  }
}

/**
 * How many wanted a processor during the last minute: the benchmark itself, and whoever else is on
 * the machine.
 */
export function loadOfLastMinute() {
  return Number((loadavg()[0] ?? 0).toFixed(1))
}

/**
 * How many files and connections a process may have open here; infinite where the system does not
 * tell.
 */
export function descriptorLimit() {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    // Not Linux.
    return Number.POSITIVE_INFINITY
  }
}
