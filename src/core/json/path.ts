/** One step of a path: an object's key or an array's index. */
export type Step = string | number

/**
 * The path one step further: `servers` and 2 and `host` make `servers[2].host`.
 *
 * ```ts
 * joinPath('pools', 0) // 'pools[0]'
 * ```
 */
export function joinPath(path: string, step: Step): string {
  if (typeof step === 'number') return `${path}[${step}]`
  const shown = showKey(step)
  return path === '' ? shown : `${path}.${shown}`
}

/**
 * A whole path from its steps.
 *
 * ```ts
 * formatPath(['pools', 0, 'size']) // 'pools[0].size'
 * ```
 */
export function formatPath(steps: readonly Step[]): string {
  return steps.reduce<string>(joinPath, '')
}

const NAME = /^[A-Za-z_$][A-Za-z0-9_$-]{0,63}$/

/** Keys that do not look like a name somebody chose for a setting may be data themselves, and print as `*`. */
function showKey(key: string): string {
  return NAME.test(key) ? key : '*'
}
