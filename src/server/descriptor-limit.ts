import { readFileSync } from 'node:fs'

const OPEN_FILES = /^Max open files\s+(\d+)/m

/**
 * How many files and connections this process may have open; infinite where the system does not
 * tell it. Node has raised it to what its user may raise it to.
 *
 * ```ts
 * descriptorLimit() // 20000
 * ```
 */
export function descriptorLimit(): number {
  try {
    return Number(OPEN_FILES.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    // Not Linux.
    return Number.POSITIVE_INFINITY
  }
}
