import type { Digest } from '../contracts/names.js'
import type { ClientReport } from '../contracts/report.js'
import { abruptEndOf, refusalOf, silenceOf, vanishedOn, type Failure } from './failures.js'
import { isOnDemand, isSilent, presenceOf, wasHeardSince, type Member } from './members.js'

/**
 * Where an exposed client is with the candidate, exactly one of these.
 * - `failed`: see its failure;
 * - `healthy`: ran it through the bake, and its probe does not object;
 * - `baking`, `waiting`: runs it for too short, does not run it yet;
 * - `doubtful`: it may have failed, or its word cannot be told from another's; it is not healthy;
 * - `left-out`: neither for nor against, and no part of the quorum.
 */
export type ClientState =
  | { readonly is: 'failed'; readonly failure: Failure }
  | { readonly is: 'healthy' | 'baking' | 'waiting' }
  | { readonly is: 'doubtful'; readonly why: Doubt }
  | { readonly is: 'left-out'; readonly why: LeftOut }

/** Why a client is not healthy although it did not fail. */
export type Doubt =
  | 'shared-id'
  | 'probe-unhealthy'
  | 'probe-threw'
  | 'probe-timed-out'
  | 'crash-open'
  | 'silent'

/** Why a client says nothing about the candidate. */
export type LeftOut =
  | 'stopped'
  | 'paused'
  | 'on-demand'
  | 'ephemeral'
  | 'unsupported'
  | 'overridden'
  | 'unwell-before'
  | 'crashing-both'

/** One exposed client, and where it is. */
export interface Observed {
  readonly member: Member
  readonly state: ClientState
}

/** What a client is judged with. */
export interface ClientQuery {
  /** The snapshots of the candidate. */
  readonly candidate: ReadonlySet<Digest>
  readonly bakeMs: number
  readonly nowMs: number
  /**
   * Since when a client's word counts: what it said of the candidate before and not again since is
   * no refusal, and its silence is no failure unless it was heard since then. Default: all counts.
   */
  readonly fromMs?: number | undefined
}

/**
 * Judges one exposed client.
 *
 * ```ts
 * const state = clientStateOf(member, { candidate, bakeMs, nowMs })
 * ```
 */
export function clientStateOf(
  member: Member,
  { candidate, bakeMs, nowMs, fromMs }: ClientQuery,
): ClientState {
  const { current, identity } = member
  const refusal = refusalOf(member, candidate, fromMs)
  if (refusal !== undefined) return { is: 'failed', failure: refusal }
  const end = abruptEndOf(member, candidate, { bakeMs, fromMs })
  if (end?.type === 'failed') return { is: 'failed', failure: end.failure }
  const leftOut = (why: LeftOut): ClientState => ({ is: 'left-out', why })
  const doubtful = (why: Doubt): ClientState => ({ is: 'doubtful', why })
  if (end?.type === 'acquitted') return leftOut('crashing-both')

  if (identity.ephemeral) return leftOut('ephemeral')
  if (current.some(isOnDemand)) return leftOut('on-demand')
  const vanished = vanishedOn(member, candidate, bakeMs)
  if (vanished !== undefined) return { is: 'failed', failure: vanished }
  if (presenceOf(member, nowMs) === 'gone') return leftOut('stopped')
  const silence = silenceOf(member, nowMs)
  // Who has not said a word since then has not said that it tried the candidate.
  if (silence !== undefined)
    return wasHeardSince(member, fromMs) ? { is: 'failed', failure: silence } : doubtful('silent')
  if (member.shared) return doubtful('shared-id')
  if (end?.type === 'open') return doubtful('crash-open')

  const words = current.filter(word => word.phase !== 'stopped' && !isSilent(word, nowMs))
  if (words.some(({ phase }) => phase === 'paused')) return leftOut('paused')
  if (words.some(({ phase, code }) => phase === 'rejected' && code === 'unsupported'))
    return leftOut('unsupported')
  if (words.some(word => refusedByOverrides(word, candidate))) return leftOut('overridden')
  // One of several processes that is gone without a word has not failed, and is not well.
  if (words.length < current.filter(({ phase }) => phase !== 'stopped').length) return doubtful('silent')
  if (!words.every(word => runs(word, candidate))) return { is: 'waiting' }

  const probe = worstProbe(words)
  if (probe !== undefined) return probe === 'unwell-before' ? leftOut(probe) : doubtful(probe)
  return { is: words.every(({ sinceMs }) => sinceMs >= bakeMs) ? 'healthy' : 'baking' }
}

/** Whether an instance runs one of these snapshots. */
export function runs({ phase, digest }: ClientReport, digests: ReadonlySet<Digest>): boolean {
  return (phase === 'applied' || phase === 'healthy') && digest !== undefined && digests.has(digest)
}

function refusedByOverrides(word: ClientReport, candidate: ReadonlySet<Digest>): boolean {
  const { phase, refused, verdicts = [], overridden = [] } = word
  if (phase !== 'rejected' || refused === undefined || !candidate.has(refused)) return false
  return overridden.length > 0 || verdicts.some(verdict => verdict.digest === refused && verdict.overridden)
}

function worstProbe(words: readonly ClientReport[]): Doubt | 'unwell-before' | undefined {
  const answers = words.flatMap(({ health }) => health ?? [])
  const unwell = answers.filter(({ now }) => now === 'unhealthy')
  if (unwell.some(({ before }) => before !== 'unhealthy')) return 'probe-unhealthy'
  if (unwell.length > 0) return 'unwell-before'
  if (answers.some(({ now }) => now === 'threw')) return 'probe-threw'
  return answers.some(({ now }) => now === 'timeout') ? 'probe-timed-out' : undefined
}
