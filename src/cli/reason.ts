import type { Arguments, OptionSpec } from './arguments.js'
import { usageError } from './exit.js'

/** For commands that write down why: `--reason` and `-m`. */
export const REASON_OPTION: OptionSpec = { value: 'TEXT', short: 'm', text: 'why, for the history' }

/** Who says so. */
export const AUTHOR_OPTION: OptionSpec = { value: 'NAME', text: 'who, for the history' }

/**
 * The reason that was given. Throws a usage error that says `missing` where there is none.
 *
 * ```ts
 * const reason = readReason(args, 'say why: --reason "pool too small"; it is kept in the history')
 * ```
 */
export function readReason(args: Pick<Arguments, 'text'>, missing: string): string {
  const reason = args.text('reason')
  if (reason === undefined || reason.trim() === '') throw usageError(missing)
  return reason
}
