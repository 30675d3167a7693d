import { isNoticeboardError, type ErrorCode, type NoticeboardError } from '../../../src/contracts/errors.js'

/** Every code there is. A code that is missing here, or is no code any more, does not compile. */
const CODES: Readonly<Record<ErrorCode, true>> = {
  'not-ready': true, 'not-found': true, unavailable: true, 'rate-limited': true, 'invalid-document': true, unauthorized: true, forbidden: true, conflict: true, 'rollout-in-progress': true, 'fleet-unknown': true, 'no-controller': true, withdrawn: true, 'no-watch': true, 'invalid-data': true, 'digest-mismatch': true,
  'too-large': true, unsupported: true, fork: true, 'store-damaged': true, vetoed: true, 'invalid-option': true, timeout: true, closed: true, internal: true,
} // prettier-ignore

/** Stands among the values of every corpus; an error that quotes it quotes a configuration. */
export const SECRET = 'zq canary 7'

/** A promise that a parser broke. */
export function violation(what: string): Error {
  return new Error(what)
}

export type Outcome<Value> =
  | { readonly type: 'read'; readonly value: Value }
  | { readonly type: 'refused'; readonly error: NoticeboardError }

/**
 * Runs a parser: anything that is thrown must be ours, of one of the codes that it promises, and
 * hold no value.
 */
export function attempt<Value>(parse: () => Value, codes: readonly ErrorCode[]): Outcome<Value> {
  try {
    return { type: 'read', value: parse() }
  } catch (error) {
    return { type: 'refused', error: refusalOf(error, codes) }
  }
}

/** The same for what was thrown already. */
export function refusalOf(error: unknown, codes: readonly ErrorCode[]): NoticeboardError {
  if (!isNoticeboardError(error)) throw new Error(`an unknown error: ${String(error)}`, { cause: error })
  if (!Object.hasOwn(CODES, error.code)) throw violation(`a code outside of the closed set: ${error.code}`)
  if (!codes.includes(error.code))
    throw violation(`the code ${error.code} is not one that is promised here: ${error.message}`)
  if (error.message.length > 1_000) throw violation(`a message of ${error.message.length} characters`)
  if (error.message.includes(SECRET) || JSON.stringify(error.issues).includes(SECRET))
    throw violation('an error quotes a value')
  return error
}

const inherited = Object.getOwnPropertyNames(Object.prototype).length
const ofArrays = Object.getOwnPropertyNames(Array.prototype).length

/** Throws when an input left something on a prototype that everything inherits from. */
export function checkPrototypes(): void {
  if (Object.getOwnPropertyNames(Object.prototype).length !== inherited)
    throw violation('Object.prototype was changed')
  if (Object.getOwnPropertyNames(Array.prototype).length !== ofArrays)
    throw violation('Array.prototype was changed')
}

/**
 * Whether a text holds half of a surrogate pair, which has no bytes: encoding and decoding replaces
 * it.
 */
export function hasHalfPair(text: string): boolean {
  return HALF.test(text) && decoder.decode(encoder.encode(text)) !== text
}

const HALF = /[\ud800-\udfff]/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
