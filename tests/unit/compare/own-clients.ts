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
      unchanged: 0,
      release: 137329.934,
      log: 137329.934,
      snapshot: 20000,
      report: 189981.9348,
      connect: 30764.285714285717,
      mark: 5371261.819047619,
      notice: 20000,
      delivery: 0,
    },
    share: 0.00349729354922112,
    bytes: 2051820222.4388762,
    integral: 68.24244332293704,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1289039.396666667,
      release: 163461.9348,
      log: 135141.9348,
      snapshot: 20000,
      report: 181525.93373333334,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
    },
    share: 0.0046519784953271606,
    bytes: 1017516813.5488,
    integral: 8062.115686359321,
    missed: 0,
  },
}
