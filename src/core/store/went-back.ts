import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import { comparePositions, formatPosition, type Position, type WentBack } from '../../contracts/position.js'

/** A release of a log by its place and its name. */
export interface LogPlace {
  readonly position: Position
  readonly digest: Digest
}

/** A release that a store says is the newest. */
export interface SaidNewest extends LogPlace {
  /** The name of the release before it; null for the first one. */
  readonly prev: Digest | null
}

/**
 * How what a store says now goes with what was read of it before. `unproven`: it is further on in
 * the same epoch, and only the log tells whether the release of before is still in it.
 */
export type Succession = 'same' | 'goes-on' | 'unproven' | 'went-back'

/**
 * Compares the newest release of a store with the newest that was read of it before.
 *
 * ```ts
 * successionOf(known, undefined) // 'went-back'
 * ```
 */
export function successionOf(known: LogPlace, said: SaidNewest | undefined): Succession {
  if (said === undefined) return 'went-back'
  switch (comparePositions(said.position, known.position)) {
    case 'same':
      return said.digest === known.digest ? 'same' : 'went-back'
    case 'older':
    case 'fork':
      return 'went-back'
    case 'newer':
      if (said.position.epoch !== known.position.epoch) return 'goes-on'
      return said.prev === known.digest ? 'goes-on' : 'unproven'
  }
}

/**
 * What is the case with a board that went back, and the way out, in one line.
 *
 * ```ts
 * throw new NoticeboardError('store-damaged', sayWentBack('checkout/prod', { from, to }))
 * ```
 */
export function sayWentBack(namespace: Namespace, wentBack: WentBack): string {
  return `the board of ${namespace} went back: ${beforeAndNow(wentBack)}. It takes no releases, since clients would ignore them; if this is the right board, open a new epoch: noticeboard epoch ${namespace} --reason "…"`
}

/**
 * The same of what a relay reads, for the log of the relay.
 *
 * ```ts
 * logger.error(sayUpstreamWentBack(transport.name, 'checkout/prod', { from, to }))
 * ```
 */
export function sayUpstreamWentBack(name: string, namespace: Namespace, wentBack: WentBack): string {
  return `the history of ${namespace} that this relay reads of ${name} went back: ${beforeAndNow(wentBack)}. Clients keep what they run and turn stale; put the right history back, or, if this is the right one, open a new epoch where it is published: noticeboard epoch ${namespace} --reason "…"`
}

function beforeAndNow({ from, to }: WentBack): string {
  const now =
    to === undefined
      ? 'has no release now'
      : comparePositions(to, from) === 'older'
        ? `ends at ${formatPosition(to)} now`
        : `ends at ${formatPosition(to)} now, in another log`
  return `it had ${formatPosition(from)} before, and ${now}`
}

/**
 * The `store-damaged` of a board that went back.
 *
 * ```ts
 * if (heard.wentBack !== undefined) throw wentBackError(namespace, heard.wentBack)
 * ```
 */
export function wentBackError(namespace: Namespace, wentBack: WentBack): NoticeboardError {
  return new NoticeboardError('store-damaged', sayWentBack(namespace, wentBack))
}
