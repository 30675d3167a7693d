import type { Digest } from './names.js'

/** What a token may do, in the namespaces that it names; docs/formats.md has what each is. */
export type Scope = 'read' | 'report' | 'inspect' | 'publish-staged' | 'revert' | 'control' | 'admin'

/** What somebody may do, and where. */
export interface Grant {
  /** Who it is, for logs and messages; no secret. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Patterns of namespaces: `checkout/*`, `checkout/**`; `**` is every namespace. */
  readonly namespaces: readonly string[]
  /**
   * The clients that it may report for, by their clientIds or by beginnings that end in `*`.
   * Default: all.
   */
  readonly clients?: readonly string[]
  /** The author that the audit records of its releases have to name. Default: any. */
  readonly author?: string
}

/** A token as it is kept: what it may do, and its hash instead of itself. */
export interface TokenRecord extends Grant {
  readonly v: 1
  /** SHA-256 of the token's text. */
  readonly sha256: Digest
  /** Times of docs/formats.md. */
  readonly createdAt: string
  /** From then on it grants nothing. Default: never. */
  readonly expiresAt?: string
}

/**
 * Where tokens are kept. A server asks again each second, so that one that is gone is gone at once.
 */
export interface TokenSource {
  /**
   * Every token there is. Throws `unavailable` when they cannot be read: those that were known hold
   * then.
   */
  tokens(signal: AbortSignal): Promise<readonly TokenRecord[]>
}
