import type { Costs, MakingCosts } from './costs.js'

/**
 * What deltas and encodings cost to make and to apply, where costs do not say: medians of three runs
 * of what `--calibrate` does, on 2026-11-27, on the machine of the other costs.
 */
export const recordedMaking: MakingCosts = {
  delta: { ms: 0.1437, msPerKB: 0.0023 },
  applied: { ms: 0.0129, msPerKB: 0.0088 },
  encoding: { ms: 0.7959, msPerKB: 0.0323 },
}

/**
 * What a server of noticeboard costs: medians of three runs on a busy machine, which agree within a
 * third. Measure your own with `measureCosts()`.
 */
export const recordedCosts: Costs = {
  v: 1,
  measured: {
    on: '2026-11-26',
    machine: '2 x Intel Xeon (KVM), Linux 6.18, Node 20.20.2',
    command: 'noticeboard compare --calibrate',
  },
  kinds: {
    unchanged: { serverMs: 0.173, bytes: 435 },
    release: { serverMs: 0.153, bytes: 827 },
    log: { serverMs: 0.701, bytes: 525 },
    snapshot: { serverMs: 0.17, serverMsPerKB: 0.0019, bytes: 513 },
    report: { serverMs: 0.301, bytes: 873 },
    connect: { serverMs: 0.258, bytes: 978 },
    mark: { serverMs: 0.0214, bytes: 292 },
    notice: { serverMs: 0.0138, bytes: 481 },
    delivery: { serverMs: 0.0138, serverMsPerKB: 0.0003, bytes: 553 },
  },
  making: recordedMaking,
  changeMs: 24.7,
  streamMsPerSecond: 0,
  memory: { base: 64_400_000, perStream: 22_600, perClient: 2_000 },
}
