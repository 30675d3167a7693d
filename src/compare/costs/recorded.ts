import type { Costs, MakingCosts } from './costs.js'

/** What deltas and encodings cost to make and to apply, where costs do not say. */
export const recordedMaking: MakingCosts = {
  delta: { ms: 0.1478, msPerKB: 0.0013 },
  applied: { ms: 0.0089, msPerKB: 0.0006 },
  encoding: { ms: 0.0863, msPerKB: 0.0226 },
}

/**
 * What a server of noticeboard costs: medians of three runs on a quiet machine, which agree within a
 * third where it is not about deltas and encodings. Measure your own with `measureCosts()`.
 */
export const recordedCosts: Costs = {
  v: 1,
  measured: {
    on: '2026-11-28',
    machine: '2 x AMD EPYC, Linux 6.18, Node 20.20.2',
    command: 'noticeboard compare --calibrate',
  },
  kinds: {
    unchanged: { serverMs: 0.299, bytes: 435 },
    release: { serverMs: 0.233, bytes: 827 },
    log: { serverMs: 1.37, bytes: 525 },
    snapshot: { serverMs: 0.159, serverMsPerKB: 0.0026, bytes: 555 },
    report: { serverMs: 0.688, bytes: 873 },
    connect: { serverMs: 0.295, bytes: 977 },
    mark: { serverMs: 0.027, bytes: 292 },
    notice: { serverMs: 0.0192, bytes: 481 },
    delivery: { serverMs: 0.0192, serverMsPerKB: 0.0002, bytes: 553 },
  },
  making: recordedMaking,
  sharing: {
    connectionMs: 0.104,
    reportMs: 0.0676,
    takenMs: 0.137,
    changeMs: 8.52,
    lookMsPerSecond: 0.618,
  },
  changeMs: 31.5,
  streamMsPerSecond: 0,
  memory: { base: 65_400_000, perStream: 35_500, perClient: 2_000 },
}
