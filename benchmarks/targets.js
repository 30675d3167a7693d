// The rows of parts whose figures have them already: which of their sides is told beside which
// floor, and what is to be reached.

/** @import { Measured, Side } from './rows.js' */

/**
 * The rows that a part's figures hold.
 * @param {string} part
 * @param {any} figures what the part measured, as it stands in the file
 * @returns {readonly Measured[]}
 */
export function rowsOf(part, figures) {
  return ROWS[part]?.(figures) ?? []
}

/** @type {Readonly<Record<string, (figures: any) => readonly Measured[]>>} */
const ROWS = {
  fanout({ rows, connections, documentBytes }) {
    const what = `one change of ${documentBytes.toLocaleString('en')} bytes to ${connections.toLocaleString('en')} event streams`
    const [ours, floor, ...peers] = ['noticeboard', 'net', 'shared'].map(name => find(rows, 'name', name))
    return [
      {
        name: `${what}: processor time of the server`,
        unit: 'ms/1,000',
        ours: sideOf(ours, 'cpuMsPerThousand'),
        floor: sideOf(floor, 'cpuMsPerThousand'),
        peers: peers.map(peer => sideOf(peer, 'cpuMsPerThousand')),
        target: { most: 1.15, of: 'floor' },
      },
      {
        name: `${what}: until the last has it`,
        unit: 'ms',
        ours: sideOf(ours, 'lastMs'),
        floor: sideOf(floor, 'lastMs'),
        peers: peers.map(peer => sideOf(peer, 'lastMs')),
        target: { most: 1.1, of: 'floor' },
      },
      {
        name: `${what}: the longest turn of the event loop, in processor time`,
        unit: 'ms',
        ours: sideOf(ours, 'turnMs'),
        peers: [floor, ...peers].map(peer => sideOf(peer, 'turnMs')),
        target: { most: 10 },
      },
    ]
  },
  connects({ rows, connections }) {
    const target = (/** @type {string} */ name, /** @type {string} */ what, /** @type {number} */ most) => ({
      name: `${connections.toLocaleString('en')} event streams that open at once${what}: processor time of the server`,
      unit: 'us',
      ours: sideOf(find(rows, 'name', name), 'connectUs'),
      floor: sideOf(find(rows, 'name', 'shared'), 'connectUs'),
      peers: [sideOf(find(rows, 'name', 'net'), 'connectUs')],
      target: /** @type {const} */ ({ most, of: 'floor' }),
    })
    const [ours, bare, net] = ['noticeboard', 'shared', 'net'].map(name => find(rows, 'name', name))
    return [
      target('noticeboard', '', 1.25),
      target('noticeboard-resumed', ', resumed', 0.9),
      {
        name: `${connections.toLocaleString('en')} event streams that open at once: those that are never greeted`,
        unit: 'streams',
        ours: sideOf(ours, 'stranded'),
        peers: [bare, net].map(peer => sideOf(peer, 'stranded')),
        target: { most: 0 },
      },
      {
        name: 'an idle event stream: resident at the server',
        unit: 'KB',
        ours: sideOf(ours, 'residentKB'),
        floor: sideOf(bare, 'residentKB'),
        peers: [sideOf(net, 'residentKB')],
        target: { most: 11.3 },
      },
    ]
  },
  stalled({ rows, stalled, publishes }) {
    const [ours, bare] = ['noticeboard', 'net'].map(name => find(rows, 'name', name))
    return [
      {
        name: `${publishes} changes while ${stalled} readers do not read: what the server grows by`,
        unit: 'MB',
        ours: sideOf(ours, 'grownMB'),
        peers: [sideOf(bare, 'grownMB')],
        target: { most: 20 },
      },
    ]
  },
  read({ rows }) {
    const plain = sideOf(find(rows, 'title', 'object.pool.size, a plain property'), 'nanoseconds')
    const target = (/** @type {string} */ title, /** @type {number} */ most) => ({
      name: `a read of ${title}`,
      unit: 'ns',
      ours: sideOf(find(rows, 'title', title), 'nanoseconds'),
      floor: plain,
      target: /** @type {const} */ ({ most, of: 'floor' }),
    })
    return [target('config.current.pool.size', 1.2), target('config.select(c => c.pool).current.size', 3)]
  },
  poll({ rows }) {
    const sides = rows.filter((/** @type {any} */ { status }) => status === 304)
    return [
      {
        name: 'a conditional GET that ends in 304: processor time of the server',
        unit: 'us',
        ours: sideOf(find(sides, 'title', 'noticeboard'), 'cpuMicroseconds'),
        floor: sideOf(find(sides, 'title', 'node:http, answers ready'), 'cpuMicroseconds'),
        target: { most: 1.05, of: 'floor' },
      },
    ]
  },
  client({ rows, heapBytes, bundledBytes }) {
    const beside = (/** @type {string} */ title, /** @type {string} */ name, /** @type {number} */ most) => {
      const { client, bare, promised } = find(rows, 'title', title)
      return {
        name: `${name}: processor time of the client`,
        unit: 'us',
        ours: { title: 'noticeboard', rounds: client.rounds },
        floor: { title: 'bare', rounds: bare.rounds },
        peers: [{ title: promised.title, rounds: promised.rounds }],
        target: /** @type {const} */ ({ most, of: 'floor' }),
      }
    }
    return [
      beside('a change, us, beside a bare hash and parse', 'a change beside a bare hash and parse', 2.5),
      beside('a poll, us, beside a bare fetch', 'a poll that ends in 304 beside a bare fetch', 1.2),
      {
        name: 'the heap of a client that pulls, beside a 7-byte document',
        unit: 'bytes',
        ours: { title: 'pull', rounds: heapBytes.pull.rounds },
        peers: [{ title: 'hybrid', rounds: heapBytes.hybrid.rounds }],
        target: { most: 25_000 },
      },
      {
        name: 'a page that pulls over fetch, bundled and compressed, without a schema library',
        unit: 'bytes',
        ours: { title: 'noticeboard', rounds: bundledBytes.rounds },
        target: { most: 16_384 },
      },
    ]
  },
}

/** @param {readonly any[]} rows @param {string} by @param {string} name */
function find(rows, by, name) {
  const row = rows.find(each => each[by] === name)
  if (row === undefined) throw new Error(`"${name}" did not run`)
  return row
}

/** @param {any} row @param {string} figure @returns {Side} */
function sideOf(row, figure) {
  return { title: row.title, rounds: row[figure].rounds }
}
