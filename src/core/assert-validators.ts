import { NoticeboardError } from '../contracts/errors.js'
import type { Validator } from '../contracts/validator.js'
import { isLine } from './json/text.js'

/**
 * Throws `invalid-option` for validators that could not be asked, which would refuse every
 * document. `whose` says whose they are: `createClient()`.
 *
 * ```ts
 * assertValidators('createClient()', [{ name: 'database', validate: checkPool }])
 * ```
 */
export function assertValidators(whose: string, validators: readonly Validator<never>[]): void {
  if (Array.isArray(validators) && validators.every(isValidator)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: validators must be a list of { name, validate }, a name of one line and a function`,
  )
}

function isValidator(value: unknown): boolean {
  const { name, validate } = (value ?? {}) as Partial<Validator>
  return isLine(name) && typeof validate === 'function'
}
