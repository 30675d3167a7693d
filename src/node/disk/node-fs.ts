import { constants, type Stats } from 'node:fs'
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  statfs,
  unlink,
  utimes,
  type FileHandle,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Fs } from '../../contracts/system.js'
import { checkOptions } from '../../core/options.js'
import { isForbidden, isMissing, systemError, systemErrorCode } from './system-error.js'
import { isError } from '../../core/built-ins.js'

/** With which modes files and folders are made, and whose they are. */
export interface NodeFsOptions {
  /** Mode of new files, whatever the process's umask is. Default 0o600. */
  readonly fileMode?: number
  /** Mode of new folders, whatever the process's umask is. Default 0o700. */
  readonly folderMode?: number
  /**
   * A path whose owner and group new files and folders get as well, or those of the nearest folder
   * above it while it is missing; only root may give files away, so others keep their own. Default:
   * files get the owner and group that the system gives them.
   */
  readonly ownedAs?: string
  /**
   * Whether a symbolic link may stand in the place of a file that is read. Default `refuse`:
   * reading one fails with `ELOOP`.
   */
  readonly symbolicLinks?: 'follow' | 'refuse'
}

/**
 * The machine's disk. What it calls durable was handed to `fsync`, the file first and then the
 * folder that names it. File systems that cannot flush a folder are taken as they are. Throws
 * `invalid-option`.
 *
 * ```ts
 * const state = stateFolder('/var/lib/checkout', { fs: nodeFs({ fileMode: 0o640 }) })
 * ```
 */
export function nodeFs(options: NodeFsOptions = {}): Fs {
  checkOptions('nodeFs()', options, {
    fileMode: true,
    folderMode: true,
    ownedAs: true,
    symbolicLinks: true,
  })
  const { fileMode = 0o600, folderMode = 0o700, ownedAs, symbolicLinks = 'refuse' } = options
  const readFlags =
    constants.O_RDONLY | constants.O_NONBLOCK | (symbolicLinks === 'refuse' ? constants.O_NOFOLLOW : 0)
  /** Folders whose whole chain of names was flushed by this disk, so that it is done once each. */
  const durable = new Set<string>()

  return {
    async read(path, maxBytes) {
      // Without O_NONBLOCK a named pipe in the place of a file would hold this call for ever.
      const file = await missingAsUndefined(open(path, readFlags))
      if (file === undefined) return undefined
      return using(file, () => readAll(file, { path, maxBytes }))
    },

    async list(path) {
      return (await missingAsUndefined(readdir(path))) ?? []
    },

    async makeFolder(path) {
      const owner = await ownerToKeep(ownedAs)
      const created = await mkdir(path, { recursive: true, mode: folderMode })
      if (created !== undefined) {
        for (let folder = path; ; folder = dirname(folder)) {
          await settle(folder, await stat(folder), { mode: folderMode, owner })
          if (folder.length <= created.length) break
        }
      }
      if (created === undefined && durable.has(path)) return
      // Another process may have made a parent and not flushed it yet, so the whole chain is
      // flushed and not only our own part.
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        await flushParent(folder, created !== undefined && folder.length >= dirname(created).length)
        if (folder === dirname(folder)) break
      }
      durable.add(path)
    },

    async create(path, bytes) {
      const file = await open(path, 'wx', fileMode)
      try {
        await using(file, async () => {
          await settle(file, await file.stat(), { mode: fileMode, owner: await ownerToKeep(ownedAs) })
          await writeAll(file, { path, bytes })
          await file.sync()
        })
      } catch (error) {
        await rm(path, { force: true }).catch(() => {
          // The first error says more; a left-over temporary file is removed at the next open.
        })
        throw withPath(error, path)
      }
    },

    async link(from, to) {
      try {
        await link(from, to)
        return 'linked'
      } catch (error) {
        if (systemErrorCode(error) === 'EEXIST') return 'taken'
        throw error
      }
    },

    rename,

    async remove(path) {
      try {
        // One call to the system, where `rm` looks twice at what is there before.
        await unlink(path)
      } catch (error) {
        if (systemErrorCode(error) !== 'ENOENT') await removeAnyway(path)
      }
    },

    syncFolder: flushFolder,

    async stat(path) {
      const found = await missingAsUndefined(symbolicLinks === 'refuse' ? lstat(path) : statThrough(path))
      return found && { bytes: found.size, changedMs: found.mtimeMs }
    },

    touch: (path, changedMs) => utimes(path, changedMs / 1000, changedMs / 1000),

    async freeBytes(path) {
      const found = await missingAsUndefined(statfs(path))
      // Some file systems (proc, some of FUSE) have no size.
      if (found === undefined || found.blocks === 0) return undefined
      // Room that no further file can have; some file systems count no files.
      if (found.files > 0 && found.ffree === 0) return 0
      return found.bsize * (process.geteuid?.() === 0 ? found.bfree : found.bavail)
    },
  }
}

/** Whose a new file is to be. */
interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * The owner of a path, or of the nearest folder above it, for a process that may give files away;
 * undefined for every other one.
 */
