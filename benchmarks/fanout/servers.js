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

/** What it costs not to share: the negative controls. @type {readonly Server[]} */
export const naiveServers = [
  { name: 'string', title: 'node:http, string each', module: 'sse-process.js', mode: 'string' },
  { name: 'stringify', title: 'node:http, stringify each', module: 'sse-process.js', mode: 'stringify' },
]
