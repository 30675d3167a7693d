import type { Json } from '../contracts/json.js'
import type { Source } from '../contracts/source.js'

/** A value of the program itself as a source. It never changes; it is checked and copied when it is published. */
export function objectSource(value: unknown): Source {
  return { name: 'object', read: async () => value as Json }
}

/** Whether a thing is a source and not a document: documents hold no functions. */
export function isSource(thing: unknown): thing is Source {
  return typeof thing === 'object' && thing !== null && 'read' in thing && typeof thing.read === 'function'
}