async function ownerToKeep(path: string | undefined): Promise<Owner | undefined> {
  if (path === undefined || process.geteuid?.() !== 0) return undefined
  return nearest(path)
}

/**
 * The owner of a path, or of the nearest folder above it, where this process is another user and
 * may not give files away; undefined where it is the same, or root.
 */
export async function otherOwner(
  path: string,
): Promise<{ readonly uid: number; readonly ownUid: number } | undefined> {
  const ownUid = process.geteuid?.()
  if (ownUid === undefined || ownUid === 0) return undefined
  const { uid } = await nearest(path)
  return uid === ownUid ? undefined : { uid, ownUid }
}

/** What the system says of a path, or of the nearest folder above it while it is missing. */
async function nearest(path: string): Promise<Stats> {
  return (await missingAsUndefined(stat(path))) ?? nearest(dirname(path))
}

/** Gives what was just made its mode, which the umask may have narrowed, and its owner. */
async function settle(
  made: FileHandle | string,
  facts: Stats,
  { mode, owner }: { readonly mode: number; readonly owner: Owner | undefined },
): Promise<void> {
  const on =
    typeof made === 'string'
      ? { chmod: (to: number) => chmod(made, to), chown: (uid: number, gid: number) => chown(made, uid, gid) }
      : { chmod: (to: number) => made.chmod(to), chown: (uid: number, gid: number) => made.chown(uid, gid) }
  try {
    if (owner !== undefined && (facts.uid !== owner.uid || facts.gid !== owner.gid))
      await on.chown(owner.uid, owner.gid)
    // The bits above are the folder's own ways of passing on its group, and stay.
    if ((facts.mode & 0o777) !== mode) await on.chmod((facts.mode & 0o7000) | mode)
  } catch (error) {
    // File systems without modes and owners refuse to set them, and have their own ways of letting
    // somebody in.
    if (!KEEPS_NO_MODES.has(systemErrorCode(error) ?? '')) throw error
  }
}

const KEEPS_NO_MODES: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'])

/** Where a system refuses to remove a file at once, `rm` knows what to do; a folder it refuses. */
async function removeAnyway(path: string): Promise<void> {
  try {
    await rm(path, { force: true })
  } catch (error) {
    throw isFolderError(error) ? systemError('EISDIR', path) : error
  }
}

/**
 * Follows links; of a loop of links it tells about the link, which is there although nothing can be
 * read by it.
 */
async function statThrough(path: string): Promise<Stats> {
  try {
    return await stat(path)
  } catch (error) {
    if (systemErrorCode(error) !== 'ELOOP') throw error
    return lstat(path)
  }
}

async function readAll(
  file: FileHandle,
  { path, maxBytes }: { readonly path: string; readonly maxBytes: number },
): Promise<Uint8Array> {
  const facts = await file.stat()
  if (!facts.isFile()) throw systemError(facts.isDirectory() ? 'EISDIR' : 'EINVAL', path)
  const bytes = new Uint8Array(Math.min(facts.size, maxBytes) + 1)
  let length = 0
  for (;;) {
    if (length > maxBytes || facts.size > maxBytes) {
      throw new NoticeboardError('too-large', `${path} has more than the ${maxBytes} bytes that are allowed`)
    }
    // A file that grew after its size was asked fills the spare byte; what is read is then cut at
    // no random place.
    if (length === bytes.length)
      throw new NoticeboardError('unavailable', `${path} grew while it was read; read it again`)
    const { bytesRead } = await file.read(bytes, length, bytes.length - length)
    length += bytesRead
    // Nothing came for the spare byte, so that was all: another read would be one more wait.
    if (bytesRead === 0 || length === facts.size) return bytes.subarray(0, length)
  }
}

async function writeAll(
  file: FileHandle,
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written)
    // A full disk may answer with a short count instead of an error; asked again it gives the
    // error, or nothing at all.
    if (bytesWritten === 0) throw systemError('ENOSPC', path)
    written += bytesWritten
  }
}

/**
 * The error of a write, with the file that it is about: the system names none once a file is open,
 * and the operator of a full disk asks which one it is.
 */
function withPath(error: unknown, path: string): unknown {
  if (isError(error) && systemErrorCode(error) !== undefined && !('path' in error))
    Object.assign(error, { path })
  return error
}

async function using<Result>(file: FileHandle, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } finally {
    await file.close()
  }
}

/**
 * Flushes a folder on the way up; one that was there before and that we may not open is its owner's
 * care.
 */
async function flushParent(path: string, ours: boolean): Promise<void> {
  try {
    await flushFolder(path)
  } catch (error) {
    if (ours || !isForbidden(error)) throw error
  }
}

async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  await using(folder, async () => {
    try {
      await folder.sync()
    } catch (error) {
      // Some network and FUSE file systems do not know the operation; their names are as durable as
      // they make them.
      if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(systemErrorCode(error) ?? '')) throw error
    }
  })
}

async function missingAsUndefined<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Node's own word for a folder where a file is to be removed. */
function isFolderError(error: unknown): boolean {
  return isError(error) && 'code' in error && error.code === 'ERR_FS_EISDIR'
}
