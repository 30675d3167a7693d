import type * as z from 'zod/v4/core'

/**
 * What a document must look like: any zod 4 schema, or a schema of another vendor that speaks
 * [Standard Schema](https://standardschema.dev). What travels is its input; what programs read is its output.
 */
export type Schema<Input = unknown, Output = Input> =
  | z.$ZodType<Output, Input>
  | StandardSchema<Input, Output>

/** The part of Standard Schema version 1 that is used here, and of its JSON Schema extension. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    /** Validates, at once or later. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly jsonSchema?: {
      /** The JSON Schema of what is accepted. */
      readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
    }
  }
}

/** What a schema made of a value, or what it found. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] }

/** What a schema found. */
export interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** The type of the documents that a schema accepts. */
export type InputOf<S> = S extends { readonly _zod: { readonly input: infer Input } }
  ? Input
  : S extends { readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined } }
    ? Input
    : never

/** The type of the values that a schema makes of them. */
export type OutputOf<S> = S extends { readonly _zod: { readonly output: infer Output } }
  ? Output
  : S extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
    ? Output
    : never
