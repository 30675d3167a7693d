/**
 * Stands for `default-deltas.ts` in bundles for browsers, which carry no decoder unless they are
 * given one by `zstdDeltas()`.
 */
export const defaultDeltas: undefined = undefined
