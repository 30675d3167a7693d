import { NoticeboardError } from '../../contracts/errors.js'
import type { Schema } from '../../contracts/schema.js'

/**
 * Throws `invalid-option` for what does not speak Standard Schema. Some libraries' schemas are
 * functions.
 */
export function assertSchema(schema: unknown): asserts schema is Schema {
  const mayHold = (typeof schema === 'object' && schema !== null) || typeof schema === 'function'
  if (mayHold && '~standard' in schema) return
  throw new NoticeboardError(
    'invalid-option',
    'schema must implement Standard Schema: pass one of zod (3.24 or later), valibot, arktype or another library that does',
  )
}
