/**
 * Clients by what they are, in one line; undefined where nobody was counted.
 *
 * ```ts
 * sayCounts({ live: 60, exposed: 12, control: 48, controlFailed: 1, controlHeard: 47, baking: 8, healthy: 4 })
 * // clients: 12 exposed (8 baking, 4 healthy), 48 outside (47 heard, 1 failed), 60 live when the stage began
 * ```
 */
export function sayCounts(counts: Readonly<Record<string, number>>): string | undefined {
  // Those without protection are among the others, and have a line of their own.
  const { live, exposed, control, controlFailed = 0, controlHeard = 0, unprotected: _, ...others } = counts
  const are = Object.entries(others).map(([name, count]) => `${count} ${sayName(name)}`)
  const outside = [`${controlHeard} heard`, ...(controlFailed === 0 ? [] : [`${controlFailed} failed`])]
  const groups = [
    ...(exposed === undefined ? are : [`${exposed} exposed${inBrackets(are)}`]),
    ...(control === undefined ? [] : [`${control} outside${control === 0 ? '' : inBrackets(outside)}`]),
    ...(live === undefined ? [] : [`${live} live when the stage began`]),
  ]
  return groups.length === 0 ? undefined : `clients: ${groups.join(', ')}`
}

/** `left-out:stopped` as people say it. */
function sayName(name: string): string {
  return name.replace(/^left-out:/, 'left out:').replace(/:/, ': ')
}

function inBrackets(parts: readonly string[]): string {
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
