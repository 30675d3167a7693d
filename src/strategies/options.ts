import { NoticeboardError } from '../contracts/errors.js'

/** Throws `invalid-option`, naming the option, unless each of the given numbers is finite and greater than 0. */
export function checkPositive(strategy: string, options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) continue
    const shown = typeof value === 'number' ? String(value) : typeof value
    throw new NoticeboardError(
      'invalid-option',
      `${strategy}: ${name} is ${shown}; it must be a number greater than 0`,
    )
  }
}

/** Throws `invalid-option` unless the thing has the methods of a transport that the strategy calls. */
export function checkMethods(
  strategy: string,
  what: string,
  thing: unknown,
  methods: readonly string[],
): void {
  for (const method of methods) {
    const found =
      typeof thing === 'object' && thing !== null ? (thing as Record<string, unknown>)[method] : undefined
    if (typeof found === 'function') continue
    const instead =
      method === 'watch'
        ? `use pull(transport) over a transport that does not notify`
        : `give it what memory(), http(…) or another transport function returns`
    throw new NoticeboardError('invalid-option', `${strategy} needs ${what} with ${method}(); ${instead}`)
  }
}
