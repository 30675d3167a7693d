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

/** How many wanted a processor during the last minute: the benchmark itself, and whoever else is on the machine. */
export function loadOfLastMinute() {
  return Number((loadavg()[0] ?? 0).toFixed(1))
}
