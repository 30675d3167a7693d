import type { Counts } from '../../../src/compare/costs/costs.js'

/** What a row says of simulated clients. */
export interface OwnClients {
  readonly perDay: Counts
  readonly share: number
  readonly bytes: number
  readonly integral: number
  readonly missed: number
}

/**
 * What 500 of the library's own clients come to with the workload of `light.test.ts`; at its whole
 * size it runs them and compares.
 */
export const OWN_CLIENTS: Readonly<Record<string, OwnClients>> = {
  hybrid: {
    perDay: {
      unchanged: 50,
      release: 137080.79187060517,
      log: 137080.79187060517,
      snapshot: 20000,
      delta: 0,
      report: 189982.24957373145,
      connect: 30764.285714285717,
      mark: 5380844.548075005,
      notice: 20000,
      delivery: 0,
      deltaDelivery: 0,
    },
    share: 0.00547128285983038,
    bytes: 2055112799.6676846,
    integral: 61.289251252643595,
    missed: 0,
  },
  push: {
    perDay: {
      unchanged: 50,
      release: 137087.96308662728,
      log: 137087.96308662728,
      snapshot: 0,
      delta: 0,
      report: 190622.0898907836,
      connect: 30764.285714285717,
      mark: 5381113.105760044,
      notice: 0,
      delivery: 20000,
      deltaDelivery: 0,
    },
    share: 0.005446697607830949,
    bytes: 2046099494.5925643,
    integral: 21.91625520289067,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1288426.483743859,
      release: 163880.82664104906,
      log: 135560.82664104906,
      snapshot: 20000,
      delta: 0,
      report: 193059.136032877,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
      deltaDelivery: 0,
    },
    share: 0.009472900336822002,
    bytes: 1028725023.8039786,
    integral: 8062.019814974874,
    missed: 0,
  },
  'adaptive 5 s-5 min': {
    perDay: {
      unchanged: 1323799.8938666666,
      release: 30000,
      log: 0,
      snapshot: 20000,
      delta: 0,
      report: 193759.93453333335,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
      deltaDelivery: 0,
    },
    share: 0.008369803683360676,
    bytes: 862835376.6796,
    integral: 54353.90587873273,
    missed: 0,
  },
}
