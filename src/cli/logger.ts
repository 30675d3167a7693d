import type { Logger } from '../contracts/system.js'
import { readSystem } from '../system/system.js'
import type { CommandContext } from './command.js'

/** A logger for a command: what is worth a line goes to stderr, a line each. */
export function loggerFor({ print }: Pick<CommandContext, 'print'>, time?: () => string): Logger {
  const shown = (message: string, details: Parameters<Logger['warn']>[1] = {}): string =>
    [
      message,
      ...Object.entries(details).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${String(value)}`],
      ),
    ].join(' ')
  return {
    debug() {},
    info: (message, details) => print.note(shown(message, details), time?.()),
    warn: (message, details) => print.warning(shown(message, details), time?.()),
    error: (message, details) => print.failure(shown(message, details), time?.()),
  }
}

/**
 * The same for a command that runs until it is interrupted: each line begins with its time in UTC,
 * since a console and most files keep none.
 */
export function timedLoggerFor(context: Pick<CommandContext, 'print' | 'io'>): Logger {
  const { clock } = readSystem('the command line', context.io.system)
  return loggerFor(context, () => new Date(clock.now()).toISOString())
}
