export { faulty, type FaultyOptions } from './faulty.js'
export type { Fault, FaultPlan, FaultScope, FaultyCall } from './plan.js'
