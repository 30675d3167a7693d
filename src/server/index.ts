export type { ProxyIdentity } from './access/caller.js'
export { createHandler, type CloseOptions, type Handler } from './handler.js'
export type { HandlerOptions } from './options.js'
export { serve, type ServedController, type ServeOptions, type Server } from './serve.js'
