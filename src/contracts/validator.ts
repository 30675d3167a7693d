import type { Json } from './json.js'

/** What a validator found: a path such as `pool.size`, and a reason in words that hold no value of the document. */
export interface Objection {
  readonly path?: string
  readonly reason: string
}

/**
 * Accepts or rejects a document beyond its schema: limits that depend on each other, rules of an operator.
 * It runs before publishing and, when given to a client, again there before applying. Nothing, or an empty list, accepts; a throw
 * rejects, with the validator's name as the only word about it.
 */
export interface Validator<Value = unknown> {
  readonly name: string
  /** Judges a value. */
  validate(
    value: Value,
    context: ValidatorContext,
  ):
    | Objection
    | readonly Objection[]
    | undefined
    | void
    | Promise<Objection | readonly Objection[] | undefined | void>
}

/** What a validator is told beside the value. */
export interface ValidatorContext {
  /** The document that is running now, where there is one. */
  readonly previous: Json | undefined
  readonly signal: AbortSignal
}
