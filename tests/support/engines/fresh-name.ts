import { randomUUID } from 'node:crypto'

/**
 * A name that nobody had before, for a board of its own also when a test is tried once more; good
 * for prefixes and for tables.
 */
export function freshName(what: string): string {
  return `${what}_${randomUUID().replaceAll('-', '').slice(0, 12)}`
}
