import type { Source } from '../contracts/source.js'

/** Whether a thing is a source and not a document: documents hold no functions. */
export function isSource(thing: unknown): thing is Source {
  return typeof thing === 'object' && thing !== null && 'read' in thing && typeof thing.read === 'function'
}
