import { dirname, join } from 'node:path'
import type { TokenRecord, TokenSource } from '../../contracts/access.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Fs, Logger, System } from '../../contracts/system.js'
import { decodeTokenRecord, encodeTokenRecord, isTokenName } from '../../core/access/token.js'
import { MAX_TOKEN_FILE_BYTES } from '../../core/limits.js'
import { checkOptions } from '../../core/options.js'
import { toHex } from '../../core/release/digest.js'
import { readSystem } from '../../system/system.js'
import { claimName } from '../disk/claim-name.js'
import { nodeFs } from '../disk/node-fs.js'
import { doing, forLog } from '../disk/system-error.js'

/** How a folder of tokens is used. */
export interface TokenFolderOptions {
  /** The disk. Default: the machine's. */
  readonly fs?: Fs
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /** Default: silent. */
  readonly logger?: Logger
}

/** A folder of tokens, a file each. */
export interface TokenFolder extends TokenSource {
  /**
   * Keeps a token. Throws `conflict` when there is one of its name.
   *
   * ```ts
   * const { token, record } = makeToken('ci')
   * await tokens.create(record)
   * ```
   */
  create(record: TokenRecord): Promise<void>
  /**
   * Removes a token; false when there is none of that name. Servers notice within a second or two.
   * Throws `unavailable` where the disk refuses.
   *
   * ```ts
   * if (!(await tokens.revoke('ci'))) console.error('there is no token of that name')
   * ```
   */
  revoke(name: string): Promise<boolean>
}

/** After how long every file is read again although none came or went, in milliseconds. */
const READ_ANEW_MS = 60_000

/**
 * What a file system's clock may be coarse by, in milliseconds: so long a change may be followed by
 * another that looks the same.
 */
const COARSE_MS = 3_000

const ENDING = '.json'

/**
 * The tokens in a folder, such as `private/tokens` of a board; see docs/formats.md. A file that
 * cannot be read as a token grants nothing, and is told to the logger. Nothing is opened before the
 * first call. Throws `invalid-option`.
 *
 * ```ts
 * const server = await serve(store, { tokens: tokenFolder('/var/lib/board/private/tokens') })
 * ```
 */
export function tokenFolder(path: string, options: TokenFolderOptions = {}): TokenFolder {
  checkOptions('tokenFolder()', options, { fs: true, system: true, logger: true })
  if (typeof path !== 'string' || path === '')
    throw new NoticeboardError('invalid-option', 'tokenFolder() needs the path of a folder')
  const { fs = nodeFs({ ownedAs: dirname(path) }), logger } = options
  const { clock, random } = readSystem('tokenFolder()', options.system)
  const fileOf = (name: string): string => join(path, `${name}${ENDING}`)
  let known: Known | undefined

  const readOne = async (name: string): Promise<TokenRecord | undefined> => {
    try {
      const bytes = await fs.read(fileOf(name), MAX_TOKEN_FILE_BYTES)
      if (bytes === undefined) return undefined
      const record = decodeTokenRecord(bytes)
      if (record.name === name) return record
      throw new NoticeboardError(
        'invalid-data',
        'the file of a token names another token than its own name does',
      )
    } catch (error) {
      logger?.warn('a token grants nothing, since its file cannot be read', {
        token: name,
        ...forLog(error, 'read the file of a token'),
      })
      return undefined
    }
  }

  const readAll = async (): Promise<readonly TokenRecord[]> => {
    const names = (await fs.list(path))
      .filter(file => file.endsWith(ENDING))
      .map(file => file.slice(0, -ENDING.length))
      .filter(isTokenName)
      .toSorted()
    const records: TokenRecord[] = []
    // One after another: a disk that others wait for is not asked for all at once.
    for (const name of names) {
      const record = await readOne(name)
      if (record !== undefined) records.push(record)
    }
    return records
  }

  return {
    async tokens(signal) {
      signal.throwIfAborted()
      return doing(`read the tokens in ${path}`, async () => {
        const changedMs = (await fs.stat(path))?.changedMs
        if (known !== undefined && isCurrent(known, { changedMs, clock })) return known.records
        const readAtMs = clock.now()
        const readMonotonicMs = clock.monotonic()
        const records = await readAll()
        known = { records, changedMs, readAtMs, readMonotonicMs }
        return records
      })
    },
    create: record =>
      doing(`keep a token in ${path}`, async () => {
        await fs.makeFolder(path)
        const aside = join(path, `.${record.name}.${toHex(random.bytes(6))}.new`)
        const bytes = encodeTokenRecord(record)
        if ((await claimName(fs, fileOf(record.name), { bytes, aside })) === 'taken')
          throw new NoticeboardError(
            'conflict',
            `there is a token ${record.name} already; revoke it, or choose another name`,
          )
        await fs.syncFolder(path)
      }),
    revoke: name =>
      doing(`revoke a token in ${path}`, async () => {
        if (!isTokenName(name) || (await fs.stat(fileOf(name))) === undefined) return false
        await fs.remove(fileOf(name))
        await fs.syncFolder(path)
        return true
      }),
  }
}

interface Known {
  readonly records: readonly TokenRecord[]
  /** When the folder changed last, by its file system. */
  readonly changedMs: number | undefined
  readonly readAtMs: number
  readonly readMonotonicMs: number
}

/** Whether nothing came or went since the files were read: they are never changed in place. */
function isCurrent(
  { changedMs, readAtMs, readMonotonicMs }: Known,
  now: { readonly changedMs: number | undefined; readonly clock: Clock },
): boolean {
  if (now.changedMs !== changedMs || now.clock.monotonic() - readMonotonicMs >= READ_ANEW_MS) return false
  return changedMs === undefined || Math.abs(readAtMs - changedMs) > COARSE_MS
}
