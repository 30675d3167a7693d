import type { Costs, MakingCosts } from './costs.js'

/** What deltas and encodings cost to make and to apply, where costs do not say. */
export const recordedMaking: MakingCosts = {
  delta: { ms: 0.144, msPerKB: 0.002 },
  applied: { ms: 0.0101, msPerKB: 0.0007 },
  encoding: { ms: 0.0545, msPerKB: 0.0214 },
}

/**
 * What a server of noticeboard costs: medians of three runs on a quiet machine, which agree within
 * a half where it is not about marks, deltas, encodings and workers. Measure your own with
 * `measureCosts()`.
 */
export const recordedCosts: Costs = {
  v: 1,
  measured: {
    on: '2026-11-30',
    machine: '2 x AMD EPYC, Linux 6.18, Node 20.20.2',
    command: 'noticeboard compare --calibrate',
  },
  kinds: {
    unchanged: { serverMs: 0.131, bytes: 435 },
    release: { serverMs: 0.121, bytes: 827 },
    log: { serverMs: 0.36, bytes: 525 },
    snapshot: { serverMs: 0.116, serverMsPerKB: 0.0027, bytes: 555 },
    report: { serverMs: 0.424, bytes: 873 },
    connect: { serverMs: 0.229, bytes: 977 },
    mark: { serverMs: 0.007, bytes: 292 },
    notice: { serverMs: 0.0074, bytes: 481 },
    delivery: { serverMs: 0.0074, serverMsPerKB: 0.0003, bytes: 553 },
  },
  making: recordedMaking,
  sharing: {
    connectionMs: 0.0989,
    reportMs: 0.0762,
    takenMs: 0.123,
    changeMs: 4.51,
    lookMsPerSecond: 1.26,
  },
  idleMsPerSecond: 2.19,
  wakeMs: 0.195,
  changeMs: 24.1,
  streamMsPerSecond: 0,
  memory: { base: 66_000_000, perStream: 17_100, perClient: 2_000 },
}
