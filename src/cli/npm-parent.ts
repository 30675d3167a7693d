import { readFile } from 'node:fs/promises'
import type { Clock } from '../contracts/system.js'

/** How often the processes above this one are looked at, in milliseconds. */
const LOOK_MS = 1_000

/**
 * Whether npm runs this command as all that `npx` or a script of package.json does, in the
 * foreground: then the processes above this one are npm's own. npm ends on a signal without passing
 * it on to what its shell runs.
 *
 * ```ts
 * if (isRunByNpm(process.env)) void endWithParents()
 * ```
 */
export function isRunByNpm(env: Readonly<Record<string, string | undefined>>): boolean {
  return /^(["']?)noticeboard\1(\s[^&;|]*)?$/.test(env['npm_lifecycle_script'] ?? '')
}

/**
 * Resolves once the process that started this one is gone, or where the system tells it (Linux),
 * the one above that. Rejects when the signal aborts. `parents` names them both.
 *
 * ```ts
 * await whenParentsAreGone({ clock: systemClock, parents: parentsOf }, signal)
 * ```
 */
export async function whenParentsAreGone(
  { clock, parents }: { readonly clock: Pick<Clock, 'sleep'>; readonly parents: () => Promise<string> },
  signal: AbortSignal,
): Promise<void> {
  const before = await parents()
  do await clock.sleep(LOOK_MS, signal)
  while (!signal.aborted && (await parents()) === before)
  signal.throwIfAborted()
}

/**
 * The numbers of the processes above this one: who loses its parent gets another. Never rejects.
 *
 * ```ts
 * await parentsOf() // '4711 of 4709'
 * ```
 */
export async function parentsOf(): Promise<string> {
  const { ppid } = process
  try {
    const stat = await readFile(`/proc/${ppid}/stat`, 'utf8')
    // The name stands in parentheses and may hold anything; state and parent follow.
    return `${ppid} of ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]}`
  } catch {
    // There is no such file on other systems, nor of a process that is gone.
    return String(ppid)
  }
}
