// What clients and publisher agree on.
import * as z from 'zod'

export const namespace = 'benchmark/strategies'

/** Any object: what a document's own schema costs is not ours to measure. */
export const schema = z.record(z.string(), z.unknown())
