import { isError } from './built-ins.js'

/**
 * The code of whatever was thrown, for a log: its message may quote a value. `unknown` where there
 * is none.
 */
export function codeOf(error: unknown): string {
  return isError(error) && 'code' in error ? String(error.code) : 'unknown'
}
