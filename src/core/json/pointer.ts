/**
 * The steps of a JSON Pointer, also in its fragment form.
 *
 * ```ts
 * pointerSteps('#/servers/0/host') // ['servers', '0', 'host']
 * ```
 */
export function pointerSteps(pointer: string): readonly string[] {
  return pointer
    .replace(/^#/, '')
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/**
 * The value at some steps inside of another; undefined where there is none.
 *
 * ```ts
 * valueAt({ servers: [{ host: 'a' }] }, ['servers', 0, 'host']) // 'a'
 * ```
 */
export function valueAt(value: unknown, steps: readonly (string | number)[]): unknown {
  return steps.reduce<unknown>(memberAt, value)
}

/**
 * An own member of an object, or an item of an array; undefined where there is none.
 *
 * ```ts
 * memberAt({ pool: 8 }, 'pool') // 8
 * ```
 */
export function memberAt(value: unknown, step: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, step)
    ? (value as Readonly<Record<string | number, unknown>>)[step]
    : undefined
}
