import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/**
 * Copies a folder beside itself, with owners and times; returns what puts the copy in its place,
 * once.
 */
export async function copyFolder(folder: string): Promise<() => Promise<void>> {
  const copied = `${folder}-copied`
  await rm(copied, { recursive: true, force: true })
  await run('cp', ['-a', folder, copied])
  return async () => {
    await rm(folder, { recursive: true, force: true })
    await run('mv', [copied, folder])
  }
}
