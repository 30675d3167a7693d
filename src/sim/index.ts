export { FAULTS, type Fault, type LinkFault } from './faults.js'
export type { ChaosOptions, ChaosStep } from './chaos.js'
export type { OpenStream } from './carry-body.js'
export { seededDice, type Dice } from './dice.js'
export { simDisk, type DiskFaults, type DiskImage, type SimDisk, type SimFile } from './disk.js'
export { soundLink, type Link, type LinkProxy, type LinkReplica } from './link.js'
export type { Boot, Machine, WebServer } from './machine.js'
export { simFetch, type NetworkContext, type SimServer } from './network.js'
export { startProcess, type ProcessWorld, type SimOwner, type SimProcess, type SimSystem } from './process.js'
export { seededRandom } from './seeded-random.js'
export { shrink, type ShrinkOptions } from './shrink.js'
export {
  replay,
  simulate,
  type Failure,
  type History,
  type ReplayOptions,
  type SimulateOptions,
  type Simulation,
  type SimulationResult,
} from './simulate.js'
export type { Trace, Traffic } from './trace.js'
export { virtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.js'
export { createWorld, type Violation, type World, type WorldOptions } from './world.js'
