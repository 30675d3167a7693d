import { NoticeboardError } from '../contracts/errors.js'
import type { Logger } from '../contracts/system.js'
import type { CommandContext } from './command.js'

/** A logger for a command that runs until it is interrupted: warnings and errors go to stderr, a line each. */
export function loggerFor({ print }: CommandContext, command: string): Logger {
  const shown = (message: string, details: Parameters<Logger['warn']>[1] = {}): string =>
    [message, ...Object.entries(details).map(([name, value]) => `${name}=${String(value)}`)].join(' ')
  return {
    debug() {},
    info: () => {},
    warn: (message, details) => print.warning(shown(message, details)),
    error: (message, details) =>
      print.error(new NoticeboardError('internal', shown(message, details)), { command, json: false }),
  }
}
