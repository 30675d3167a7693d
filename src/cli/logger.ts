import type { Logger } from '../contracts/system.js'
import type { CommandContext } from './command.js'

/**
 * A logger for a command that runs until it is interrupted: what is worth a line goes to stderr, a
 * line each.
 */
export function loggerFor({ print }: Pick<CommandContext, 'print'>): Logger {
  const shown = (message: string, details: Parameters<Logger['warn']>[1] = {}): string =>
    [
      message,
      ...Object.entries(details).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${String(value)}`],
      ),
    ].join(' ')
  return {
    debug() {},
    info: (message, details) => print.note(shown(message, details)),
    warn: (message, details) => print.warning(shown(message, details)),
    error: (message, details) => print.failure(shown(message, details)),
  }
}
