import type { PlantedBug } from './bugs.js'

/**
 * The list of planted bugs about event streams that are compressed once for all readers. Each is
 * hunted in the scene `compressed` alone, of seeds that nothing was written with.
 */
export const COMPRESSED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a-frame-of-another-topic',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [
      [
        'const made = new WeakMap<Frame, GzipFrame>()',
        'const bySize = new Map(); const made = { get: ({ from, to }) => bySize.get(to - from), set: ({ from, to }, frame) => bySize.set(to - from, frame) }',
      ],
    ],
    oracles: ['only-what-is-there', 'positions-only-grow', 'digest-matches'],
  },
  {
    name: 'a-check-value-of-the-last-event',
    file: 'src/server/encodings/gzip-sink.ts',
    replace: [
      ['this.#crc = combined(this.#crc, compressed.checked)', 'this.#crc = combined(0, compressed.checked)'],
    ],
    oracles: ['streams-end-whole'],
  },
  {
    name: 'a-check-value-knows-no-long-event',
    file: 'src/server/encodings/crc32.ts',
    replace: [['rest > 0; index += 1, rest >>>= 1', 'rest > 0 && index < 15; index += 1, rest >>>= 1']],
    oracles: ['streams-end-whole'],
  },
  {
    name: 'an-event-ends-the-stream',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['finishFlush: constants.Z_FULL_FLUSH', 'finishFlush: constants.Z_FINISH']],
    oracles: ['streams-end-whole', 'told-at-once'],
  },
  {
    name: 'an-event-is-held-back',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['finishFlush: constants.Z_FULL_FLUSH', 'finishFlush: constants.Z_NO_FLUSH']],
    oracles: ['each-event-comes-alone', 'told-at-once'],
  },
  {
    name: 'a-block-holds-what-it-cannot-say',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['const STORED_BYTES = 65_535', 'const STORED_BYTES = 1_000_000']],
    oracles: ['each-event-comes-alone'],
  },
  {
    name: 'an-event-is-compressed-for-each-who-waits',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['compressing.get(frame) ?? compress(frame)', 'compress(frame)']],
    oracles: ['compressed-once'],
  },
  {
    name: 'an-event-is-compressed-again-and-again',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [['.finally(() => compressing.set(frame, DONE))', '.finally(() => compressing.delete(frame))']],
    oracles: ['compressed-once'],
  },
  {
    name: 'all-is-compressed-whoever-reads',
    file: 'src/server/stream/fan-out.ts',
    replace: [['if (companion.compressed && frame !== undefined)', 'if (companion && frame !== undefined)']],
    oracles: ['nobody-pays-for-others'],
  },
  {
    name: 'who-refuses-gzip-gets-it',
    file: 'src/server/encodings/accept-encoding.ts',
    replace: [
      [
        'ENCODINGS.filter(encoding => weight(encoding) > 0)',
        'ENCODINGS.filter(encoding => weights.has(encoding))',
      ],
    ],
    oracles: ['encodings-are-asked-for'],
  },
  {
    name: 'the-news-waits-for-a-compressor',
    file: 'src/server/stream/fan-out.ts',
    replace: [['const PATIENCE_MS = 1_000', 'const PATIENCE_MS = 600_000']],
    oracles: ['told-at-once'],
  },
  {
    name: 'a-compressor-that-fails-takes-the-news-along',
    file: 'src/server/encodings/gzip-frames.ts',
    replace: [
      ['catch { // For want of memory, say: it goes out as it is. }', 'catch (error) { throw error }'],
    ],
    oracles: ['who-waits-is-served', 'told-at-once'],
  },
  {
    name: 'a-stream-that-says-nothing-is-asked-for-again',
    file: 'src/transports/http/event-stream.ts',
    replace: [['settings.plainStreams = true', 'settings.plainStreams = signal.aborted']],
    oracles: ['who-hears-nothing-asks-plainly'],
  },
  {
    name: 'a-line-has-no-bound',
    file: 'src/transports/http/event-stream.ts',
    replace: [
      [
        'maxLineBytes: settings.maxSnapshotBytes + LINE_MARGIN',
        'maxLineBytes: 1e9 * settings.maxSnapshotBytes',
      ],
    ],
    oracles: ['streams-are-bounded'],
  },
]
