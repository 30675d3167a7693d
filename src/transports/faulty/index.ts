export { faulty, type FaultyOptions } from './faulty.js'
export type { Fault, FaultPlan, FaultyCall } from './plan.js'
