import type { Costs, MakingCosts } from './costs.js'

/** What deltas and encodings cost to make and to apply, where costs do not say. */
export const recordedMaking: MakingCosts = {
  delta: { ms: 0.156, msPerKB: 0.0022 },
  applied: { ms: 0.0069, msPerKB: 0.0007 },
  encoding: { ms: 0.207, msPerKB: 0.0213 },
}

/**
 * What a server of noticeboard costs: medians of three runs on a quiet machine, which agree within a
 * third where it is not about deltas, encodings and workers. Measure your own with `measureCosts()`.
 */
export const recordedCosts: Costs = {
  v: 1,
  measured: {
    on: '2026-11-28',
    machine: '2 x AMD EPYC, Linux 6.18, Node 20.20.2',
    command: 'noticeboard compare --calibrate',
  },
  kinds: {
    unchanged: { serverMs: 0.188, bytes: 435 },
    release: { serverMs: 0.177, bytes: 827 },
    log: { serverMs: 1.08, bytes: 525 },
    snapshot: { serverMs: 0.165, serverMsPerKB: 0.003, bytes: 555 },
    report: { serverMs: 0.624, bytes: 873 },
    connect: { serverMs: 0.355, bytes: 977 },
    mark: { serverMs: 0.0116, bytes: 292 },
    notice: { serverMs: 0.0184, bytes: 481 },
    delivery: { serverMs: 0.0184, serverMsPerKB: 0.0003, bytes: 553 },
  },
  making: recordedMaking,
  sharing: {
    connectionMs: 0.109,
    reportMs: 0.0702,
    takenMs: 0.215,
    changeMs: 5.64,
    lookMsPerSecond: 1.76,
  },
  idleMsPerSecond: 2.82,
  wakeMs: 0.609,
  changeMs: 34.4,
  streamMsPerSecond: 0,
  memory: { base: 65_600_000, perStream: 21_100, perClient: 2_000 },
}
