import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import { keepAlive } from '../../async/keep-alive.js'
import { refuseIfAborted } from '../../async/signals.js'
import { createWakeable } from '../../async/wakeable.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Fs, System } from '../../contracts/system.js'
import type { Source } from '../../contracts/source.js'
import { canonicalize } from '../../core/json/canonical.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { exceedsBytes, sameBytes } from '../../core/json/text.js'
import { checkOptions, checkPositive } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { nodeFs } from '../disk/node-fs.js'
import { nodeFolderWatch } from '../disk/folder-watch.js'
import { doing, systemErrorCode } from '../disk/system-error.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

/** How a file is read and watched. */
export interface FileSourceOptions {
  /** The largest document, in bytes of what is published. Default 1 MiB. */
  readonly maxSnapshotBytes?: number
  /**
   * How often the file is looked at, for changes that the system does not tell of, in milliseconds.
   * Default 5,000.
   */
  readonly pollIntervalMs?: number
  /**
   * How long a file has to hold the same before that is taken, since editors write in several
   * steps, in milliseconds. Default 50. A document that is cut at a line may be a valid smaller
   * one: write beside the file and rename where writing may take longer.
   */
  readonly settleMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /** The disk. Default: the machine's, which follows symbolic links and tells of changes. */
  readonly fs?: Fs
}

/** How long a file may go on changing while it is read, in milliseconds. */
const MOST_SETTLING_MS = 10_000

/** How the text of a file becomes a document. */
export interface FileFormat {
  /**
   * The largest text that is read for a document of so many bytes: white space and comments come on
   * top.
   */
  readonly maxTextBytes: (maxBytes: number) => number
  /** Throws `invalid-data` or `too-large`. `what` is the file's name. */
  readonly parse: (
    text: string,
    options: { readonly what: string; readonly maxBytes: number; readonly maxTextBytes: number },
  ) => Json
}

/**
 * A file as a source. `read` throws `not-found`, `invalid-data` with line and column, `too-large`,
 * or what the disk says in words.
 */
export function fileSource(
  path: string,
  { maxTextBytes, parse }: FileFormat,
  options: FileSourceOptions = {},
): Source {
  checkOptions('a file source', options, {
    maxSnapshotBytes: true,
    pollIntervalMs: true,
    settleMs: true,
    system: true,
    fs: true,
  })
  const { maxSnapshotBytes = MAX_SNAPSHOT_BYTES, pollIntervalMs = 5_000, settleMs = 50 } = options
  checkPositive('a file source', { maxSnapshotBytes, pollIntervalMs, settleMs })
  const { clock } = readSystem('a file source', options.system)
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new NoticeboardError(
      'invalid-option',
      'a file source needs the path of a file, such as "config/checkout.yaml"',
    )
  }
  const fs = options.fs ?? nodeFs({ symbolicLinks: 'follow' })
  const folderWatch = options.fs === undefined ? nodeFolderWatch : undefined
  const full = resolve(path)
  const limit = maxTextBytes(maxSnapshotBytes)
  /** What `read` saw last, so that a change between a read and the watch is not missed. */
  let lastRead: string | undefined

  /**
   * What the file holds, as something to compare: its hash, or why there is none. Undefined while
   * there is no file.
   */
  const fingerprint = async (): Promise<string | undefined> => {
    try {
      const bytes = await fs.read(full, limit)
      return bytes && hashOf(bytes)
    } catch (error) {
      return (isNoticeboardError(error) ? error.code : systemErrorCode(error)) ?? 'unreadable'
    }
  }

  /** The whole file once it holds the same twice, apart; what was taken before is taken at once. */
  const readSettled = async (signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const untilMs = clock.monotonic() + MOST_SETTLING_MS
    let bytes = await fs.read(full, limit)
    if (bytes !== undefined && hashOf(bytes) === lastRead) return bytes
    for (;;) {
      refuseIfAborted(signal)
      await keepAlive(clock.sleep(settleMs, signal))
      refuseIfAborted(signal)
      const before = bytes
      bytes = await fs.read(full, limit)
      if (before === undefined ? bytes === undefined : bytes !== undefined && sameBytes(before, bytes))
        return bytes
      if (clock.monotonic() >= untilMs)
        throw new NoticeboardError(
          'invalid-data',
          `${path} changed each time it was read for ${MOST_SETTLING_MS / 1_000} s; write the new file beside it and rename it`,
        )
    }
  }

  return {
    name: path,

    async read(signal) {
      const bytes = await doing(`read ${path}`, () => readSettled(signal))
      if (bytes === undefined)
        throw new NoticeboardError('not-found', `cannot read ${path}: there is no such file`)
      lastRead = hashOf(bytes)
      const value = parse(textOf(bytes, path), {
        what: path,
        maxBytes: maxSnapshotBytes,
        maxTextBytes: limit,
      })
      if (exceedsBytes(canonicalize(value), maxSnapshotBytes)) {
        throw new NoticeboardError(
          'too-large',
          `the document in ${path} is larger than the ${maxSnapshotBytes} bytes that are allowed`,
        )
      }
      return value
    },

    async *changes(signal) {
      const found = lastRead ?? (await fingerprint())
      // What `read` saw meanwhile is what its caller acts on, so changes count from there.
      let before = lastRead ?? found
      const news = createWakeable(clock)
      // The folder and not the file: an editor's rename and a ConfigMap's swapped link put another
      // file in its place.
      const stop = folderWatch?.(dirname(full), news.wake, () => {})
      try {
        while (!signal.aborted) {
          if ((await news.wait(pollIntervalMs, signal)) === 'woken') {
            await clock.sleep(settleMs, signal)
            news.clear()
          }
          const now = signal.aborted ? undefined : await fingerprint()
          // Between the two steps of a rename there is no file; it comes back, or reading it says
          // what is wrong.
          if (now === undefined || now === before) continue
          before = now
          yield
        }
      } finally {
        stop?.()
      }
    },
  }
}

function textOf(bytes: Uint8Array, path: string): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new NoticeboardError(
      'invalid-data',
      `${path}:1:1: the file begins with a byte order mark; save it as UTF-8 without one`,
    )
  }
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (utf16) throw new NoticeboardError('invalid-data', `${path}:1:1: the file is UTF-16; save it as UTF-8`)
  return decodeText(bytes, path)
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
