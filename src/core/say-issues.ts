import type { Issue } from '../contracts/errors.js'

/** How many issues stand in a message; all of them are in the error's `issues`. */
const MOST_SAID = 3

/**
 * What was found wrong with a document, for the message of an error: the first issues, and how many more there are.
 *
 * ```ts
 * sayIssues([{ path: 'pool.size', message: 'expected number', validator: 'schema' }]) // pool.size: expected number (schema)
 * ```
 */
export function sayIssues(issues: readonly Issue[]): string {
  const said = issues
    .slice(0, MOST_SAID)
    .map(
      ({ path, message, validator }) => `${path === '' ? 'the document' : path}: ${message} (${validator})`,
    )
  const more = issues.length - said.length
  return `${said.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
}
