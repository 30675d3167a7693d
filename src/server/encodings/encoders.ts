import * as zlib from 'node:zlib'
import { promisify } from 'node:util'
import { NoticeboardError } from '../../contracts/errors.js'
import { ENCODINGS, type Encoding } from './accept-encoding.js'

/** Encodes bytes on the thread pool. Rejects with Node's error. */
export type Encoder = (bytes: Uint8Array) => Promise<Uint8Array>

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip)
const brotli = promisify<zlib.InputType, zlib.BrotliOptions, Buffer>(zlib.brotliCompress)

/** What Node 20 has no types for: it came with Node 22.15. */
const { zstdCompress } = zlib as unknown as {
  readonly zstdCompress?: (
    bytes: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>> },
    done: (error: Error | null, result: Buffer) => void,
  ) => void
}
const zstd = zstdCompress && promisify(zstdCompress)

/** `ZSTD_c_compressionLevel`. */
const ZSTD_LEVEL_PARAMETER = 100

/** Levels at which 200 KB take 3 to 5 ms of one core, and come within a fifth of the smallest. */
const LEVELS: { readonly [Name in Encoding]: number } = { br: 6, zstd: 9, gzip: 6 }

const ENCODERS: { readonly [Name in Encoding]: Encoder | undefined } = {
  br: bytes =>
    brotli(bytes, {
      params: { [BROTLI_PARAM_QUALITY]: LEVELS.br, [BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  zstd: zstd && (bytes => zstd(bytes, { params: { [ZSTD_LEVEL_PARAMETER]: LEVELS.zstd } })),
  gzip: bytes => gzip(bytes, { level: LEVELS.gzip }),
}

/** The encodings that this runtime can make: all but `zstd` where Node is older than 22.15. */
export const AVAILABLE_ENCODINGS: ReadonlySet<Encoding> = new Set(
  ENCODINGS.filter(encoding => ENCODERS[encoding] !== undefined),
)

/**
 * Encodes bytes. Rejects with Node's error, and `unsupported` for what this runtime cannot make.
 */
export const encodeBytes = (encoding: Encoding, bytes: Uint8Array): Promise<Uint8Array> => {
  const encoder = ENCODERS[encoding]
  if (encoder !== undefined) return encoder(bytes)
  return Promise.reject(
    new NoticeboardError(
      'unsupported',
      `this runtime cannot encode ${encoding}; update Node, or ask for another encoding`,
    ),
  )
}
