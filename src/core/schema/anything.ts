import type { Schema } from '../../contracts/schema.js'

/**
 * Accepts every document: for namespaces that have no schema.
 *
 * ```ts
 * const publisher = createPublisher({ namespace, schema: anything, store })
 * ```
 */
export const anything: Schema = {
  '~standard': { version: 1, vendor: 'noticeboard', validate: (value: unknown) => ({ value }) },
}
