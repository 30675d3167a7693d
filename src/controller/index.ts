export type { Controller, ControllerFinding } from './controller.js'
export { createController } from './controller.js'
export type { ControllerOptions } from './options.js'
