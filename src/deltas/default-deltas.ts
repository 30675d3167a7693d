import type { Deltas } from '../contracts/deltas.js'
import { runtimeZstd } from './runtime-zstd.js'
import { deltasBy, fromLibrary, type ZstdLibrary } from './zstd-deltas.js'

/** A variable, so that no bundler wants what is optional. */
const LIBRARY = '@bokuweb/zstd-wasm'

/**
 * Deltas where nobody says otherwise: by the runtime's own Zstandard, else by `@bokuweb/zstd-wasm`
 * where that is installed, else none. Found as `#default-deltas`; bundles for browsers get
 * `no-deltas.ts` in its place.
 */
export const defaultDeltas: Deltas = deltasBy(
  () => runtimeZstd() ?? import(LIBRARY).then(library => fromLibrary(library as ZstdLibrary)),
)
