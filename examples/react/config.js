// One client, made when the module is loaded; no I/O happens before `ready()`.
import { createClient, hybrid, http } from 'noticeboard'
import * as z from 'zod'

export const config = createClient({
  namespace: 'checkout/prod',
  schema: z.object({ pool: z.object({ size: z.number().int().min(1) }), banner: z.string() }),
  strategy: hybrid(http('https://config.internal')),
  defaults: { pool: { size: 10 }, banner: '' },
})

// Made once and not in a component: a selection remembers its part, and that is what keeps the
// reference the same.
export const pool = config.select(document => document.pool)
