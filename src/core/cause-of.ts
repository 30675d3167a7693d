import { isNoticeboardError } from '../contracts/errors.js'
import { isError } from './built-ins.js'
import { oneLine } from './json/text.js'

/** How far causes of causes are followed. */
const CAUSES_FOLLOWED = 4

/** How long what is told of them is, in UTF-16 code units. */
const MAX_CAUSE_LENGTH = 200

/** Shorter words without a digit are an error's own, also where a value has them by chance. */
const MIN_WORD_LENGTH = 3

/**
 * Where an error holds what it may say, where more has to be left out than shows in its words. For
 * all copies of the library in a process.
 */
const said = Symbol.for('noticeboard.said')

/**
 * What was thrown underneath one of our errors, in its author's words, for the operator's log and
 * not for whoever asks: a driver's, an engine's, a command's. One line of 200 characters at most,
 * without what may be a value or a secret: what stands in quotes or brackets, long runs of letters
 * and digits, credentials and paths of URLs. Undefined where nothing is known.
 *
 * ```ts
 * logger.error(error.message, { namespace, cause: causeOf(error) })
 * ```
 */
export function causeOf(error: unknown): string | undefined {
  if (!isNoticeboardError(error)) return undefined
  const texts = new Set<string>()
  for (const cause of causesOf(error.cause)) texts.add(saidBy(cause) ?? wordsOf(cause))
  texts.delete('')
  return texts.size === 0 ? undefined : oneLine([...texts].join(': '), MAX_CAUSE_LENGTH)
}

/**
 * Leaves the words of these values out of what {@link causeOf} tells of an error: for whoever knows
 * what was at hand when it was thrown.
 *
 * ```ts
 * hideValues(error, batch.put.map(({ value }) => value))
 * ```
 */
export function hideValues(error: unknown, values: readonly Uint8Array[]): void {
  const texts = values.map(value => new TextDecoder().decode(value))
  for (const cause of causesOf(error)) {
    const left = oneLine(wordsOf(cause), MAX_CAUSE_LENGTH).replace(/[\p{L}\p{N}]+/gu, word => {
      const mayBeValue = word.length >= MIN_WORD_LENGTH || /\p{N}/u.test(word)
      return mayBeValue && texts.some(text => text.includes(word)) ? '…' : word
    })
    try {
      Object.defineProperty(cause, said, { value: left, configurable: true })
    } catch {
      // It is frozen: what its words show has to do.
    }
  }
}

function saidBy(error: Error): string | undefined {
  const { [said]: text } = error as { readonly [said]?: unknown }
  return typeof text === 'string' ? text : undefined
}

/** An error and what caused it, the outermost first. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = []
  for (let cause = error; isError(cause) && causes.length < CAUSES_FOLLOWED; cause = cause.cause)
    causes.push(cause)
  return causes
}

/** The words of an error: all of ours, which hold no value, and of another what is no quotation. */
function wordsOf(error: Error): string {
  if (isNoticeboardError(error)) return error.message
  const { code } = error as { readonly code?: unknown }
  const mark = typeof code === 'string' && /^[A-Z0-9_]{3,40}$/.test(code) ? code : ''
  // Cut before it is looked through: who wrote it chose its length.
  const words = withoutQuotations(oneLine(error.message, 10 * MAX_CAUSE_LENGTH))
  if (words === '') return mark === '' ? error.name : mark
  return mark === '' || words.includes(mark) ? words : `${mark} ${words}`
}

/**
 * From the first mark of each kind to the last one, or to the end: a quotation that holds such
 * marks itself, or was cut, is left out as a whole.
 */
function withoutQuotations(text: string): string {
  return text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@]*@)?([^\s/?#"'`]*)[^\s"'`]*/gi, '$1$2')
    .replace(/[{[<](?:.*[}\]>]|.*$)/, '…')
    .replace(/"(?:.*"|.*$)/, '…')
    .replace(/`(?:.*`|.*$)/, '…')
    .replace(/(?<!\p{L})'(?:.*'(?!\p{L})|.*$)/u, '…')
    .replace(/=\S+/g, '=…')
    .replace(/[\w+/-]{32,}={0,2}/g, '…')
    .replace(/\s+/g, ' ')
    .trim()
}
