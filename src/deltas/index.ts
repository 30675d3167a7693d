export { zstdDeltas, type ZstdLibrary } from './zstd-deltas.js'
export type { DeltaCodec, Deltas, HeldSnapshot } from '../contracts/deltas.js'
