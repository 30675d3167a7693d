import type { Issue } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Schema, StandardIssue, StandardResult } from '../../contracts/schema.js'
import type { Validator, ValidatorContext } from '../../contracts/validator.js'
import { jsonSchemaOf, namedPath, type JsonSchema } from './json-schema.js'
import type { Step } from '../json/path.js'
import { wordsFor } from './issue-words.js'
import { oneLine } from '../json/text.js'

/** How many issues are told of one document; the rest would say the same. */
const MAX_ISSUES = 64
/**
 * Vendors whose issues carry zod's codes and the schema's own limits, and which never write to a document. Of others only the path is
 * believed.
 */
const CODED: ReadonlySet<string> = new Set(['zod', 'noticeboard'])

export type Validation<Value> =
  | { readonly type: 'valid'; readonly value: Value }
  | { readonly type: 'invalid'; readonly issues: readonly Issue[] }

export interface ValidateOptions<Input, Output> {
  /** Without one every document is accepted as it is. */
  readonly schema?: Schema<Input, Output> | undefined
  /** They get what the schema made of the document, and run only if it passed. */
  readonly validators?: readonly Validator<Output>[] | undefined
  readonly document: Json
  /** The document that is running now. */
  readonly previous: Json | undefined
  /** Handed to the validators. */
  readonly signal: AbortSignal
}

/**
 * Whether a document passes its schema and then every validator. Never rejects: a schema or validator that throws has
 * refused. Issues hold paths and our own words, never a value of the document.
 */
export async function validateDocument<Input, Output>(
  options: ValidateOptions<Input, Output>,
): Promise<Validation<Output>> {
  const { schema, validators = [], document, previous, signal } = options
  const parsed: Validation<Output> =
    schema === undefined ? { type: 'valid', value: document as Output } : await runSchema(schema, document)
  if (parsed.type === 'invalid') return parsed
  const issues = await runValidators(validators, parsed.value, { previous, signal })
  return issues.length === 0 ? parsed : { type: 'invalid', issues }
}

/** What a schema makes of a document, or why it refuses it. Never rejects. */
export async function runSchema<Input, Output>(
  schema: Schema<Input, Output>,
  document: Json,
): Promise<Validation<Output>> {
  let result: StandardResult<Output>
  const standard = schema['~standard']
  const coded = CODED.has(standard.vendor)
  try {
    // Some libraries transform in place (arktype), which a frozen document does not allow.
    result = await standard.validate(coded ? document : structuredClone(document))
  } catch {
    // What it threw may quote the document.
    return { type: 'invalid', issues: [{ path: '', message: 'the schema failed', validator: 'schema' }] }
  }
  if (result.issues === undefined) return { type: 'valid', value: result.value }
  const names = jsonSchemaOf(schema as Schema, { lenient: true })
  const words = coded ? wordsFor : () => 'refused by the schema'
  return {
    type: 'invalid',
    issues: result.issues.slice(0, MAX_ISSUES).map(issue => describe(issue, names, words)),
  }
}

/**
 * The issues that the validators find: all of them are asked, side by side, and a throw is an issue. Never
 * rejects.
 */
export async function runValidators<Value>(
  validators: readonly Validator<Value>[],
  value: Value,
  context: ValidatorContext,
): Promise<readonly Issue[]> {
  const answers = await Promise.all(validators.map(validator => ask(validator, value, context)))
  return answers.flat().slice(0, MAX_ISSUES)
}

async function ask<Value>(
  validator: Validator<Value>,
  value: Value,
  context: ValidatorContext,
): Promise<readonly Issue[]> {
  const name = oneLine(String(validator.name)) || 'validator'
  try {
    const answer = await validator.validate(value, context)
    const found: readonly Partial<Issue>[] =
      answer === undefined || answer === null
        ? []
        : Array.isArray(answer)
          ? answer
          : [answer as Partial<Issue>]
    return found.map(({ path = '', message = '' }) => ({
      path: oneLine(String(path)),
      message: oneLine(String(message)) || 'refused',
      validator: name,
    }))
  } catch {
    // What it threw may quote the document.
    return [{ path: '', message: 'the validator failed', validator: name }]
  }
}

function describe(issue: StandardIssue, names: JsonSchema | undefined, words: typeof wordsFor): Issue {
  const details = issue as unknown as Readonly<Record<string, unknown>>
  const steps = (issue.path ?? []).map(stepOf)
  // The offending key itself is data; that there is one below this object is what can be said.
  if (details['code'] === 'unrecognized_keys') steps.push('*')
  return { path: oneLine(namedPath(steps, names)), message: words(details), validator: 'schema' }
}

function stepOf(step: PropertyKey | { readonly key: PropertyKey }): Step {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'symbol' ? '*' : key
}
