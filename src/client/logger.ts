import type { LogDetails, Logger } from '../contracts/system.js'

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
