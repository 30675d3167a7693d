import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NoticeboardError } from '../contracts/errors.js'
import type { Random } from '../contracts/system.js'
import { toHex } from '../core/release/digest.js'

/** How many random bytes a token is made of. */
const TOKEN_BYTES = 32

/**
 * The token in a file; made at the first start, with mode 0600. Of several processes that start at the same time
 * one makes it and the others read it. Throws `invalid-data` when the file holds no token.
 */
export async function readOrCreateToken(
  path: string,
  random: Random,
): Promise<{ readonly token: string; readonly created: boolean }> {
  const token = toHex(random.bytes(TOKEN_BYTES))
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(`${token}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    return { token, created: true }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
  const kept = (await readFile(path, 'utf8')).trim()
  if (/^[\x21-\x7e]{16,512}$/.test(kept)) return { token: kept, created: false }
  throw new NoticeboardError(
    'invalid-data',
    `${path} holds no token; remove it, and a new one is made at the next start`,
  )
}
