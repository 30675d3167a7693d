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
      release: 137329.934,
      log: 137329.934,
      snapshot: 20000,
      report: 189981.9348,
      connect: 30764.285714285717,
      mark: 5371261.819047619,
      notice: 20000,
      delivery: 0,
    },
    share: 0.005902765402134259,
    bytes: 2052651208.1531618,
    integral: 71.18745292319761,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1288719.396666667,
      release: 163501.9348,
      log: 135181.9348,
      snapshot: 20000,
      report: 181525.93373333334,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
    },
    share: 0.008543577957132715,
    bytes: 1018271693.5488,
    integral: 8064.266739290138,
    missed: 0,
  },
}
