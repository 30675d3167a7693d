import type { Deltas } from '../contracts/deltas.js'
import { NoticeboardError } from '../contracts/errors.js'
import { isThenable } from '../core/built-ins.js'
import { codeOf } from '../core/code-of.js'
import { deltaCodec } from './delta-codec.js'
import { heedingDictionaries, type Zstd } from './zstd.js'

/** What is called of `@bokuweb/zstd-wasm`, or of anything else with these functions. */
export interface ZstdLibrary {
  /** Is waited for before anything else is called. */
  init(): Promise<void>
  /** A context to compress in, for {@link compressUsingDict}. */
  createCCtx(): number
  /** Frees what {@link createCCtx} made. */
  freeCCtx(context: number): unknown
  /** One Zstandard frame of the bytes, with the dictionary as raw content. */
  compressUsingDict(context: number, bytes: Uint8Array, dictionary: Uint8Array, level?: number): Uint8Array
  /** A context to decompress in, for {@link decompressUsingDict}. */
  createDCtx(): number
  /** Frees what {@link createDCtx} made. */
  freeDCtx(context: number): unknown
  /** What such a frame holds, with the same dictionary. Throws where it cannot be read. */
  decompressUsingDict(context: number, bytes: Uint8Array, dictionary: Uint8Array): Uint8Array
}

/**
 * Deltas by a library that you load, for browsers and for runtimes without a Zstandard of their
 * own: pass it as the option `deltas` of a client, a store or a server. Nothing is loaded before
 * the first snapshot that a delta could make; where that fails, whole snapshots travel. Node has
 * deltas without this option: by itself from 22.19 and 24.6 on, and before that where
 * `@bokuweb/zstd-wasm` is installed. Throws `invalid-option`.
 *
 * ```ts
 * const client = createClient({ ...options, deltas: zstdDeltas(() => import('@bokuweb/zstd-wasm')) })
 * ```
 */
export function zstdDeltas(load: () => Promise<ZstdLibrary>): Deltas {
  if (typeof load !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      "zstdDeltas() needs a function that loads the library: zstdDeltas(() => import('@bokuweb/zstd-wasm'))",
    )
  return deltasBy(async () => fromLibrary(await load()), true)
}

/**
 * Deltas by a compressor, which is looked for once: with the first question whether there is one,
 * or, where it is expected, with the first call for its codec.
 */
export function deltasBy(find: () => Zstd | Promise<Zstd | undefined>, isExpected?: boolean): Deltas {
  let expected = isExpected
  const search = async (): ReturnType<Deltas['codec']> => {
    try {
      const found = find()
      if (!isThenable(found)) expected = found !== undefined
      const zstd = await found
      expected = zstd !== undefined
      return zstd && deltaCodec(zstd)
    } catch (error) {
      expected = false
      // Whole snapshots need none. What is not installed is not looked for again; another trouble
      // may pass.
      if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') searching = undefined
      return undefined
    }
  }
  let searching: ReturnType<Deltas['codec']> | undefined
  const codec: Deltas['codec'] = () => (searching ??= search())
  return {
    codec,
    get expected() {
      if (expected === undefined) void codec()
      return expected
    },
  }
}

/** 3 makes nearly the shortest frames, at a third of the time of the next one. */
const LEVEL = 3

/**
 * The library's functions as a {@link Zstd}, if it heeds dictionaries. It keeps no context between
 * calls: each takes some megabytes.
 */
export async function fromLibrary(library: ZstdLibrary): Promise<Zstd | undefined> {
  const zstd: Zstd = {
    compress(bytes, dictionary) {
      const context = library.createCCtx()
      try {
        return library.compressUsingDict(context, bytes, dictionary, LEVEL)
      } finally {
        library.freeCCtx(context)
      }
    },
    decompress(frame, dictionary) {
      const context = library.createDCtx()
      try {
        return library.decompressUsingDict(context, frame, dictionary)
      } finally {
        library.freeDCtx(context)
      }
    },
  }
  // Where the application uses it as well, it may be ready.
  const ready = heedingDictionaries(zstd)
  if (ready !== undefined) return ready
  await initialized(library)
  return heedingDictionaries(zstd)
}

/**
 * Where it is kept, for all copies of this package in a process, which libraries were made ready.
 */
const INITIALIZED = Symbol.for('noticeboard.zstd.initialized')

/**
 * Makes a library ready, once in a process: `init()` puts another memory in the place of the one
 * that is in use, and resolves before it has.
 */
async function initialized(library: ZstdLibrary): Promise<void> {
  const shared = globalThis as { [INITIALIZED]?: WeakMap<object, Promise<void>> }
  const known = (shared[INITIALIZED] ??= new WeakMap())
  // Its module looks different to who imports and who requires it; its functions are the same.
  const key = library.createCCtx
  const running = known.get(key) ?? library.init()
  known.set(key, running)
  try {
    await running
  } catch (error) {
    known.delete(key)
    throw error
  }
}
