import type { Schema } from '../../contracts/schema.js'
import type { Logger } from '../../contracts/system.js'
import { validateDocument, type ValidateOptions, type Validation } from '../../core/schema/validate.js'
import type { Json } from '../../contracts/json.js'
import type { Overlaid, Overrides } from './overrides.js'

/** A document that is checked with overrides in it. */
export interface OverlaidOptions<Value> extends ValidateOptions<unknown, Value> {
  readonly overrides: Overrides | undefined
  readonly logger: Logger
}

/** What came of it, and of which document. */
export interface CheckedOverlaid<Value> {
  readonly result: Validation<Value>
  /** With the overrides in it. */
  readonly document: Json
  /** What the overrides changed, as they tell it. */
  readonly overridden: readonly string[]
}

/**
 * Lays overrides over a document and validates it. Where the schema objects to what was laid over,
 * what else the overrides may mean is tried. Never rejects.
 *
 * ```ts
 * const { result } = await validateOverlaid({ overrides, schema, document, previous, signal, logger })
 * ```
 */
export async function validateOverlaid<Value>({
  overrides,
  logger,
  ...options
}: OverlaidOptions<Value>): Promise<CheckedOverlaid<Value>> {
  const check = (laid: Overlaid): Promise<Validation<Value>> =>
    validateDocument<unknown, Value>({ ...options, document: laid.document })
  let laid: Overlaid = overrides?.apply(options.document) ?? { document: options.document, paths: [] }
  let result = await check(laid)
  while (result.type === 'invalid') {
    const next = laid.otherwise?.(result.issues.filter(({ validator }) => validator === 'schema'))
    if (next === undefined) break
    laid = next
    result = await check(laid)
  }
  const { document, paths } = laid
  if (result.type === 'invalid')
    return {
      result: { ...result, issues: laid.explain?.(result.issues) ?? result.issues },
      document,
      overridden: paths,
    }
  for (const change of (options.schema && laid.unknown?.(options.schema as Schema)) ?? [])
    logger.warn('an override adds a member that neither the document nor the schema has; check its name', {
      change,
    })
  return { result, document, overridden: paths }
}
