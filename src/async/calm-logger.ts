import { NoticeboardError } from '../contracts/errors.js'
import type { Clock, LogDetails, Logger } from '../contracts/system.js'

/** How long a warning that was told is only counted, in milliseconds. */
const MINUTE_MS = 60_000

/** How many warnings that differ in numbers alone have lines of their own in a minute. */
const ALIKE = 5

/**
 * How many lines of one level a minute has; what else there is to say then is counted in one more.
 */
const MOST_LINES = 100

/** A logger that says what repeats once a minute; see {@link calmLogger}. */
export interface CalmLogger extends Logger {
  /**
   * Tells at once what was only counted, and from then on everything as it comes. Leaves no timer
   * behind, also where something that was cut off says so later.
   */
  end(): void
}

/** A warning of this minute: what was said last, and how often since it was told. */
interface Line {
  readonly message: string
  readonly details: LogDetails | undefined
  readonly times: number
}

/**
 * Tells a warning or an error that repeats once a minute, with `times`: how often it came since the
 * line before. Whoever chooses what a stream or a request brings chooses what is warned of; so
 * warnings that differ in numbers, digests or positions alone are one after the fifth, and a level
 * has some hundred lines a minute whatever happens. The first line comes at once, and what is only
 * counted by the end of the minute. `debug` and `info` pass. A logger that throws, since it is full
 * or was closed, stops nobody. What is no logger is refused with `invalid-option`.
 *
 * ```ts
 * const calm = calmLogger(logger, clock)
 * calm.warn('the store cannot be followed', { namespace })
 * calm.end()
 * ```
 */
export function calmLogger(logger: Logger, clock: Pick<Clock, 'after' | 'monotonic'>): CalmLogger {
  assertLogger(logger)
  const say =
    (level: keyof Logger): Say =>
    (message, details) => {
      try {
        if (details === undefined) logger[level](message)
        else logger[level](message, details)
      } catch {
        // There is nowhere left to say it.
      }
    }
  const warnings = calmly(say('warn'), { clock, what: 'warnings' })
  const errors = calmly(say('error'), { clock, what: 'errors' })
  return {
    debug: say('debug'),
    info: say('info'),
    warn: warnings.say,
    error: errors.say,
    end() {
      warnings.end()
      errors.end()
    },
  }
}

type Say = Logger['warn']

function calmly(
  tell: Say,
  { clock, what }: { readonly clock: Pick<Clock, 'after' | 'monotonic'>; readonly what: string },
): { readonly say: Say; end(): void } {
  let lines = new Map<string, Line>()
  /** How many texts of one form have lines of their own. */
  let alike = new Map<string, number>()
  let endsAtMs = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  let ended = false

  const endMinute = (): void => {
    cancel?.()
    cancel = undefined
    // What is told now is told again in a minute, and not before.
    const repeated = [...lines].filter(([, { times }]) => times > 0)
    for (const [, { message, details, times }] of repeated) tell(message, { ...details, times })
    lines = new Map(repeated.map(([key, line]) => [key, { ...line, times: 0 }]))
    alike = new Map()
    endsAtMs = clock.monotonic() + MINUTE_MS
  }

  /** What was only counted is told although nothing follows it. */
  const tellLater = (): void => {
    cancel ??= clock.after(Math.max(0, endsAtMs - clock.monotonic()), endMinute)
  }

  /** The line that a text belongs to: one of its own, of its form, or of everything else. */
  const placeOf = (message: string, details: LogDetails | undefined): Place => {
    const namespace = String(details?.['namespace'] ?? '')
    const own = { key: `${namespace} ${message}`, is: 'own' } as const
    if (lines.has(own.key)) return own
    const form = { key: `${namespace}\n${formOf(message)}`, is: 'form' } as const
    if (lines.has(form.key)) return form
    if (lines.size >= MOST_LINES) return { key: '', is: 'rest' }
    const before = alike.get(form.key) ?? 0
    alike.set(form.key, before + 1)
    return before < ALIKE ? own : form
  }

  const sayCalmly: Say = (message, details) => {
    if (ended) return tell(message, details)
    if (clock.monotonic() >= endsAtMs) endMinute()
    const { key, is } = placeOf(message, details)
    const line = lines.get(key)
    if (line === undefined && is === 'own') {
      lines.set(key, { message, details, times: 0 })
      tell(message, details)
      return
    }
    const last =
      is === 'rest'
        ? { message: `more ${what} came within a minute than are logged one by one`, details: undefined }
        : { message, details }
    lines.set(key, { ...last, times: (line?.times ?? 0) + 1 })
    tellLater()
  }
  return {
    say: sayCalmly,
    end() {
      ended = true
      endMinute()
    },
  }
}

interface Place {
  readonly key: string
  readonly is: 'own' | 'form' | 'rest'
}

/** A text with its numbers, digests and positions left out. */
function formOf(message: string): string {
  return message.replace(/\b(?:[0-9a-f]{8,}|[0-9a-f]*[0-9][0-9a-f]*)\b/gi, '#')
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

function assertLogger(logger: Partial<Logger> | null): void {
  if (LEVELS.every(level => typeof logger?.[level] === 'function')) return
  throw new NoticeboardError(
    'invalid-option',
    'logger must have the functions debug, info, warn and error, as console has',
  )
}
