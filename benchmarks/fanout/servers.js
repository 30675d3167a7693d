import { besideBefore, titleBefore } from '../before/build.js'

/**
 * The servers that broadcast. The first makes the frame that the others send, too.
 * @import { Build } from '../before/build.js'
 * @typedef {object} Server
 * @property {string} name
 * @property {string} title
 * @property {string} module
 * @property {string} [mode]
 * @property {Build} [build] over which it runs, where that is not this one
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
 * Streams that are told of a release alone, head and frame in one write: what noticeboard does for
 * who has the document, and no more.
 * @type {Server}
 */
export const bareResumed = {
  name: 'resumed',
  title: 'node:http, resumed',
  module: 'sse-process.js',
  mode: 'resumed',
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

/**
 * With noticeboard of the build before, where that is asked for, right after this one.
 * @param {readonly Server[]} among @param {Build | undefined} build @returns {readonly Server[]}
 */
export function withBefore(among, build) {
  return besideBefore(among, build, ({ name }) =>
    name === 'noticeboard' ? { name: titleBefore, title: titleBefore } : undefined,
  )
}
