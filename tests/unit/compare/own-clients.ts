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
}
