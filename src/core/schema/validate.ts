import type { Issue } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Schema, StandardIssue, StandardResult } from '../../contracts/schema.js'
import type { Validator, ValidatorContext } from '../../contracts/validator.js'
import { jsonSchemaOf, namedPath, type JsonSchema } from './json-schema.js'
import { exactPath, type Step } from '../json/path.js'
import { isJsonObject } from '../json/shape.js'
import { valueAt } from '../json/pointer.js'
import { tellsMissing, wordsFor } from './issue-words.js'
import { oneLine } from '../json/text.js'

/** How many issues are told of one document; the rest would say the same. */
export const MAX_ISSUES = 64
/**
 * Vendors whose issues carry zod's codes and the schema's own limits, and which never write to a
 * document. Of others only the path is believed.
 */
const CODED: ReadonlySet<string> = new Set(['zod', 'noticeboard'])

export type Validation<Value> =
  | { readonly type: 'valid'; readonly value: Value }
  | {
      readonly type: 'invalid'
      readonly issues: readonly Issue[]
      /**
       * The path of the first issue as anybody may see it, also where `issues` are for the author.
       */
      readonly path: string
    }

export interface ValidateOptions<Input, Output> {
  /** Without one every document is accepted as it is. */
  readonly schema?: Schema<Input, Output> | undefined
  /** They get what the schema made of the document, and run only if it passed. */
  readonly validators?: readonly Validator<Output>[] | undefined
  readonly document: Json
  /** The document that is running now. */
  readonly previous: Json | undefined
  /**
   * Whether the issues are for who wrote the document, and name its keys as they are. Default
   * false: readers see no key that the schema does not name, since it may be data.
   */
  readonly forAuthor?: boolean | undefined
  /** Handed to the validators. */
  readonly signal: AbortSignal
}

/**
 * Whether a document passes its schema and then every validator. Never rejects: a schema or
 * validator that throws has refused. Issues hold paths and our own words, never a value of the
 * document.
 */
export async function validateDocument<Input, Output>(
  options: ValidateOptions<Input, Output>,
): Promise<Validation<Output>> {
  const { schema, validators = [], document, previous, forAuthor, signal } = options
  const parsed: Validation<Output> =
    schema === undefined
      ? { type: 'valid', value: document as Output }
      : await runSchema(schema, document, { forAuthor })
  if (parsed.type === 'invalid') return parsed
  const issues = await runValidators(validators, parsed.value, { previous, signal })
  return issues.length === 0 ? parsed : { type: 'invalid', issues, path: issues[0]?.path ?? '' }
}

/**
 * A document as a schema may have it: some libraries transform in place (arktype), which a frozen
 * one does not allow.
 */
export function forSchema(schema: Pick<Schema, '~standard'>, document: Json): Json {
  return CODED.has(schema['~standard'].vendor) ? document : structuredClone(document)
}

/** What a schema makes of a document, or why it refuses it. Never rejects. */
export async function runSchema<Input, Output>(
  schema: Schema<Input, Output>,
  document: Json,
  { forAuthor = false }: Pick<ValidateOptions<Input, Output>, 'forAuthor'> = {},
): Promise<Validation<Output>> {
  let result: StandardResult<Output>
  const standard = schema['~standard']
  const coded = CODED.has(standard.vendor)
  try {
    result = await standard.validate(forSchema(schema, document))
  } catch {
    // What it threw may quote the document.
    const issue = { path: '', message: 'the schema failed', validator: 'schema' }
    return { type: 'invalid', issues: [issue], path: '' }
  }
  if (result.issues === undefined) return { type: 'valid', value: result.value }
  const names = jsonSchemaOf(schema as Schema, { lenient: true })
  const found = result.issues
    .slice(0, MAX_ISSUES)
    .flatMap(issue => describe(issue, { names, coded, document, forAuthor }))
    .slice(0, MAX_ISSUES)
  return {
    type: 'invalid',
    issues: found.map(({ path, shown, message }) => ({
      path: oneLine(forAuthor ? path : shown),
      message,
      validator: 'schema',
    })),
    path: oneLine(found[0]?.shown ?? ''),
  }
}

/**
 * The issues that the validators find: all of them are asked, side by side, and a throw is an
 * issue. Never rejects.
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

interface Found {
  readonly names: JsonSchema | undefined
  /** Whether the vendor's issues carry codes. */
  readonly coded: boolean
  readonly document: Json
  readonly forAuthor: boolean
}

/** What is wrong at one place. */
interface Told {
  /** With every key as it is. */
  readonly path: string
  /** As anybody may see it. */
  readonly shown: string
  readonly message: string
}

function describe(issue: StandardIssue, { names, coded, document, forAuthor }: Found): readonly Told[] {
  const details = issue as unknown as Readonly<Record<string, unknown>>
  const steps = (issue.path ?? []).map(stepOf)
  const told = (at: readonly Step[], message: string): Told => ({
    path: at.reduce<string>(exactPath, ''),
    shown: namedPath(at, names),
    message,
  })
  const tellKeys = (given: readonly unknown[]): readonly Told[] => {
    // A key is data, and readers see only that there is one below this object.
    const { shown, message } = told([...steps, '*'], wordsFor(details))
    const named = given.map(key => ({ path: exactPath(told(steps, '').path, String(key)), shown, message }))
    return forAuthor && named.length > 0 ? named : [{ path: shown, shown, message }]
  }
  const unknown = coded && details['code'] === 'unrecognized_keys'
  const keys = unknown && Array.isArray(details['keys']) ? (details['keys'] as readonly unknown[]) : []
  if (steps.length === 0 ? keys.includes(EDITORS_KEY) : isEditorsKey(steps, document, names)) {
    const noted: Told = { path: EDITORS_KEY, shown: EDITORS_KEY, message: EDITORS_WORDS }
    return keys.length > 1 ? [noted, ...tellKeys(keys.filter(key => key !== EDITORS_KEY))] : [noted]
  }
  if (!coded) return [told(steps, isMissing(document, steps) ? 'is missing' : 'refused by the schema')]
  if (tellsMissing(details) && isMissing(document, steps)) return [told(steps, 'is missing')]
  return unknown ? tellKeys(keys) : [told(steps, wordsFor(details))]
}

/** What editors write to the top of a file, so that they know its schema. */
export const EDITORS_KEY = '$schema'
const EDITORS_WORDS =
  'is for editors, which find the schema of a file by it, and is published like any member: take it out, or have the schema allow it'

/**
 * Whether an issue is about that key at the top of the document, and the schema does not know it.
 */
function isEditorsKey(steps: readonly Step[], document: Json, names: JsonSchema | undefined): boolean {
  return (
    steps.length === 1 &&
    steps[0] === EDITORS_KEY &&
    typeof valueAt(document, steps) === 'string' &&
    (names === undefined || namedPath(steps, names) === '*')
  )
}

/** Whether a member of an object is not there. */
function isMissing(document: Json, steps: readonly Step[]): boolean {
  const last = steps.at(-1)
  const holder = valueAt(document, steps.slice(0, -1))
  return typeof last === 'string' && last !== '*' && isJsonObject(holder) && !Object.hasOwn(holder, last)
}

function stepOf(step: PropertyKey | { readonly key: PropertyKey }): Step {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'symbol' ? '*' : key
}
