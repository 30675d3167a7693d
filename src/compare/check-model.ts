import { NoticeboardError } from '../contracts/errors.js'

/** How long the name of a model may be. */
const LONGEST_NAME = 80

/**
 * Throws `invalid-option` for what is no model; `who` says which one it is.
 *
 * ```ts
 * checkModel('compare(): models[0]', model)
 * ```
 */
export function checkModel(
  who: string,
  model: { readonly name: unknown; readonly shape?: unknown; readonly strategy?: unknown },
): void {
  const refuse = (problem: string): never => {
    throw new NoticeboardError('invalid-option', `${who}${problem}`)
  }
  if (typeof model !== 'object' || model === null) refuse(' must be a model, such as hybridModel()')
  const { name, shape, strategy } = model
  checkName(`${who}.name`, name)
  if (shape !== undefined && (typeof shape !== 'object' || shape === null))
    refuse('.shape must be that of a model of noticeboard/compare, such as hybridModel().shape')
  if (strategy !== undefined && typeof strategy !== 'function')
    refuse('.strategy must be a function that takes a transport and returns a strategy')
}

/**
 * Throws `invalid-option` for what is no name of a model; `who` says whose it is.
 *
 * ```ts
 * checkName('pushModel(): name', options.name)
 * ```
 */
export function checkName(who: string, name: unknown): void {
  if (typeof name === 'string' && name.length >= 1 && name.length <= LONGEST_NAME && !/\p{Cc}/u.test(name))
    return
  throw new NoticeboardError(
    'invalid-option',
    `${who} must be a text of 1 to ${LONGEST_NAME} characters in one line`,
  )
}
