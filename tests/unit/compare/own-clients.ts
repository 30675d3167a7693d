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
      release: 137316.85039065778,
      log: 137316.85039065778,
      snapshot: 20000,
      report: 189982.29221354093,
      connect: 30764.285714285717,
      mark: 5380772.835668162,
      notice: 20000,
      delivery: 0,
    },
    share: 0.005905497697545083,
    bytes: 2055411047.9885511,
    integral: 71.18745292319761,
    missed: 0,
  },
  push: {
    perDay: {
      unchanged: 50,
      release: 137087.47567329396,
      log: 137087.47567329396,
      snapshot: 0,
      report: 190502.10074411693,
      connect: 30764.285714285717,
      mark: 5381094.852426711,
      notice: 0,
      delivery: 20000,
    },
    share: 0.0058664007883967376,
    bytes: 2045988755.1113641,
    integral: 25.616255202902313,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1288422.8507180815,
      release: 163880.43403340149,
      log: 135560.43403340149,
      snapshot: 20000,
      report: 193059.13844151289,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
    },
    share: 0.00864141258527789,
    bytes: 1028722914.7349651,
    integral: 8064.266739290138,
    missed: 0,
  },
  'pull 5 s-5 min': {
    perDay: {
      unchanged: 1361647.9142666666,
      release: 30000,
      log: 0,
      snapshot: 20000,
      report: 194035.9352,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
    },
    share: 0.006392042150270062,
    bytes: 879540214.1356,
    integral: 63937.21062126504,
    missed: 0,
  },
}
