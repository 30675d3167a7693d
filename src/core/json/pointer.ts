/**
 * The steps of a JSON Pointer, also in its fragment form, which is percent-encoded.
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
    .map(step => (pointer.startsWith('#') ? decoded(step) : step).replaceAll('~1', '/').replaceAll('~0', '~'))
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step)
  } catch {
    // A lone percent sign stands for itself.
    return step
  }
}

/**
 * Some steps as a JSON Pointer in its fragment form, for people: nothing is percent-encoded.
 *
 * ```ts
 * formatPointer(['servers', 0, 'a/b']) // '#/servers/0/a~1b'
 * ```
 */
export function formatPointer(steps: readonly (string | number)[]): string {
  return ['#', ...steps.map(step => String(step).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/')
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
