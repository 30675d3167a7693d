/**
 * The servers that broadcast. The first makes the frame that the others send, too.
 * @typedef {{ name: string, title: string, module: string, mode?: string }} Server
 */

/** @type {readonly Server[]} */
export const servers = [
  { name: 'noticeboard', title: 'noticeboard', module: 'noticeboard-process.js' },
  { name: 'net', title: 'node:net, one Buffer', module: 'net-process.js' },
  { name: 'shared', title: 'node:http, one Buffer', module: 'sse-process.js', mode: 'shared' },
]

/** What it costs not to share. @type {Server} */
export const stringEach = {
  name: 'string',
  title: 'node:http, string each',
  module: 'sse-process.js',
  mode: 'string',
}

/**
 * A greeting that is made and kept for each stream, but for one in fifty: the negative control of
 * connects.
 * @type {Server}
 */
export const careless = {
  name: 'careless',
  title: 'node:http, careless',
  module: 'sse-process.js',
  mode: 'careless',
}

/** What it costs to share nothing: the negative control of a broadcast. @type {Server} */
export const stringifyEach = {
  name: 'stringify',
  title: 'node:http, stringify each',
  module: 'sse-process.js',
  mode: 'stringify',
}
