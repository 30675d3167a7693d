/**
 * What a document must look like: a schema of zod (3.24 or later, or 4), valibot, arktype or any
 * other library that speaks [Standard Schema](https://standardschema.dev). What travels is its
 * input; what programs read is its output.
 */
export interface Schema<Input = unknown, Output = Input> {
  /** Version 1 of Standard Schema, as far as it is used here, and its JSON Schema extension. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    /** Validates, at once or later. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly jsonSchema?:
      | {
          /** The JSON Schema of what is accepted. */
          readonly input: (options: { readonly target: 'draft-2020-12' }) => Record<string, unknown>
        }
      | undefined
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
export type InputOf<S> = S extends {
  readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined }
}
  ? Input
  : never

/** The type of the values that a schema makes of them. */
export type OutputOf<S> = S extends {
  readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined }
}
  ? Output
  : never
