export { http, type HttpTransport } from './http.js'
export type { HttpOptions, Provided } from './options.js'
