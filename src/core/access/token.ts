import type { Grant, TokenRecord } from '../../contracts/access.js'
import { isDigest } from '../../contracts/names.js'
import type { Hasher, Random } from '../../contracts/system.js'
import { canonicalize } from '../json/canonical.js'
import { shapeOf, type Shape } from '../json/shape.js'
import { parseCanonical } from '../json/strict-parse.js'
import { encodeText, isLine } from '../json/text.js'
import { MAX_TOKEN_CLIENTS, MAX_TOKEN_FILE_BYTES, MAX_TOKEN_NAMESPACES, MAX_TOKEN_SCOPES } from '../limits.js'
import { digestOf, toHex } from '../release/digest.js'
import { isInstant } from '../release/instant.js'
import { patternProblem } from './namespace-pattern.js'
import { isScope } from './scopes.js'

/** How many random bytes a secret is made of. */
const SECRET_BYTES = 32

const NAME = /^[a-z0-9][a-z0-9.-]{0,62}$/
const TOKEN = /^nb_([a-z0-9][a-z0-9.-]{0,62})_[0-9a-f]{64}$/

const MEMBERS: ReadonlySet<string> = new Set([
  'v', 'name', 'sha256', 'scopes', 'namespaces', 'clients', 'author', 'createdAt', 'expiresAt',
]) // prettier-ignore

/** Whether a token may be called so. */
export function isTokenName(text: unknown): text is string {
  return typeof text === 'string' && NAME.test(text)
}

/** The name that a token says it has; undefined for what is no token. */
export function tokenNameOf(token: string): string | undefined {
  return TOKEN.exec(token)?.[1]
}

/**
 * Draws a token. What is kept of it is the record; the text is told once, to whoever is to have it.
 *
 * ```ts
 * const { token, record } = drawToken(
 *   { name: 'ci', scopes: ['publish-staged'], namespaces: ['checkout/*'], createdAt, expiresAt },
 *   system,
 * )
 * ```
 */
export function drawToken(
  grant: Grant & Pick<TokenRecord, 'createdAt' | 'expiresAt'>,
  { random, hasher }: { readonly random: Random; readonly hasher: Hasher },
): { readonly token: string; readonly record: TokenRecord } {
  const token = `nb_${grant.name}_${toHex(random.bytes(SECRET_BYTES))}`
  return { token, record: { ...grant, v: 1, sha256: digestOf(hasher, encodeText(token)) } }
}

/**
 * The bytes of a token's file. Throws `invalid-data` for what readers would refuse.
 *
 * ```ts
 * await fs.create(`${folder}/${record.name}.json`, encodeTokenRecord(record))
 * ```
 */
export function encodeTokenRecord(record: TokenRecord): Uint8Array<ArrayBuffer> {
  const bytes = encodeText(canonicalize(record))
  decodeTokenRecord(bytes)
  return bytes
}

/**
 * Reads a token's file. Nothing of it is passed over: a member or a scope that is not known here
 * may narrow what the token does. Throws `invalid-data`.
 *
 * ```ts
 * const { name, scopes } = decodeTokenRecord(bytes)
 * ```
 */
export function decodeTokenRecord(bytes: Uint8Array): TokenRecord {
  const what = 'the file of a token'
  const shape = shapeOf(parseCanonical(bytes, { what, maxBytes: MAX_TOKEN_FILE_BYTES }), what)
  if (shape.member('v') !== 1) throw shape.refuse('v', 'is of a later version; update noticeboard here')
  const foreign = shape.names().find(name => !MEMBERS.has(name))
  if (foreign !== undefined)
    throw shape.refuse('', 'has a member that this version does not know; update noticeboard here')
  return {
    v: 1,
    name: shape.string('name', isTokenName),
    sha256: shape.string('sha256', isDigest),
    ...readGrant(shape),
    createdAt: shape.string('createdAt', isInstant),
    ...shape.optional('expiresAt', name => shape.string(name, isInstant)),
  }
}

function readGrant(shape: Shape): Omit<Grant, 'name'> {
  const texts = <Text extends string>(
    name: string,
    { most, accept }: { readonly most: number; readonly accept: (text: unknown) => text is Text },
  ): readonly Text[] => {
    const list = shape.list(name, most)
    if (list.length === 0) throw shape.refuse(name, 'must hold at least one')
    return list.map(text => {
      if (!accept(text))
        throw shape.refuse(name, 'holds what this version does not know; update noticeboard here')
      return text
    })
  }
  return {
    scopes: texts('scopes', { most: MAX_TOKEN_SCOPES, accept: isScope }),
    namespaces: texts('namespaces', { most: MAX_TOKEN_NAMESPACES, accept: isPattern }),
    ...shape.optional('clients', name =>
      texts(name, { most: MAX_TOKEN_CLIENTS, accept: (text): text is string => isLine(text) }),
    ),
    ...shape.optional('author', name => shape.string(name, text => isLine(text))),
  }
}

function isPattern(text: unknown): text is string {
  return patternProblem(text) === undefined
}
