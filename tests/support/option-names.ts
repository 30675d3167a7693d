import { isNoticeboardError } from '../../src/contracts/errors.js'

/** The options that a function has, as its own refusal of an unknown one lists them. */
export function optionNames(make: (options: object) => unknown): readonly string[] {
  return namesIn(refusalOf(() => make({ qqqqqqqqqqqqqqqqqqqq: 1 })))
}

function namesIn(refusal: ReturnType<typeof refusalOf>): readonly string[] {
  const [, names = ''] = /; it has (.*)$/.exec(refusal.message) ?? []
  if (names === '') throw new Error(`an unknown option is not refused by name: ${refusal.message}`)
  return names.split(', ')
}

/**
 * What a call with a wrong option throws, at once; fails when it throws nothing, or nothing of
 * ours.
 */
export function refusalOf(call: () => unknown): { readonly code: string; readonly message: string } {
  try {
    call()
  } catch (error) {
    if (isNoticeboardError(error)) return error
    throw new Error('what it throws is not of the package', { cause: error })
  }
  throw new Error('nothing was thrown')
}

/** The same of a call that may throw later. */
export async function laterRefusalOf(call: () => unknown): Promise<ReturnType<typeof refusalOf>> {
  let error: unknown
  try {
    await call()
  } catch (caught) {
    error = caught
  }
  if (isNoticeboardError(error)) return error
  throw new Error(error === undefined ? 'nothing was thrown' : 'what it throws is not of the package', {
    cause: error,
  })
}

/** {@link optionNames} of a function that may refuse later. */
export async function laterOptionNames(make: (options: object) => unknown): Promise<readonly string[]> {
  return namesIn(await laterRefusalOf(() => make({ qqqqqqqqqqqqqqqqqqqq: 1 })))
}

/** Numbers that no option takes. */
export const NO_NUMBERS: readonly unknown[] = [0, -1, Number.NaN, '5', null]

/** Whether an option is a number, by its name: a time, a most, or a share. */
export function isNumeric(name: string): boolean {
  return /Ms$|Bytes$|^max[A-Z]|^share$/.test(name)
}
