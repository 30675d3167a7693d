import type { Json } from './json.js'

/** Where a document comes from on the publishing side: a file, an object, another system. */
export interface Source {
  /** For people: the file's path. */
  readonly name: string
  /**
   * The document as it is now. Throws `not-found`, or `invalid-data` that names line and column.
   */
  read(signal: AbortSignal): Promise<Json>
  /** Yields whenever the document may have changed; ends when the signal aborts. */
  changes?(signal: AbortSignal): AsyncIterable<void>
}
