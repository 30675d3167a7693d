import { NoticeboardError } from '../contracts/errors.js'
import { nearest } from './nearest.js'

/**
 * Whether an option is a number above 0; `Infinity` is one. JavaScript compares texts and `null`
 * with numbers as well, so comparing alone lets them pass.
 */
export function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0
}

/** The names of all options of a type, so that none can be forgotten and none is left over. */
export type OptionNames<Options extends object> = Readonly<Record<keyof Options, true>>

/**
 * Throws `invalid-option` for an option that is not known, and names the one that was probably
 * meant. `name` says whose options they are: `memory()`. Options that were left out are fine.
 *
 * ```ts
 * checkOptions('bucket()', options, { prefix: true, timeoutMs: true })
 * ```
 */
export function checkOptions<Options extends object>(
  name: string,
  options: Options | undefined,
  known: OptionNames<Options>,
): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null)
    throw new NoticeboardError('invalid-option', `${name}: options must be an object such as {}`)
  const names = Object.keys(known)
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(known, option)) continue
    const meant = nearest(option, names)
    throw new NoticeboardError(
      'invalid-option',
      `${name} has no option ${JSON.stringify(option.slice(0, 40))}; ${
        meant === undefined ? `it has ${names.join(', ')}` : `did you mean ${meant}?`
      }`,
    )
  }
}

/**
 * Throws `invalid-option`, naming the option, unless each of the given numbers is finite and
 * greater than 0. `name` says whose options they are: `pull`. What is undefined is fine.
 */
export function checkPositive(name: string, options: object): void {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue
    const shown = typeof value === 'number' ? String(value) : typeof value
    throw new NoticeboardError(
      'invalid-option',
      `${name}: ${option} is ${shown}; it must be a number greater than 0`,
    )
  }
}
