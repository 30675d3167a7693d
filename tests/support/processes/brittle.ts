import { z } from 'zod'

/** What a program is told that dies of its configuration. */
export interface BrittleCommand {
  readonly board: string
  readonly state: string
  readonly soakMs: number
  readonly beatMs: number
  /** Ends in order, this long after it first ran the document with that `n`. */
  readonly endsAfter?: { readonly n: number; readonly ms: number }
  /** How it ends then: by `close()` and exit 0, by exit 0 alone. */
  readonly ends?: 'close' | 'exit'
}

/** What a document does to the program. */
export interface Deadly {
  readonly at: 'parse' | 'validator' | 'prepare' | 'commit' | number
  readonly by: 'throw' | 'reject' | 'exit' | 'kill' | 'loop' | 'memory'
}

export const BRITTLE_NAMESPACE = 'brittle'

export const brittleSchema = z.object({
  n: z.number(),
  deadly: z
    .object({
      at: z.union([z.enum(['parse', 'validator', 'prepare', 'commit']), z.number()]),
      by: z.enum(['throw', 'reject', 'exit', 'kill', 'loop', 'memory']),
    })
    .optional(),
})
