import { asNoticeboardError } from '../contracts/errors.js'
import { formatPosition, type Position } from '../contracts/position.js'
import { decodeRelease, positionOf, type Arm, type Release } from '../core/release/release.js'
import { decodeAudit, type AuditRecord } from './audit.js'
import type { PublisherContext } from './context.js'

/** One release of the log, as people look at it. */
export interface HistoryEntry {
  readonly position: Position
  /** Version of the stable arm. */
  readonly version: number
  /** Digest of the stable arm's snapshot; where there are variants, of the last, without labels. */
  readonly digest: string
  /**
   * All snapshots of the stable arm, in their order, where clients with some labels get another;
   * absent where everybody gets one.
   */
  readonly variants?: Release['stable']['variants']
  readonly cause: string
  readonly issuedAt: string
  /**
   * When clients begin to run it together, those of the last stage where there are stages; absent
   * where they do on arrival, and of a rollout that was rolled back.
   */
  readonly activateAt?: string
  /** Who and why, where this reader may see it. */
  readonly audit?: AuditRecord
  readonly release: Release
}

/**
 * The log, newest first. Entries that cannot be read are left out with a warning.
 *
 * ```ts
 * for await (const entry of readHistory(context, { limit: 10, signal })) show(entry.version)
 * ```
 */
export async function* readHistory(
  context: PublisherContext,
  { limit, signal }: { readonly limit?: number | undefined; readonly signal: AbortSignal },
): AsyncGenerator<HistoryEntry> {
  const { store, namespace, hasher, logger } = context
  for await (const { bytes, audit } of store.history({ namespace, limit }, signal)) {
    try {
      const { release } = decodeRelease(bytes)
      const record = decodeAudit(hasher, audit, release.audit)
      yield { ...describe(release), ...(record !== undefined && { audit: record }) }
    } catch (error) {
      const { code, message } = asNoticeboardError(
        error,
        'invalid-data',
        'a release of the log cannot be read',
      )
      logger.warn('left out an entry of the log', { namespace, code, message })
    }
  }
}

/**
 * A release as an entry of its history, without its audit record.
 *
 * ```ts
 * const { version, digest } = describe(release)
 * ```
 */
export function describe(release: Release): HistoryEntry {
  const { stable, cause, issuedAt } = release
  const activateAt = activationIn(release)
  return {
    position: positionOf(release),
    version: stable.version,
    digest: mainVariant(release).digest,
    ...severalIn(stable),
    cause,
    issuedAt,
    ...(activateAt !== undefined && { activateAt }),
    release,
  }
}

/**
 * When clients begin to run together what a release brings; undefined where they do on arrival, and
 * of a rollout that was rolled back, whose time brings nothing any more.
 */
export function activationIn({ activateAt, rollout }: Release): string | undefined {
  return activateAt ?? (rollout?.state === 'rolled-back' ? undefined : rollout?.activateAt)
}

/** The variants of an arm that has more than the one that is for everybody. */
export function severalIn({ variants }: Arm): { readonly variants?: Arm['variants'] } {
  return variants.length === 1 ? {} : { variants }
}

/**
 * The stable arm's snapshot for the clients that no variant's labels match: the last one.
 *
 * ```ts
 * const { digest } = mainVariant(newest)
 * ```
 */
export function mainVariant({ stable: { variants } }: Release): Release['stable']['variants'][0] {
  return variants.at(-1) ?? variants[0]
}

/**
 * How a release is named to people.
 *
 * ```ts
 * nameOf(release) // version 7 (1-9f3a01bc:9)
 * ```
 */
export function nameOf(release: Release): string {
  return `version ${release.stable.version} (${formatPosition(positionOf(release))})`
}
