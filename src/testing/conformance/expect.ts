import { settlesWithin } from '../../async/deadline.js'
import { isNoticeboardError, type ErrorCode, type NoticeboardError } from '../../contracts/errors.js'
import { systemClock } from '../../system/system.js'
import { errorMessage, isBytes, isError } from '../../core/built-ins.js'

/** Says that a promise was broken, and by which error where there is one. */
export function fail(message: string, options?: { readonly cause: unknown }): never {
  throw new Error(message, options)
}

/** The outcome of a step. Fails, with the step's name, when there is none in time. */
export async function within<T>(what: string, promise: Promise<T>, timeoutMs: number): Promise<T> {
  if (await settlesWithin(promise, { clock: systemClock, timeoutMs })) return promise
  return fail(`${what} did not end within ${timeoutMs} ms`)
}

/**
 * Fails unless both are the same bytes; tells lengths and the first difference, never what the
 * bytes say.
 */
export function expectBytes(what: string, actual: Uint8Array | undefined, expected: Uint8Array): void {
  if (!isBytes(actual)) fail(`${what}: ${expected.length} bytes were expected, and none came`)
  const length = Math.min(actual.length, expected.length)
  for (let index = 0; index < length; index += 1) {
    if (actual[index] !== expected[index]) fail(`${what}: byte ${index} of ${expected.length} differs`)
  }
  if (actual.length !== expected.length)
    fail(`${what}: ${actual.length} bytes came instead of ${expected.length}`)
}

/** Fails unless both are equal; for words and numbers that are safe to print. */
export function expectEqual<T extends string | number | boolean | undefined>(
  what: string,
  actual: T,
  expected: T,
): void {
  if (actual !== expected)
    fail(`${what}: it is ${JSON.stringify(actual)}, and ${JSON.stringify(expected)} was expected`)
}

/**
 * The refusal that a call must end in. Fails when it succeeds, or when the error is not one of
 * ours, or of another code.
 */
export async function expectRefusal(
  what: string,
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<NoticeboardError> {
  let outcome: string
  let because: { readonly cause: unknown } | undefined
  try {
    const value = await promise
    outcome = typeof value === 'string' ? `it resolved to ${JSON.stringify(value)}` : 'it resolved'
  } catch (error) {
    if (isNoticeboardError(error) && (codes.length === 0 || codes.includes(error.code))) return error
    because = { cause: error }
    if (isNoticeboardError(error)) outcome = `it threw ${error.code} (${error.message})`
    else
      outcome = `it threw ${isError(error) ? `${error.name}: ${error.message}` : typeof error}, which is no NoticeboardError`
  }
  return fail(
    `${what}: ${codes.length === 0 ? 'a NoticeboardError' : codes.join(' or ')} was expected, but ${outcome}`,
    because,
  )
}

/** Resolves once the promise is settled, either way. */
export async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.then(
    () => {},
    () => {},
  )
}

/**
 * Tries again and again until a step stops failing; fails with its last error when it does not in
 * time.
 */
export async function eventually<T>(what: string, run: () => Promise<T>, timeoutMs: number): Promise<T> {
  const endMs = systemClock.monotonic() + timeoutMs
  const never = new AbortController().signal
  for (;;) {
    try {
      return await within(what, run(), timeoutMs)
    } catch (error) {
      if (systemClock.monotonic() >= endMs) {
        return fail(`${what} did not come to work within ${timeoutMs} ms; at last: ${errorMessage(error)}`, {
          cause: error,
        })
      }
    }
    await systemClock.sleep(20, never)
  }
}
