import type { Identity } from '../../contracts/identity.js'
import type { Hasher } from '../../contracts/system.js'
import { toHex } from './digest.js'
import { labelsMatch, readLabelMatch, type LabelMatch } from './labels.js'
import { keepingUnread, withUnread } from './unread.js'
import type { Shape } from '../json/shape.js'
import { encodeText, isLine } from '../json/text.js'
import { MAX_CLAUSES, MAX_IDS, MAX_SHORT_LINE_LENGTH } from '../limits.js'

/** Who gets the candidate: everybody whom at least one clause describes. */
export interface Audience {
  /** Drawn anew for each rollout, so that not the same clients go first every time. */
  readonly salt: string
  readonly clauses: readonly Clause[]
}

/**
 * An *and* of its conditions. A clause without a condition, or with one that is not known,
 * describes nobody.
 */
export interface Clause {
  /** Clients by name: the first 32 hexadecimal digits of SHA-256(salt NUL clientId) of each. */
  readonly ids?: readonly string[]
  readonly labels?: LabelMatch
  /**
   * Clients whose bucket, a whole number from 0 to 2^32-1, is below this: `0.05 * 2 ** 32` is five
   * in a hundred.
   */
  readonly below?: number
  /** Set when the clause had a condition that this version does not know. */
  readonly unknown?: true
}

/** The number of buckets: 2^32. */
export const BUCKETS = 4_294_967_296

/**
 * Whether a client is exposed to the candidate. A pure function of the audience and the identity.
 *
 * ```ts
 * const arm = isExposed(audience, identity, systemHasher) ? 'candidate' : 'stable'
 * ```
 */
export function isExposed(audience: Audience, identity: Identity, hasher: Hasher): boolean {
  const hash = cohortHash(audience.salt, identity.clientId, hasher)
  const bucket = Number.parseInt(hash.slice(0, 8), 16)
  const id = hash.slice(0, 32)
  return audience.clauses.some(({ ids, labels, below, unknown }) => {
    if (unknown === true || (ids === undefined && labels === undefined && below === undefined)) return false
    if (ids !== undefined && !ids.includes(id)) return false
    if (labels !== undefined && !labelsMatch(labels, identity)) return false
    return below === undefined || bucket < below
  })
}

/**
 * SHA-256(salt NUL clientId) in hexadecimal: its first 8 digits are a client's bucket, its first 32
 * its hashed id.
 */
export function cohortHash(salt: string, clientId: string, hasher: Hasher): string {
  return toHex(hasher.sha256(encodeText(`${salt}\0${clientId}`)))
}

const PARTS: ReadonlySet<string> = new Set(['salt', 'clauses'])
const CONDITIONS: ReadonlySet<string> = new Set(['ids', 'labels', 'below'])

/** Reads the `audience` member of a release. */
export function readAudience(shape: Shape): Audience {
  const audience: Audience = {
    salt: shape.string('salt', text => isLine(text, MAX_SHORT_LINE_LENGTH)),
    clauses: shape.objects('clauses', MAX_CLAUSES).map(readClause),
  }
  return withUnread(audience, shape, PARTS)
}

function readClause(clause: Shape): Clause {
  const names = clause.names()
  if (names.some(name => !CONDITIONS.has(name)))
    return keepingUnread<Clause>(
      { unknown: true },
      Object.fromEntries(names.map(name => [name, clause.member(name)])),
    )
  return {
    ...clause.optional('ids', name => clause.list(name, MAX_IDS).filter(id => typeof id === 'string')),
    ...clause.optional('labels', name => readLabelMatch(clause.object(name))),
    ...clause.optional('below', name => clause.integer(name, 0, BUCKETS)),
  }
}
