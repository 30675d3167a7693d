// The rows of parts whose figures have them already: which of their sides is told beside which
// floor, and what is to be reached.

import { titleBefore } from './before/build.js'
import { beforeOf, controlsAmong } from './rows.js'

/** @import { Control, Measured, Side } from './rows.js' */

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
  fanout({ rows, connections, documentBytes, before }) {
    const what = `one change of ${documentBytes.toLocaleString('en')} bytes to ${connections.toLocaleString('en')} event streams`
    const [ours, floor, ...peers] = ['noticeboard', 'net', 'shared'].map(name => find(rows, 'name', name))
    const stringifyEach = find(rows, 'name', 'stringify')
    const control = (/** @type {string} */ figure, /** @type {number} */ least, than = 'ours') =>
      controlsAmong(connections, [controlOf(stringifyEach, figure, least, than)], { bytes: documentBytes })
    return [
      {
        name: `${what}: processor time of the server`,
        unit: 'ms/1,000',
        ours: sideOf(ours, 'cpuMsPerThousand'),
        floor: sideOf(floor, 'cpuMsPerThousand'),
        peers: peers.map(peer => sideOf(peer, 'cpuMsPerThousand')),
        ...beforeIn(rows, before, 'cpuMsPerThousand'),
        ...control('cpuMsPerThousand', 2),
        target: { most: 1.15, of: 'floor' },
      },
      {
        name: `${what}: until the last has it`,
        unit: 'ms',
        ours: sideOf(ours, 'lastMs'),
        floor: sideOf(floor, 'lastMs'),
        peers: peers.map(peer => sideOf(peer, 'lastMs')),
        ...beforeIn(rows, before, 'lastMs'),
        ...control('lastMs', 1.3),
        target: { most: 1.1, of: 'floor' },
      },
      {
        name: `${what}: the longest turn of the event loop, in processor time`,
        unit: 'ms',
        ours: sideOf(ours, 'turnMs'),
        peers: [floor, ...peers].map(peer => sideOf(peer, 'turnMs')),
        ...beforeIn(rows, before, 'turnMs'),
        // All of them in one turn, as the bare servers do, but dear enough to be seen with few.
        ...control('turnMs', 10, 'unit'),
        target: { most: 10 },
      },
    ]
  },
  connects({ rows, connections, documentBytes, before }) {
    const careless = find(rows, 'name', 'careless')
    const control = (/** @type {string} */ figure, /** @type {number} */ least, than = 'ours') =>
      controlsAmong(connections, [controlOf(careless, figure, least, than)], { bytes: documentBytes })
    const target = (
      /** @type {string} */ name,
      /** @type {string} */ what,
      /** @type {{ most: number, peers: readonly string[] }} */ { most, peers },
    ) => ({
      name: `${connections.toLocaleString('en')} event streams that open at once${what}: processor time of the server`,
      unit: 'us',
      ours: sideOf(find(rows, 'name', name), 'connectUs'),
      floor: sideOf(find(rows, 'name', 'shared'), 'connectUs'),
      peers: peers.map(peer => sideOf(find(rows, 'name', peer), 'connectUs')),
      ...beforeIn(rows, before, 'connectUs', name.replace('noticeboard', titleBefore)),
      ...control('connectUs', 1.2),
      target: /** @type {const} */ ({ most, of: 'floor' }),
    })
    const [ours, bare, net] = ['noticeboard', 'shared', 'net'].map(name => find(rows, 'name', name))
    return [
      target('noticeboard', '', { most: 1.25, peers: ['net'] }),
      target('noticeboard-resumed', ', resumed', { most: 0.9, peers: ['resumed', 'net'] }),
      {
        name: `${connections.toLocaleString('en')} event streams that open at once: those that are never greeted`,
        unit: 'streams',
        ours: sideOf(ours, 'stranded'),
        peers: [bare, net].map(peer => sideOf(peer, 'stranded')),
        ...beforeIn(rows, before, 'stranded'),
        ...control('stranded', 1, 'unit'),
        target: { most: 0 },
      },
      {
        name: 'an idle event stream: resident at the server',
        unit: 'KB',
        ours: sideOf(ours, 'residentKB'),
        floor: sideOf(bare, 'residentKB'),
        peers: [sideOf(net, 'residentKB')],
        ...beforeIn(rows, before, 'residentKB'),
        ...control('residentKB', 1.3),
        target: { most: 11.3 },
      },
    ]
  },
  stalled({ rows, stalled, publishes, leastSeenMB, before }) {
    const [ours, bare, reading] = ['noticeboard', 'net', 'reading'].map(name => find(rows, 'name', name))
    const copies = find(rows, 'name', 'copies')
    // With few changes the system holds nearly all of them itself: some twenty of 200 KB.
    const control = (/** @type {number} */ from, /** @type {Control} */ one) =>
      publishes < from
        ? { note: `too few changes for its negative control, which takes ${from}` }
        : { controls: [one] }
    return [
      {
        name: `${publishes} changes while ${stalled} readers do not read: what the server grows by`,
        unit: 'MB',
        ours: sideOf(ours, 'grownMB'),
        peers: [sideOf(reading, 'grownMB'), sideOf(bare, 'grownMB')],
        ...beforeIn(rows, before, 'grownMB'),
        ...control(60, controlOf(copies, 'grownMB', leastSeenMB, 'unit')),
        target: { most: 20 },
      },
      // Where the system does not tell what it holds, this cannot be said.
      ...(ours.beyond === undefined
        ? []
        : [
            {
              name: `readers that catch up after ${publishes} changes: frames beyond what the system held`,
              unit: 'frames',
              ours: sideOf(ours, 'beyond'),
              ...beforeIn(rows, before, 'beyond'),
              ...control(30, controlOf(bare, 'beyond', 2, 'unit')),
              target: { most: 1 },
            },
          ]),
    ]
  },
  read({ rows, before }) {
    const plain = sideOf(find(rows, 'title', 'object.pool.size, a plain property'), 'nanoseconds')
    const environment = find(rows, 'title', 'Number(process.env.POOL_SIZE)')
    const target = (/** @type {string} */ title, /** @type {number} */ most) => ({
      name: `a read of ${title}`,
      unit: 'ns',
      ours: sideOf(find(rows, 'title', title), 'nanoseconds'),
      floor: plain,
      ...beforeOf(
        before,
        () => sideOf(find(rows, 'title', `${titleBefore}: ${title}`), 'nanoseconds').rounds,
      ),
      controls: [controlOf(environment, 'nanoseconds', 5)],
      target: /** @type {const} */ ({ most, of: 'floor' }),
    })
    return [target('config.current.pool.size', 1.2), target('config.select(c => c.pool).current.size', 3)]
  },
  poll({ rows, before }) {
    const sides = rows.filter((/** @type {any} */ { status }) => status === 304)
    return [
      {
        name: 'a conditional GET that ends in 304: processor time of the server',
        unit: 'us',
        ours: sideOf(find(sides, 'title', 'noticeboard'), 'cpuMicroseconds'),
        floor: sideOf(find(sides, 'title', 'node:http, answers ready'), 'cpuMicroseconds'),
        ...beforeOf(before, () => sideOf(find(sides, 'title', titleBefore), 'cpuMicroseconds').rounds),
        controls: [controlOf(find(sides, 'title', 'node:http, digests each time'), 'cpuMicroseconds', 2)],
        target: { most: 1.05, of: 'floor' },
      },
    ]
  },
  registry({ rows }) {
    const { clients, heldBytes, keptBytes } = rows.at(-1)
    return [
      {
        name: `a client that reports, of ${clients.toLocaleString('en')}: the heap of the server`,
        unit: 'bytes',
        ours: { title: 'noticeboard', rounds: heldBytes.rounds },
        controls: [
          {
            title: 'each report kept besides',
            rounds: keptBytes.rounds,
            least: 1.3,
            than: /** @type {const} */ ('ours'),
          },
        ],
        target: { most: 1_024 },
      },
    ]
  },
  client({ rows, documentBytes, heapBytes, bundledBytes, leanBytes, withSchemaBytes, before }) {
    const beside = (
      /** @type {string} */ title,
      /** @type {'change' | 'poll'} */ what,
      /** @type {Omit<Measured, 'unit' | 'ours' | 'floor'>} */ row,
      // With a smaller document the negative control is lost in all that costs the same with any.
      leastBytes = 0,
    ) => {
      const { client, bare, promised, tenfold, ofBefore } = find(rows, 'title', title)
      return {
        ...row,
        name: `${row.name}: processor time of the client`,
        unit: 'us',
        ours: { title: 'noticeboard', rounds: client.rounds },
        floor: { title: 'bare', rounds: bare.rounds },
        peers: [{ title: promised.title, rounds: promised.rounds }],
        ...beforeOf(before?.[what], () => ofBefore.rounds),
        ...(documentBytes >= leastBytes
          ? {
              controls: [
                {
                  title: tenfold.title,
                  rounds: tenfold.rounds,
                  least: 1.5,
                  than: /** @type {const} */ ('ours'),
                },
              ],
            }
          : { note: 'too small for its negative control, which takes a document of 10 KB' }),
      }
    }
    const heap = (/** @type {string} */ kind, /** @type {string} */ what) => ({
      name: `the heap of a client ${what}, beside a 7-byte document`,
      unit: 'bytes',
      ours: { title: kind, rounds: heapBytes[kind].rounds },
      ...(kind === 'hybrid' && {
        peers: [{ title: 'its stream alone, held open by a bare fetch', rounds: heapBytes['stream'].rounds }],
      }),
      ...beforeOf(before?.heap, () => heapBytes[`${kind}-${titleBefore}`].rounds),
      controls: [
        {
          title: 'a copy of 25,000 bytes more',
          rounds: heapBytes[`${kind}-careless`].rounds,
          least: 1.3,
          than: /** @type {const} */ ('ours'),
        },
      ],
      target: { most: 25_000 },
    })
    const [digested, deadline] = [
      'the same, frozen, and written once more',
      'the same, with a deadline and past caches',
    ]
    return [
      beside(
        'a change, us, beside a bare hash and parse',
        'change',
        {
          name: 'a change beside a bare hash and parse',
          ...promising(digested, {
            most: 2.5,
            who: 'a client that freezes what it hands out, and sees that the text is the one that its digest names,',
          }),
        },
        10_000,
      ),
      beside('a poll, us, beside a bare fetch', 'poll', {
        name: 'a poll that ends in 304 beside a bare fetch',
        ...promising(deadline, {
          most: 1.2,
          who: 'a poll that ends when nobody answers, and asks no cache,',
        }),
      }),
      heap('pull', 'that pulls'),
      heap('hybrid', 'with a stream beside it'),
      {
        name: 'a page that pulls over fetch, bundled and compressed, without a schema library',
        unit: 'bytes',
        ours: { title: 'noticeboard', rounds: bundledBytes.rounds },
        floor: { title: 'what makes a release safe to apply', rounds: leanBytes.rounds },
        ...beforeOf(before?.page, () => bundledBytes.ofBefore.rounds),
        controls: [{ title: 'with zod', rounds: withSchemaBytes.rounds, least: 1.2, than: 'ours' }],
        target: { most: 1.15, of: 'floor' },
        wanted: {
          target: { most: 16_384 },
          by: 'floor',
          because:
            'formats, digests, requests and the way of a release to a commit, without streams, reports, state on disk, health, deltas and the words of a schema, miss that by themselves in this run',
        },
      },
    ]
  },
}

