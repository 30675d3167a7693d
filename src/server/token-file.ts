import { dirname } from 'node:path'
import { NoticeboardError } from '../contracts/errors.js'
import type { Random } from '../contracts/system.js'
import { decodeText } from '../core/json/strict-parse.js'
import { encodeText } from '../core/json/text.js'
import { toHex } from '../core/release/digest.js'
import { claimName } from '../node/disk/claim-name.js'
import { nodeFs } from '../node/disk/node-fs.js'
import { doing } from '../node/disk/system-error.js'

/** How many random bytes a token is made of. */
const TOKEN_BYTES = 32

/** More than the longest token, with the end of its line. */
const MAX_FILE_BYTES = 1_024

/**
 * The token in a file; made at the first start, with mode 0600. Of several processes that start at
 * the same time one makes it and the others read it. Throws `invalid-data` when the file holds no
 * token, and `unavailable` where the disk refuses to make or read it.
 */
export async function readOrCreateToken(
  path: string,
  random: Random,
): Promise<{ readonly token: string; readonly created: boolean }> {
  const hidden = nodeFs({ ownedAs: dirname(path), symbolicLinks: 'follow' })
  const kept = (): Promise<Uint8Array | undefined> =>
    doing(`read the token in ${path}`, () => hidden.read(path, MAX_FILE_BYTES))

  // Looked for before one is made, so that a disk that cannot be written to serves as before.
  let bytes = await kept()
  if (bytes === undefined) {
    const token = toHex(random.bytes(TOKEN_BYTES))
    const outcome = await doing(`make a token in ${path}`, async () => {
      // The folders on the way are nobody's secret: the private half of a board lies in one that
      // web servers enter.
      await nodeFs({ folderMode: 0o755, ownedAs: dirname(path) }).makeFolder(dirname(dirname(path)))
      await hidden.makeFolder(dirname(path))
      const aside = `${path}.${toHex(random.bytes(6))}.new`
      return claimName(hidden, path, { bytes: encodeText(`${token}\n`), aside })
    })
    if (outcome === 'linked') return { token, created: true }
    bytes = await kept()
  }
  const token = bytes === undefined ? '' : decodeText(bytes, path).trim()
  if (/^[\x21-\x7e]{16,512}$/.test(token)) return { token, created: false }
  throw new NoticeboardError(
    'invalid-data',
    `${path} holds no token; remove the file, and the next start makes a new one`,
  )
}
