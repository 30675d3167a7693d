import { isNoticeboardError, NoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import { isError } from '../../core/built-ins.js'

/** `ENOSPC`, and not `ERR_INVALID_ARG_TYPE`, which is what Node says of wrong calls. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9]*$/

/** The system's code of an error, such as `ENOSPC`; undefined when it has none. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' && SYSTEM_CODE.test(error.code) ? error.code : undefined
}

/** An error as the system would throw it, for findings of our own. */
export function systemError(code: string, path: string): Error & { readonly code: string } {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** Whether an error, or what it stands for, says that there is no room left. */
export function isDiskFull(error: unknown): boolean {
  const root = isNoticeboardError(error) ? error.cause : error
  return FULL.has(systemErrorCode(root) ?? '')
}

const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS'])

/**
 * Whether an error says that only the permission is missing: nothing is broken, and somebody else
 * may do it.
 */
export function isForbidden(error: unknown): boolean {
  return FORBIDDEN.has(systemErrorCode(error) ?? '')
}

/** `EISDIR` is what Windows says of exFAT. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'EXDEV',
  'ENOSYS',
  'EISDIR',
])

/** Whether an error says that the file system takes no hard links. */
export function takesNoLinks(error: unknown): boolean {
  return NO_LINKS.has(systemErrorCode(error) ?? '')
}

const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])

/** Whether an error says that nothing stands at a path. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(systemErrorCode(error) ?? '')
}

const NO_FILE: ReadonlySet<string> = new Set(['EISDIR', 'ELOOP', 'EINVAL', 'ENXIO'])

/** Whether an error says that what stands at a path is no ordinary file. */
function isNoFile(error: unknown): boolean {
  return NO_FILE.has(systemErrorCode(error) ?? '')
}

/**
 * Whether what stands at a path cannot be what is looked for there, now or later: no ordinary file,
 * too large, or not in its form.
 */
export function isUnfit(error: unknown): boolean {
  return (
    isNoFile(error) || isNoticeboardError(error, 'too-large') || isNoticeboardError(error, 'invalid-data')
  )
}

/**
 * What each error of the system means for a reader, and what to do about it. A permission that this
 * process lacks is no `unauthorized`: whoever asks has the rights, and no token of theirs would
 * help.
 */
const WORDS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ['unavailable', 'this process has no permission; give its user access to the folder'],
  EPERM: [
    'unavailable',
    'the operating system does not permit it; check the owner of the folder and the mount options',
  ],
  EROFS: ['unavailable', 'the file system is mounted read-only; mount it writable or choose another folder'],
  ENOSPC: ['unavailable', 'the disk is full; free some space and repeat'],
  EDQUOT: ['unavailable', 'the disk quota is used up; free some space and repeat'],
  EIO: ['unavailable', 'the disk reports an error; check it before you rely on what it holds'],
  EMFILE: ['unavailable', 'this process has too many files open; raise its limit (ulimit -n)'],
  ENFILE: ['unavailable', 'the system has too many files open; raise its limit'],
  EISDIR: ['invalid-data', 'a folder stands where a file is expected; move it away'],
  ENOTDIR: ['invalid-data', 'a file stands where a folder is expected; move it away'],
  EEXIST: ['invalid-data', 'a file stands where a folder is expected; move it away'],
  ENOTEMPTY: ['invalid-data', 'a folder stands where a file is expected; move it away'],
  ELOOP: ['invalid-data', 'a symbolic link stands where a file is expected; put the file itself there'],
  EINVAL: ['invalid-data', 'what stands there is not an ordinary file; move it away'],
  ENXIO: ['invalid-data', 'what stands there is not an ordinary file; move it away'],
  ENAMETOOLONG: ['invalid-option', 'the path is too long for this file system; choose a shorter folder'],
  ENOENT: ['unavailable', 'it vanished meanwhile; find out what else removes files there'],
}

/**
 * A failure of the disk in words that name the place and what to do. Errors of ours pass as they
 * are; what has no code of the system is a bug, and must not look like a disk that may recover.
 */
export function inWords(error: unknown, doing: string): NoticeboardError {
  if (isNoticeboardError(error)) return error
  const code = systemErrorCode(error)
  if (code === undefined)
    return new NoticeboardError(
      'internal',
      `cannot ${doing}: ${isError(error) ? error.name : typeof error} is not an error of a disk but a bug; please report it`,
      {
        cause: error,
      },
    )
  const [ours, words] = WORDS[code] ?? ['unavailable', 'the operating system refused']
  return new NoticeboardError(ours, `cannot ${doing}: ${words} (${code})`, { cause: error })
}

/** What a log says of a failure that nobody is thrown. */
export function forLog(error: unknown, doing: string): { readonly code: ErrorCode; readonly reason: string } {
  const { code, message } = inWords(error, doing)
  return { code, reason: message }
}

/** Runs work on the disk; what fails is thrown in words. */
export async function doing<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw inWords(error, what)
  }
}
