import { readFileSync } from 'node:fs'

/** Names the boot of the machine where none is known. */
export const UNKNOWN_BOOT = 'unknown'

/**
 * Names the boot of this machine and the start of this process, on Linux: `<boot id>.<clock ticks>`.
 * A process number that is used again comes with another start.
 */
export function ownBootId(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const ticks = startOf('self')
    return boot === '' || ticks === undefined ? UNKNOWN_BOOT : `${boot}.${ticks}`
  } catch {
    // Not on Linux, or /proc is out of sight.
    return UNKNOWN_BOOT
  }
}

/** The boot alone, without the start of the process. */
export function bootOf(bootId: string): string {
  return bootId.split('.')[0] ?? bootId
}

/** The start of the process alone; undefined where it is not known. */
export function ticksOf(bootId: string): string | undefined {
  return bootId.split('.')[1]
}

/**
 * When a process of this machine started, in clock ticks since the boot: field 22 of proc(5),
 * `stat`; `ended` when it only waits for its parent to hear that. Undefined where it is not known.
 */
export function startOf(pid: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the program's name in brackets, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19]
  } catch {
    return undefined
  }
}
