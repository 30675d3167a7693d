/**
 * Ends a process as a crash does; nothing where it has ended already.
 *
 * ```ts
 * endProcess(child.pid)
 * ```
 */
export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was faster.
  }
}
