import type { Digest } from '../contracts/names.js'
import type { ClientReport } from '../contracts/report.js'
import { groupBy } from '../core/group-by.js'
import { STATE_BEAT_MS } from '../core/limits.js'
import { sayDeath } from '../core/report/say-death.js'
import { firstHeardMs, heardMs, isSilent, wasHeardSince, type Member } from './members.js'

/**
 * How a client failed a snapshot. `rejected`, `reverted`, `quarantined` and `vetoed` are its own
 * word; the last says that a part of the application refused to prepare for it. `abrupt`: the life
 * before ended on it without a word. `vanished`: the same of a client without a disk, twice, as its
 * successors show. `silent`: three report periods without a word, which after an outage of the
 * server holds of all at once: compare with the clients outside the stage.
 */
export type FailureKind =
  | 'rejected'
  | 'reverted'
  | 'quarantined'
  | 'vetoed'
  | 'abrupt'
  | 'vanished'
  | 'silent'

/** A client that failed, and how. */
export interface Failure {
  readonly kind: FailureKind
  readonly clientId: string
  readonly instanceId: string
  readonly digest?: Digest
  /**
   * With `abrupt`: for how long the process that died had run it, as its disk tells, in
   * milliseconds.
   */
  readonly ranMs?: number
  readonly code?: string
  readonly validator?: string
  readonly path?: string
}

/**
 * A client on which a decision rests, in one line.
 *
 * ```ts
 * sayFailure({ clientId: 'web-1', kind: 'rejected', code: 'invalid-document', path: 'pool.size', validator: 'schema' })
 * // web-1: rejected invalid-document pool.size (schema)
 * ```
 */
export function sayFailure({
  clientId,
  kind,
  digest,
  ranMs,
  code,
  path,
  validator,
}: Omit<Failure, 'instanceId' | 'kind'> & { readonly kind: string }): string {
  if (kind === 'abrupt' && digest !== undefined) return `${clientId}: abrupt; ${sayDeath({ digest, ranMs })}`
  const parts = [code === kind ? undefined : code, path, validator && `(${validator})`]
  return [`${clientId}: ${kind}`, ...parts].filter(part => part !== undefined && part !== '').join(' ')
}

/**
 * What an abrupt end is worth. The snapshot before has to outlive the run of the candidate: until
 * it has that is `open`, and where it may have died as fast, both are ill and the candidate is
 * `acquitted`.
 */
export type AbruptEnd =
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'open' }
  | { readonly type: 'acquitted' }

/**
 * A refusal in the client's own words, of one of these snapshots. Its own overrides excuse one.
 * What was said before `fromMs` and not again since does not count: a client repeats it, and a
 * stranger who spoke once does not.
 */
export function refusalOf(
  { words }: Member,
  digests: ReadonlySet<Digest>,
  fromMs: number = Number.NEGATIVE_INFINITY,
): Failure | undefined {
  // A digest says the same in each life, and the latest word says it best.
  for (const word of words.toReversed()) {
    if (heardMs(word) < fromMs) continue
    const { clientId, instanceId } = word
    const verdict = word.verdicts?.findLast(
      ({ digest, verdict: kind, overridden }) =>
        digests.has(digest) && kind !== 'other' && overridden !== true,
    )
    if (verdict !== undefined && verdict.verdict !== 'other') {
      const { verdict: kind, overridden: _, ...said } = verdict
      return { kind, clientId, instanceId, ...said }
    }
    const { phase, refused, code, validator, path, overridden = [] } = word
    if (phase !== 'rejected' && phase !== 'reverted' && phase !== 'quarantined') continue
    if (refused === undefined || !digests.has(refused) || overridden.length > 0) continue
    // Where the list of verdicts names it, that has told already of the overrides.
    if (word.verdicts?.some(({ digest }) => digest === refused) === true) continue
    return {
      kind: code === 'vetoed' ? 'vetoed' : phase,
      clientId,
      instanceId,
      digest: refused,
      ...(code !== undefined && { code }),
      ...(validator !== undefined && { validator }),
      ...(path !== undefined && { path }),
    }
  }
  return undefined
}

/**
 * What the ends of a client's lives say about these snapshots: one that came within the bake,
 * without notice. Undefined where there was none.
 */
