import { NoticeboardError } from './errors.js'

/**
 * The unit that is versioned and rolled out together: `checkout/prod`. 1 to 4 segments of
 * `[a-z0-9][a-z0-9._-]{0,62}`, 200 characters at most. A namespace is also a folder on the board,
 * so `releases`, `snapshots`, names that end in `.json` or a dot, and the names of Windows' devices
 * are reserved.
 */
export type Namespace = string

/** SHA-256 of a snapshot's (or a release's) bytes: 64 lower-case hexadecimal digits. */
export type Digest = string

/** How many segments a namespace may have. */
export const MAX_SEGMENTS = 4

const SEGMENT = /^[a-z0-9][a-z0-9._-]{0,62}$/
const RESERVED = new Set(['releases', 'snapshots'])
/** Windows opens a device for these, with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/
const DIGEST = /^[0-9a-f]{64}$/
/** What a terminal may act on, and JSON.stringify leaves as it is. */
const UNESCAPED = /[\u007f-\u009f\u2028\u2029]/g

/**
 * What is wrong with a namespace, in words that end in what to do; undefined when it is
 * well-formed.
 *
 * ```ts
 * namespaceProblem('checkout/prod') // undefined
 * ```
 */
export function namespaceProblem(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'it must be a string such as "checkout/prod"'
  if (text === '') return 'it is empty; name it like "checkout/prod"'
  if (text.length > 200) return `it has ${text.length} characters; 200 are allowed`
  const segments = text.split('/')
  if (segments.length > MAX_SEGMENTS) return `it has ${segments.length} segments; ${MAX_SEGMENTS} are allowed`
  for (const segment of segments) {
    if (segment.endsWith('.json')) return 'no segment may end in ".json"; leave the ending out'
    if (segment.endsWith('.')) return 'no segment may end in a dot; some file systems drop it'
    if (!SEGMENT.test(segment)) {
      return 'each segment starts with a-z or 0-9 and goes on with a-z, 0-9, ".", "_" or "-", 63 characters at most'
    }
    // Quoted only now that nothing but harmless characters is left of it.
    if (RESERVED.has(segment) || DEVICE.test(segment))
      return `"${segment}" is reserved; choose another segment`
  }
  return undefined
}

/**
 * The text as a namespace. Throws `invalid-option` that quotes it (cut, control characters escaped)
 * and says what is allowed.
 *
 * ```ts
 * parseNamespace('checkout/prod') // 'checkout/prod'
 * parseNamespace('Checkout') // throws invalid-option
 * ```
 */
export function parseNamespace(text: unknown): Namespace {
  const problem = namespaceProblem(text)
  if (problem === undefined) return text as Namespace
  const shown = typeof text === 'string' ? quoted(text.slice(0, 80)) : typeof text
  throw new NoticeboardError('invalid-option', `namespace ${shown} is not valid: ${problem}`)
}

function quoted(text: string): string {
  return JSON.stringify(text).replace(
    UNESCAPED,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Whether a text has the form of a digest.
 *
 * ```ts
 * if (!isDigest(text)) return undefined
 * ```
 */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && DIGEST.test(text)
}

/**
 * The text as a digest. Throws `invalid-option` for one of another form.
 *
 * ```ts
 * const key = `snapshots/${parseDigest(digest)}.json`
 * ```
 */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text
  throw new NoticeboardError('invalid-option', 'a digest must have 64 lower-case hexadecimal digits')
}
