import type { Issue } from '../contracts/errors.js'
import { sayMatch } from './release/labels.js'

/** How many issues stand in a message; all of them are in the error's `issues`. */
const MOST_SAID = 3

/**
 * What was found wrong with a document, for the message of an error: the first issues, and how many
 * more there are.
 *
 * ```ts
 * sayIssues([{ path: 'pool.size', message: 'expected number', validator: 'schema' }]) // pool.size: expected number (schema)
 * ```
 */
export function sayIssues(issues: readonly Issue[]): string {
  const more = issues.length - MOST_SAID
  return `${issues.slice(0, MOST_SAID).map(sayIssue).join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}

/**
 * One issue in a line; of a variant, with the labels of the clients that it is for.
 *
 * ```ts
 * sayIssue({ path: 'pool.size', message: 'expected number', validator: 'schema' }) // pool.size: expected number (schema)
 * ```
 */
export function sayIssue({ path, message, validator, when }: Issue): string {
  const clients = when === undefined ? '' : ` for clients with ${sayMatch(when)}`
  return `${path === '' ? 'the document' : path}${clients}: ${message} (${validator})`
}
