import type { Issue } from './errors.js'
import type { Json } from './json.js'

/**
 * An issue as a validator returns it: the validator's name is added, and without a path the whole
 * document is meant.
 */
type Found = Pick<Issue, 'message'> & Partial<Pick<Issue, 'path'>>

/**
 * Accepts or rejects a document beyond its schema: limits that depend on each other, rules of an
 * operator. It runs before publishing and, when given to a client, again there before applying.
 * Nothing, or an empty list, accepts; a throw rejects, with the validator's name as the only word
 * about it.
 */
export interface Validator<Value = unknown> {
  readonly name: string
  /** Judges a value. */
  validate(
    value: Value,
    context: ValidatorContext,
  ): Found | readonly Found[] | undefined | void | Promise<Found | readonly Found[] | undefined | void>
}

/** What a validator is told beside the value. */
export interface ValidatorContext {
  /** The document that is running now, where there is one. */
  readonly previous: Json | undefined
  readonly signal: AbortSignal
}
