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
      release: 137078.49916977706,
      log: 137078.49916977706,
      snapshot: 20000,
      delta: 0,
      report: 189982.3006257742,
      connect: 30764.285714285717,
      mark: 5380758.687821321,
      notice: 20000,
      delivery: 0,
      deltaDelivery: 0,
    },
    share: 0.010353896431315662,
    bytes: 2055084673.3105223,
    integral: 73.45086897178048,
    missed: 0,
  },
  push: {
    perDay: {
      unchanged: 50,
      release: 137087.28465996063,
      log: 137087.28465996063,
      snapshot: 0,
      delta: 0,
      report: 190522.10499745025,
      connect: 30764.285714285717,
      mark: 5381087.699093377,
      notice: 0,
      delivery: 20000,
      deltaDelivery: 0,
    },
    share: 0.010320896310253536,
    bytes: 2046003871.8011642,
    integral: 27.066255202913954,
    missed: 0,
  },
  'pull 30 s': {
    perDay: {
      unchanged: 1288424.73755958,
      release: 163880.6379373778,
      log: 135560.6379373778,
      snapshot: 20000,
      delta: 0,
      report: 193059.13719056823,
      connect: 0,
      mark: 0,
      notice: 0,
      delivery: 0,
      deltaDelivery: 0,
    },
    share: 0.02102957937630317,
    bytes: 1028724010.097118,
    integral: 8063.071080413204,
    missed: 0,
  },
  'adaptive 5 s-5 min': {
    perDay: {
      unchanged: 1323699.8938666666,
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
    share: 0.017681241244187386,
    bytes: 862791876.6796,
    integral: 54388.77978486524,
    missed: 0,
  },
}
