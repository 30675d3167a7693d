import type { Logger } from '../contracts/system.js'

/** A logger that says nothing, for whoever was given none. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
