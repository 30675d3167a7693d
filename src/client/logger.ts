import type { LogDetails, Logger } from '../contracts/system.js'

/**
 * The code of whatever was thrown, for a log: its message may quote a value. `unknown` where there
 * is none.
 */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

/** A logger whose failures stay its own: a log that is full or was closed must not stop a client. */
export function guardedLogger(logger: Logger): Logger {
  const say =
    (level: keyof Logger) =>
    (message: string, details?: LogDetails): void => {
      try {
        logger[level](message, details)
      } catch {
        // There is nowhere left to say it.
      }
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}
