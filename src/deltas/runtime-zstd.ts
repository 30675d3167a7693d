import { MAX_DELTA_WINDOW_BYTES } from '../core/limits.js'
import { heedingDictionaries, type Zstd } from './zstd.js'

/** What is called of `node:zlib`, which older types do not know. */
interface ZstdOfZlib {
  zstdCompressSync(bytes: Uint8Array, options: object): Uint8Array
  zstdDecompressSync(bytes: Uint8Array, options: object): Uint8Array
  readonly constants: Readonly<
    Record<'ZSTD_c_compressionLevel' | 'ZSTD_c_windowLog' | 'ZSTD_d_windowLogMax', number>
  >
}

/** 4 makes the shortest frames of the fast ones; 1 and 2 find little of a large dictionary. */
const LEVEL = 4
const MIN_WINDOW_LOG = 10
const MAX_WINDOW_LOG: number = Math.log2(MAX_DELTA_WINDOW_BYTES)

/**
 * The runtime's own Zstandard: Node from 22.19 and 24.6 on, and Bun. Undefined where there is none,
 * or one that takes no dictionaries, as in Node 22.15 and in Deno.
 */
export function runtimeZstd(): Zstd | undefined {
  const zlib = globalThis.process?.getBuiltinModule?.('node:zlib') as unknown as
    | Partial<ZstdOfZlib>
    | undefined
  const { zstdCompressSync, zstdDecompressSync, constants } = zlib ?? {}
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined || constants === undefined)
    return undefined
  return heedingDictionaries({
    compress: (bytes, dictionary) =>
      zstdCompressSync(bytes, {
        dictionary,
        params: {
          [constants.ZSTD_c_compressionLevel]: LEVEL,
          [constants.ZSTD_c_windowLog]: windowLogFor(bytes.length + dictionary.length),
        },
      }),
    decompress: (frame, dictionary, length) =>
      zstdDecompressSync(frame, {
        dictionary,
        maxOutputLength: length,
        params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG },
      }),
  })
}

/** A window that sees the whole dictionary from the last byte, as far as the format allows. */
function windowLogFor(bytes: number): number {
  return Math.min(Math.max(Math.ceil(Math.log2(bytes)), MIN_WINDOW_LOG), MAX_WINDOW_LOG)
}