/**
 * A target beside the bare thing, which is changed where what keeps the client's promises misses it.
 * @param {string} by that side, by its title
 * @param {{ most: number, who: string }} wanted `who` has to do what that side does
 */
function promising(by, { most, who }) {
  /** @type {Pick<Measured, 'target' | 'wanted'>} */
  const changed = {
    target: { most: 1.15, of: by },
    wanted: {
      target: { most, of: 'floor' },
      by,
      because: `${who} does "${by}", which misses that by itself in this run`,
    },
  }
  return changed
}

/** @param {readonly any[]} rows @param {string} by @param {string} name */
function find(rows, by, name) {
  const row = rows.find(each => each[by] === name)
  if (row === undefined) throw new Error(`"${name}" did not run`)
  return row
}

/** @param {any} row @param {string} figure @returns {Side} */
function sideOf(row, figure) {
  const measured = row[figure]
  if (measured === undefined) throw new Error(`"${figure}" of "${row.title}" was not measured`)
  return { title: row.title, rounds: measured.rounds }
}

/**
 * The same of the build before, where that was asked for.
 * @param {readonly any[]} rows @param {{ problem?: string } | undefined} before
 * @param {string} figure @param {string} [name] of its row
 */
function beforeIn(rows, before, figure, name = titleBefore) {
  return beforeOf(before, () => sideOf(find(rows, 'name', name), figure).rounds)
}

/**
 * The same of what is done badly on purpose.
 * @param {any} row @param {string} figure @param {number} least
 * @param {string} [than] `unit` where `least` is so many of the unit
 * @returns {Control}
 */
function controlOf(row, figure, least, than = 'ours') {
  return { ...sideOf(row, figure), least, ...(than === 'ours' && { than }) }
}
