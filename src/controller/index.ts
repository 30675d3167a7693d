export type { Controller } from './controller.js'
export type { ControllerFinding } from './finding.js'
export { createController } from './controller.js'
export type { ControllerOptions } from './options.js'
