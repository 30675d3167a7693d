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

/**
 * The path one step further with the key as it is, quoted where it is no plain name: for who wrote
 * the document, and for diffs. For anybody else {@link joinPath}, since a key may be data.
 *
 * ```ts
 * exactPath('hosts', 'web 1') // 'hosts["web 1"]'
 * ```
 */
export function exactPath(path: string, step: Step): string {
  if (typeof step === 'number') return `${path}[${step}]`
  if (!/^[A-Za-z_$][\w$-]*$/.test(step)) return `${path}[${JSON.stringify(step)}]`
  return path === '' ? step : `${path}.${step}`
}

const NAME = /^[A-Za-z_$][A-Za-z0-9_$-]{0,63}$/

/**
 * Keys that do not look like a name somebody chose for a setting may be data themselves, and print
 * as `*`.
 */
function showKey(key: string): string {
  return NAME.test(key) ? key : '*'
}
