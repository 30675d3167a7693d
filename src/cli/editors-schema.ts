import type { Schema } from '../contracts/schema.js'
import { isJsonObject } from '../core/json/shape.js'
import { jsonSchemaOf, namedPath } from '../core/schema/json-schema.js'
import type { Printer } from './printer.js'

/**
 * Warns of a `$schema` at the top of a document, which editors write to find its schema, where the
 * schema of the documents does not know it: it would be published as a member like any other.
 *
 * ```ts
 * noteEditorsSchema(print, { document, name: 'service.json', schema })
 * ```
 */
export function noteEditorsSchema(
  print: Pick<Printer, 'warning'>,
  { document, name, schema }: { readonly document: unknown; readonly name: string; readonly schema: Schema },
): void {
  if (!isJsonObject(document) || typeof document['$schema'] !== 'string') return
  const names = jsonSchemaOf(schema, { lenient: true })
  if (names !== undefined && namedPath(['$schema'], names) === '$schema') return
  print.warning(
    `the member $schema of ${name} is for editors, which find the schema of a file by it, and is part of the document like any other; take it out unless programs read it`,
  )
}
