import type { GuardBug } from './guard-bugs.js'

/**
 * What guards deltas, encodings and servers of several processes, taken out: each is noticed by the
 * test that it names.
 */
export const FORM_GUARDS: readonly GuardBug[] = [
  {
    name: 'a-delta-of-any-base-is-decompressed',
    file: 'src/deltas/frame.ts',
    replace: [
      [
        'subarray(DCZ_MAGIC.length, HEADER_BYTES)) !== base)',
        "subarray(DCZ_MAGIC.length, HEADER_BYTES)) === '' + base.length)",
      ],
    ],
    noticedBy: {
      file: 'tests/unit/deltas/delta-codec.test.ts',
      title: 'a delta from another base is refused by its name, before anything is decompressed',
    },
  },
  {
    name: 'a-delta-of-any-length-is-decompressed',
    file: 'src/deltas/frame.ts',
    replace: [['if (header.contentBytes !== length)', 'if (header.contentBytes === -length)']],
    noticedBy: {
      file: 'tests/unit/deltas/delta-codec.test.ts',
      title: 'a frame that %s is refused before a decoder sees it',
    },
  },
  {
    name: 'a-window-of-any-size-is-taken',
    file: 'src/deltas/frame.ts',
    replace: [
      ['header.windowBytes > MAX_DELTA_WINDOW_BYTES', 'header.windowBytes > 1e12 * MAX_DELTA_WINDOW_BYTES'],
    ],
    noticedBy: {
      file: 'tests/unit/deltas/delta-codec.test.ts',
      title: 'a frame that %s is refused before a decoder sees it',
    },
  },
  {
    name: 'deltas-lead-from-anywhere',
    file: 'src/server/stream/delta-cache.ts',
    replace: [
      [
        'if (!(await named.has(query.namespace, newest, query.base))) return undefined',
        'await named.has(query.namespace, newest, query.base)',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/deltas.test.ts',
      title: 'lead to what the newest release names, from what one of the newest 50 names, and nowhere else',
    },
  },
  {
    name: 'anybody-has-deltas-made',
    file: 'src/server/stream/delta-cache.ts',
    replace: [['if (bucket.left < 1) return undefined', 'if (bucket.left < -1e9) return undefined']],
    noticedBy: {
      file: 'tests/unit/server/deltas.test.ts',
      title: 'are made so many a second at most, whoever asks for how many',
    },
  },
  {
    name: 'what-is-small-is-compressed-too',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['frame.to - frame.from < MIN_ENCODED_BYTES', 'frame.to - frame.from < 0 * MIN_ENCODED_BYTES']],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'goes out as it is where it is small, or nobody waited for its compression',
    },
  },
  {
    name: 'releases-alone-are-compressed',
    file: 'src/server/http/responder.ts',
    replace: [
      ['asked.identity !== undefined && acceptedEncodings', 'asked !== undefined && acceptedEncodings'],
    ],
    noticedBy: {
      file: 'tests/unit/server/encodings/gzip-streams.test.ts',
      title: 'compresses nothing for who %s',
    },
  },
  {
    name: 'a-worker-tells-what-it-heard-itself',
    file: 'src/server/together/member.ts',
    replace: [
      [
        'return { ...rest, reports: heard }',
        'return { ...rest, reports: async () => ({ asOf: since, since, reports: outbox.next().map(({ report }) => report) as never }) }',
      ],
    ],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title: 'what one process hears, every process of the server tells; a server beside them does not',
    },
  },
  {
    name: 'a-worker-that-died-takes-its-reports-along',
    file: 'src/server/together/member.ts',
    replace: [['await channel.send(message)', 'void channel']],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title: 'what a process heard that died is told by the one in its place',
    },
  },
  {
    name: 'an-address-has-an-allowance-at-each-worker',
    file: 'src/server/together/desk.ts',
    replace: [['if (other !== channel) void other.send', 'if (other === undefined) void channel.send']],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title: 'what an address brought to one process is gone at all of them',
    },
  },
  {
    name: 'what-a-worker-counted-goes-with-it',
    file: 'src/server/together/desk.ts',
    replace: [['if (last !== undefined) before = savedBy([before, last])', 'void last']],
    noticedBy: {
      file: 'tests/unit/server/together.test.ts',
      title: 'the load of all is the sum of those that are there',
    },
  },
]
