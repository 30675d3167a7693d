import type { Counts } from '../../../src/compare/costs/costs.js'

/** What a row says of simulated clients. */
export interface OwnClients {
  readonly perDay: Counts
  readonly share: number
  readonly bytes: number
  readonly integral: number
  readonly missed: number
}

/** What 500 of the library's own clients come to with the workload of `light.test.ts`; at its whole size it runs them and compares. */
export const OWN_CLIENTS: Readonly<Record<string, OwnClients>> = {
  hybrid: {
    perDay: {
      unchanged: 0,
      release: 141869.934,
      log: 137369.934,
      snapshot: 20000,
      report: 189703.93493333334,
      connect: 30764.285714285717,
      mark: 5340497.533333333,
      notice: 20000,
      delivery: 0,
    },
    share: 0.0034970693168813933,
    bytes: 2046369937.1267047,
    integral: 68.2836718154075,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1288999.396666667,
      release: 163461.9348,
      log: 135141.9348,
      snapshot: 20000,
      report: 181525.93373333334,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
    },
    share: 0.004651898402734568,
    bytes: 1017499413.5488,
    integral: 8062.115686359321,
    missed: 0,
  },
}
