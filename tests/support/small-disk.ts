import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, type TestContext } from 'vitest'

/**
 * A file system of 8 MiB, which is gone with the test. Skips the test where this process may not
 * mount one.
 */
export async function smallDisk(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-full-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    // Needs root and a system with mounts.
    context.skip('mounting a small tmpfs is not permitted here')
  }
  onTestFinished(() => void execFileSync('umount', [folder]))
  return folder
}

/** Fills what is left, to the last byte. */
export async function fill(path: string): Promise<void> {
  for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
    for (;;) {
      try {
        await writeFile(path, new Uint8Array(size), { flag: 'a' })
      } catch {
        // Full, for pieces of this size.
        break
      }
    }
  }
}
