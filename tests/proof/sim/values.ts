import type { ErrorCode } from '../../../src/contracts/errors.js'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Logger } from '../../../src/contracts/system.js'
import type { World } from './world.js'

/** Part of every document's text: a mark that must not come up anywhere but in documents. */
export const SECRET = 'hunter2'

/**
 * Whether the mark is said anywhere in it: in texts, keys, bytes, and all of an error, with its
 * cause and those that it gathers.
 */
export function saysAValue(said: unknown, met: Set<object> = new Set()): boolean {
  if (typeof said === 'string') return said.includes(SECRET)
  if (typeof said !== 'object' || said === null || met.has(said)) return false
  met.add(said)
  if (said instanceof Uint8Array) return new TextDecoder().decode(said).includes(SECRET)
  if (said instanceof Map) return saysAValue([...(said as Map<unknown, unknown>)], met)
  if (said instanceof Set) return saysAValue([...(said as Set<unknown>)], met)
  // By name, since what an error says is mostly not enumerable; but for getters, which may do
  // anything.
  return Object.entries(Object.getOwnPropertyDescriptors(said)).some(
    ([name, { value }]) => name.includes(SECRET) || saysAValue(value, met),
  )
}

/** Line 10 for whatever leaves a program beside its documents. */
export function mustNotSay({ truth }: Pick<World, 'truth'>, who: string, said: unknown): void {
  if (saysAValue(said)) truth.violate('values-never-appear', `${who} said a value`)
}

/** The closed set, in full: the compiler sees to that. */
const CODES: Readonly<Record<ErrorCode, true>> = {
  'not-ready': true,
  'not-found': true,
  unavailable: true,
  'rate-limited': true,
  'invalid-document': true,
  unauthorized: true,
  forbidden: true,
  conflict: true,
  'no-watch': true,
  'invalid-data': true,
  'digest-mismatch': true,
  'too-large': true,
  unsupported: true,
  fork: true,
  'store-damaged': true,
  'rollout-in-progress': true,
  'fleet-unknown': true,
  'no-controller': true,
  withdrawn: true,
  vetoed: true,
  'invalid-option': true,
  timeout: true,
  closed: true,
  internal: true,
}

/**
 * What an error met is, in a trace. One that is not of the closed set, or a bug of ours, is a
 * violation; and none of them says a value.
 */
export function judgeError({ truth }: Pick<World, 'truth'>, who: string, error: unknown): string {
  mustNotSay({ truth }, who, error)
  if (isNoticeboardError(error) && error.code !== 'internal' && isCode(error.code)) return error.code
  const [outer, inner] = [error, error instanceof Error ? error.cause : undefined].map(each =>
    each instanceof Error ? (each.stack ?? each.message) : String(each),
  )
  truth.violate('one-error-class', `${who} met ${outer}, since ${inner}`)
  return isNoticeboardError(error) ? error.code : 'other'
}

/** Whether it is of the closed set. */
export function isCode(code: string): boolean {
  return Object.hasOwn(CODES, code)
}

/** Hears everything, and looks whether a value was said, or a bug of ours. */
export function loggerOf({ truth }: Pick<World, 'truth'>, name: string): Logger {
  const hear = (message: string, details: { readonly code?: unknown } = {}): void => {
    mustNotSay({ truth }, `the log of ${name}`, [message, details])
    if (details.code === 'internal')
      truth.violate('one-error-class', `the log of ${name} says: ${message} ${JSON.stringify(details)}`)
  }
  return { debug: hear, info: hear, warn: hear, error: hear }
}