export function abruptEndOf(
  { words }: Member,
  digests: ReadonlySet<Digest>,
  {
    bakeMs,
    fromMs = Number.NEGATIVE_INFINITY,
  }: { readonly bakeMs: number; readonly fromMs?: number | undefined },
): AbruptEnd | undefined {
  // From the last one back, so that each is told by one walk: a stranger may name thousands.
  let failure: Failure | undefined
  let found: AbruptEnd | undefined
  let [ranLongestMs, diedSoonestMs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const word of words.toReversed()) {
    const { previous, clientId, instanceId } = word
    ranLongestMs = Math.max(ranLongestMs, outlivedMs(word, { digests, bakeMs }))
    if (previous?.end !== 'abrupt') continue
    const { digest, ranMs } = previous
    if (digest === undefined || !digests.has(digest)) {
      diedSoonestMs = Math.min(diedSoonestMs, ranMs)
      continue
    }
    if (heardMs(word) < fromMs || ranMs >= bakeMs) continue
    // It ran for a beat longer at most; and who has come through a bake is well in any case.
    const mostMs = ranMs + Math.min(STATE_BEAT_MS, bakeMs)
    if (ranLongestMs >= mostMs) failure = { kind: 'abrupt', clientId, instanceId, digest, ranMs }
    else if (diedSoonestMs < mostMs) found = { type: 'acquitted' }
    else found ??= { type: 'open' }
  }
  return failure === undefined ? found : { type: 'failed', failure }
}

/**
 * The longest run of a candidate that an instance has outlived, in milliseconds: with something
 * else, which it ran for as long. Only its last word is known, and a client tries again as soon as
 * it may: what it ran before in the same life counts too, and so does the candidate itself once it
 * ran through the bake.
 */
function outlivedMs(
  { phase, digest, sinceMs, upMs }: ClientReport,
  { digests, bakeMs }: { readonly digests: ReadonlySet<Digest>; readonly bakeMs: number },
): number {
  switch (phase) {
    case 'applied':
    case 'healthy':
      if (digest === undefined || !digests.has(digest)) return sinceMs
      return sinceMs >= bakeMs ? Number.POSITIVE_INFINITY : upMs - sinceMs
    case 'rejected':
    case 'reverted':
    case 'quarantined':
    case 'paused':
    case 'staged':
    case 'stopped':
      if (digest !== undefined && digests.has(digest)) return Number.NEGATIVE_INFINITY
      // It runs on below what it says.
      return upMs
    case 'waiting':
    case 'trying':
    case 'other':
      return Number.NEGATIVE_INFINITY
  }
}

/**
 * A client without a disk whose instances ended on these snapshots twice, each within the bake, and
 * whose successors came without a `stopped` between.
 */
export function vanishedOn(
  member: Member,
  digests: ReadonlySet<Digest>,
  bakeMs: number,
): Failure | undefined {
  return vanishedTwice(
    member,
    word => word.digest !== undefined && digests.has(word.digest) && word.sinceMs < bakeMs,
  )
}

/** A client that is there no more and did not say so. */
export function silenceOf({ current, clientId }: Member, nowMs: number): Failure | undefined {
  const running = current.filter(({ phase }) => phase !== 'stopped')
  const [first] = running
  if (first === undefined || !running.every(word => isSilent(word, nowMs))) return undefined
  const { instanceId, digest } = first
  return { kind: 'silent', clientId, instanceId, ...(digest !== undefined && { digest }) }
}

/**
 * Whether a client failed since a time in any way that the control group can fail as well, whatever
 * it ran: it is what the two groups are compared by. A refusal of the candidate counts too.
 */
export function failedSince(
  member: Member,
  {
    atMs,
    nowMs,
    candidate,
  }: { readonly atMs: number; readonly nowMs: number; readonly candidate: ReadonlySet<Digest> },
): boolean {
  const refused = refusalOf(member, candidate, atMs)
  if (refused !== undefined && beganSince(member, refused, atMs)) return true
  const ended = member.words.some(word => word.previous?.end === 'abrupt' && firstHeardMs(word) >= atMs)
  if (ended || (silenceOf(member, nowMs) !== undefined && wasHeardSince(member, atMs))) return true
  return vanishedTwice(member, word => heardMs(word) >= atMs) !== undefined
}

function vanishedTwice(
  { words, clientId }: Member,
  counts: (word: ClientReport) => boolean,
): Failure | undefined {
  for (const life of groupBy(words, word => word.slot).values()) {
    const ended = life.slice(0, -1).filter(word => {
      const running = word.phase === 'trying' || word.phase === 'applied' || word.phase === 'healthy'
      return running && word.protection === 'none' && counts(word)
    })
    const last = ended.at(-1)
    if (ended.length < 2 || last === undefined) continue
    const { instanceId, digest } = last
    return { kind: 'vanished', clientId, instanceId, ...(digest !== undefined && { digest }) }
  }
  return undefined
}

/** Whether what a client said of itself began after a time, as far as its last word tells. */
function beganSince({ words }: Member, { instanceId }: Failure, atMs: number): boolean {
  const word = words.find(one => one.instanceId === instanceId)
  if (word === undefined) return false
  switch (word.phase) {
    case 'rejected':
    case 'reverted':
    case 'quarantined':
      return heardMs(word) - word.sinceMs >= atMs
    default:
      return firstHeardMs(word) >= atMs
  }
}
