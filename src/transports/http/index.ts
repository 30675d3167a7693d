export { http, type HttpTransport } from './http.js'
export { httpStore, type HttpStore } from './http-store.js'
export type { HttpOptions, Provided } from './options.js'
