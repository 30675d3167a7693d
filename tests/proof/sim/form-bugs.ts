import type { PlantedBug } from './bugs.js'

/**
 * The list of planted bugs about snapshots as they travel: as deltas, and encoded. Each is hunted
 * in the scene `forms` alone, of seeds that nothing was written with.
 */
export const FORM_BUGS: readonly PlantedBug[] = [
  {
    name: 'a-delta-is-believed',
    file: 'src/client/apply/from-delta.ts',
    replace: [
      [
        "return digestOf(hasher, bytes) === digest ? bytes : because('its result has another digest')",
        "return digestOf(hasher, bytes) !== '' ? bytes : because(digest)",
      ],
    ],
    oracles: ['digest-matches'],
  },
  {
    name: 'a-stale-dictionary',
    file: 'src/client/apply/from-delta.ts',
    replace: [
      [
        'const here = this.#kept.find(one => one.digest === digest)',
        'const here = this.#kept.map(({ bytes }) => ({ digest, bytes })).at(-1)',
      ],
    ],
    oracles: ['a-sound-delta-is-used'],
  },
  {
    name: 'a-delta-of-the-wrong-base',
    file: 'src/server/stream/delta-cache.ts',
    replace: [
      [
        'codec.encode({ base: { digest: base, bytes: from.bytes }, bytes: to.bytes })',
        'codec.encode({ base: { digest: base, bytes: to.bytes }, bytes: to.bytes })',
      ],
    ],
    oracles: ['deltas-make-what-they-name'],
  },
  {
    name: 'a-board-keeps-the-wrong-pair',
    file: 'src/node/board/deltas.ts',
    replace: [
      [
        'const [from, to] = [await held(namespace, base), await held(namespace, digest)]',
        'const [from, to] = [await held(namespace, base), await held(namespace, base)]',
      ],
    ],
    oracles: ['deltas-make-what-they-name'],
  },
  {
    name: 'a-delta-has-no-bound',
    file: 'src/transports/http/reading.ts',
    replace: [
      [
        'exchange(settings, { ...ask, maxBytes }, signal)',
        'exchange(settings, { ...ask, maxBytes: 1e9 * (1 + maxBytes) }, signal)',
      ],
    ],
    oracles: ['deltas-are-bounded'],
  },
  {
    name: 'a-delta-of-another-namespace',
    file: 'src/server/stream/delta-cache.ts',
    replace: [
      [
        'function keyOf({ namespace, digest, base }: DeltaQuery): string { return `${namespace}/${digest}/${base}`',
        'function keyOf({ digest, base }: DeltaQuery): string { return `${digest}/${base}`',
      ],
    ],
    oracles: ['deltas-stay-in-their-namespace'],
  },
  {
    name: 'a-delta-that-fails-is-a-failure',
    file: 'src/client/apply/from-delta.ts',
    replace: [
      ['if (isNoticeboardError(error) && error.retryAfterMs !== undefined) throw error', 'throw error'],
    ],
    oracles: ['a-delta-is-no-failure'],
  },
  {
    name: 'a-delta-is-waited-for',
    file: 'src/client/apply/from-delta.ts',
    replace: [['const DELTA_MS = 5_000', 'const DELTA_MS = 600_000']],
    oracles: ['told-at-once', 'a-delta-is-no-failure'],
  },
  {
    name: 'an-encoding-of-another-snapshot',
    file: 'src/server/encodings/snapshot-answers.ts',
    replace: [
      [
        'let last: Promise<unknown> = Promise.resolve()',
        'let last: Promise<unknown> = Promise.resolve(); let first: CachedSnapshot | undefined',
      ],
      ['const { bytes } = entry', 'const { bytes } = (first ??= entry)'],
    ],
    oracles: ['digest-matches'],
  },
  {
    name: 'a-tag-of-all-snapshots',
    file: 'src/server/encodings/snapshot-form.ts',
    replace: [['`"${digest.slice(0, 32)}', '`"${digest.slice(0, 0)}']],
    oracles: ['unchanged-means-unchanged'],
  },
]
