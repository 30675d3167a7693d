import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** The processes that a process has started and that have not ended. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const children = text.split(' ').filter(Boolean).map(Number)
  const runs = await Promise.all(children.map(isRunning))
  return children.filter((_, index) => runs[index])
}

/** The processes that this one has started, from whichever of its threads, and that still run. */
export function ownChildren(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap(task =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
}

/** Whether there is such a process, and not only what is left of it until somebody asks for it. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // Behind the name, which may hold anything.
    return !'ZX'.includes(stat[stat.lastIndexOf(')') + 2] ?? 'X')
  } catch {
    return false
  }
}
