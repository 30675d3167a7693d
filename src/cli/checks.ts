import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Schema } from '../contracts/schema.js'
import type { Store } from '../contracts/transport.js'
import type { Validator } from '../contracts/validator.js'
import { readJsonText } from '../core/json/json-text.js'
import { decodeText } from '../core/json/strict-parse.js'
import { isJsonObject } from '../core/json/shape.js'
import { anything } from '../core/schema/anything.js'
import { saysNothing } from '../core/schema/kept-schema.js'
import { schemaFromJson } from '../core/schema/schema-from-json.js'
import type { NamespaceConfig } from './config-file.js'
import { readText, type Inputs } from './inputs.js'

/** What documents are checked with, and where that comes from. */
export interface Checks {
  readonly schema: Schema
  readonly validators: readonly Validator[]
  /** `none`: only the form is checked. */
  readonly from: 'option' | 'config' | 'board' | 'none'
}

export interface ChecksOptions {
  /** A JSON Schema file that was named on the command line. */
  readonly schemaFile?: string | undefined
  readonly config: NamespaceConfig
  readonly inputs: Inputs
  readonly namespace?: Namespace | undefined
  readonly store?: Store | undefined
}

/**
 * The schema that was named, else the configuration file's, else the one that is kept on the board,
 * else none.
 */
export async function findChecks(
  { schemaFile, config, inputs, namespace, store }: ChecksOptions,
  signal: AbortSignal,
): Promise<Checks> {
  const { schema, validators = [] } = config
  if (schemaFile !== undefined)
    return { schema: await schemaFromFile(inputs, schemaFile), validators, from: 'option' }
  if (typeof schema === 'string')
    return { schema: await schemaFromFile(inputs, schema), validators, from: 'config' }
  if (schema !== undefined) return { schema, validators, from: 'config' }
  const kept =
    store === undefined || namespace === undefined ? undefined : await keptSchema(store, namespace, signal)
  if (kept !== undefined) return { schema: kept, validators, from: 'board' }
  return { schema: anything, validators, from: 'none' }
}

async function schemaFromFile(inputs: Inputs, file: string): Promise<Schema> {
  const text = await readText(inputs, file, 'the schema')
  return schemaFromJson(readJsonText(text, { what: file }), { what: file })
}

async function keptSchema(
  store: Store,
  namespace: Namespace,
  signal: AbortSignal,
): Promise<Schema | undefined> {
  const bytes = await read(() => store.schema?.({ namespace }, signal))
  if (bytes === undefined) return undefined
  const what = `the schema kept beside ${namespace}`
  try {
    const jsonSchema = readJsonText(decodeText(bytes, what), { what })
    // Kept by a publisher whose schema has no JSON Schema, so that nobody checks by an older one.
    if (isJsonObject(jsonSchema) && saysNothing(jsonSchema)) return undefined
    return schemaFromJson(jsonSchema, { what })
  } catch (error) {
    if (!isNoticeboardError(error, 'invalid-data')) throw error
    const { message, issues } = error
    throw new NoticeboardError(
      'invalid-data',
      `${message}; the document was not checked: pass another schema with --schema FILE, and have the publisher of this one publish again`,
      { cause: error, issues },
    )
  }
}

async function read(ask: () => Promise<Uint8Array | undefined> | undefined): Promise<Uint8Array | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (isNoticeboardError(error, 'not-found')) return undefined
    throw error
  }
}
