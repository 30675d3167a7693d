import type { Grant, TokenRecord, TokenSource } from '../../contracts/access.js'
import { asNoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { Clock, Hasher, Logger } from '../../contracts/system.js'
import { tokenNameOf } from '../../core/access/token.js'
import { canonicalize } from '../../core/json/canonical.js'
import { encodeText } from '../../core/json/text.js'
import { digestOf } from '../../core/release/digest.js'
import type { Lifetime } from '../http/lifetime.js'

/** The tokens that a server knows. */
export interface Keyring {
  /** Whether there may be any token at all. */
  readonly hasKeys: boolean
  /** What a token grants now; undefined for one that is not known, has expired or was revoked. */
  find(token: string): Grant | undefined
  /** Whether the token that brought a grant is good still, whatever it grants by now. */
  holds(grant: Grant): boolean
  /** Whether the source has never answered, so that nobody knows which tokens there are. */
  readonly isBlind: boolean
  /** Resolves when the source was asked for the first time; undefined afterwards. */
  ready(): Promise<void> | undefined
  close(): void
}

/**
 * How often the source is asked, in milliseconds: no token lives longer than that when it is gone.
 */
const LOOK_MS = 1_000

interface Key {
  readonly grant: Grant
  readonly hash: Digest
  /** In milliseconds since 1970; infinite for one that does not expire. */
  readonly expiresMs: number
}

/**
 * Makes a keyring of tokens that are given once and for all, and of those of a source, which is
 * asked each second from the first request on. `changed` is called when a token is gone or has
 * expired.
 */
export function createKeyring({
  fixed,
  source,
  clock,
  hasher,
  logger,
  lifetime,
  changed,
}: KeyringOptions): Keyring {
  const own: readonly Key[] = fixed.map(({ token, grant }) => ({
    grant,
    hash: digestOf(hasher, encodeText(token)),
    expiresMs: Number.POSITIVE_INFINITY,
  }))
  /** By name, each with its file's text, so that what did not change stays the same grant. */
  let named = new Map<string, Key & { readonly text: string }>()
  const active = new Set<Grant>(own.map(({ grant }) => grant))
  /** Of which token each grant is, also one whose record says something else by now. */
  const hashes = new WeakMap<Grant, Digest>()
  let first: Promise<void> | undefined
  let isReady = source === undefined
  let isBlind = source !== undefined
  let cancel: (() => void) | undefined
  let closed = false

  const take = (records: readonly TokenRecord[]): void => {
    const next: typeof named = new Map()
    for (const record of records) {
      const text = canonicalize(record)
      const known = named.get(record.name)
      const expiresMs =
        record.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.expiresAt)
      if (known?.text === text) next.set(record.name, known)
      else {
        hashes.set(record, record.sha256)
        next.set(record.name, { grant: record, hash: record.sha256, expiresMs, text })
      }
    }
    named = next
  }

  /** Notes which tokens are good now; whether one is not any more that was. */
  const settle = (): boolean => {
    const nowMs = clock.now()
    const before = [...active]
    active.clear()
    for (const { grant, expiresMs } of [...own, ...named.values()]) if (nowMs < expiresMs) active.add(grant)
    return before.some(grant => !active.has(grant))
  }

  const look = async (from: TokenSource): Promise<void> => {
    take(await lifetime.run(signal => from.tokens(signal)))
    isBlind = false
    if (settle()) changed()
  }

  /** Looks, and goes on looking whatever comes of it. */
  const lookOnce = async (from: TokenSource): Promise<void> => {
    try {
      await look(from)
    } catch (error) {
      if (closed) return
      const { code, message } = asNoticeboardError(error, 'internal', 'the source failed')
      // What was known holds; what has expired does not.
      logger?.error('the tokens cannot be read, so none is known to be revoked', { code, reason: message })
      if (settle()) changed()
    }
    isReady = true
    lookAgain(from)
  }

  const lookAgain = (from: TokenSource): void => {
    if (closed) return
    cancel = clock.after(LOOK_MS, () => void lookOnce(from))
  }

  return {
    hasKeys: own.length > 0 || source !== undefined,
    find(token) {
      const hash = digestOf(hasher, encodeText(token))
      const name = tokenNameOf(token)
      const key = name === undefined ? undefined : named.get(name)
      // All that come into question are compared, whichever it is.
      let found: Key | undefined
      for (const each of key === undefined ? own : [...own, key]) if (isSame(each.hash, hash)) found = each
      return found !== undefined && clock.now() < found.expiresMs ? found.grant : undefined
    },
    get isBlind() {
      return isBlind
    },
    holds(grant) {
      if (active.has(grant)) return true
      const key = named.get(grant.name)
      return key !== undefined && key.hash === hashes.get(grant) && clock.now() < key.expiresMs
    },
    ready() {
      if (isReady || source === undefined) return undefined
      first ??= lookOnce(source)
      return first
    },
    close() {
      closed = true
      cancel?.()
    },
  }
}

/** A token that the options of a server name, and what it grants. */
export interface FixedToken {
  readonly token: string
  readonly grant: Grant
}

export interface KeyringOptions {
  readonly fixed: readonly FixedToken[]
  readonly source: TokenSource | undefined
  readonly clock: Clock
  readonly hasher: Hasher
  readonly logger: Logger | undefined
  readonly lifetime: Lifetime
  readonly changed: () => void
}

/**
 * Compares all of two hashes whatever they are, so that the time says nothing about where they
 * part.
 */
function isSame(a: Digest, b: Digest): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index += 1) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
