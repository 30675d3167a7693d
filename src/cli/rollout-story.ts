import { NoticeboardError } from '../contracts/errors.js'
import { comparePositions, formatPosition } from '../contracts/position.js'
import type { Arm } from '../core/release/release.js'
import { stageNumberOf } from '../core/release/rollout.js'
import type { HistoryEntry, Publisher, ReleaseRef } from '../publisher/index.js'
import { sayFailure } from '../rollouts/index.js'
import { sayAhead, saySkipped } from '../rollouts/skipped.js'
import type { CommandContext } from './command.js'
import type { Printer } from './printer.js'
import { shortDigest, shortTime } from './references.js'

/**
 * Every release of a rollout, the first one first.
 *
 * ```ts
 * const story = await storyOf(publisher, rollout.id)
 * ```
 */
export async function storyOf(
  publisher: Pick<Publisher, 'history'>,
  id: string | undefined,
): Promise<readonly HistoryEntry[]> {
  const story: HistoryEntry[] = []
  for await (const entry of publisher.history()) {
    if (entry.release.rollout?.id === id) story.unshift(entry)
    else if (story.length > 0) break
  }
  return story
}

/** The steps of a rollout, one a line. */
export function printStory(print: Pick<Printer, 'table'>, story: readonly HistoryEntry[]): void {
  print.table(
    ['when', 'release', 'step', 'state', 'stage', 'by', 'why'],
    story.map((entry, index) => [
      shortTime(entry.issuedAt),
      formatPosition(entry.position),
      entry.cause,
      entry.release.rollout?.state,
      entry.release.rollout === undefined ? 1 : stageNumberOf(entry.release.rollout),
      authorOf(entry),
      whyOf(entry, [...passedBy(story, index), ...saySkipped(skippedBy(story, index))]),
    ]),
  )
}

/**
 * The steps of a rollout as JSON has them, each with who, why, its evidence, and the stages that it
 * skipped.
 */
export function plainStory(story: readonly HistoryEntry[]): readonly object[] {
  return story.map(({ position, issuedAt, cause, audit }, index) => {
    const skipped = skippedBy(story, index)
    return { position, issuedAt, cause, ...(skipped.length > 0 && { skipped }), ...audit }
  })
}

/** The stages that one step of a story went past, from 0 on. */
function skippedBy(story: readonly HistoryEntry[], index: number): readonly number[] {
  const before = story[index - 1]?.release.rollout?.skipped ?? []
  const skipped = story[index]?.release.rollout?.skipped ?? []
  return skipped.filter(stage => !before.includes(stage))
}

/** Who took a step: as the history names them, and of a step without a record what wrote it. */
function authorOf({ audit, release }: HistoryEntry): string | undefined {
  return audit === undefined ? release.rollout?.controller : audit.author
}

/** What a person promoted a rollout past that comes before its first stage, for people. */
function passedBy(story: readonly HistoryEntry[], index: number): readonly string[] {
  const { cause, audit } = story[index] ?? {}
  const before = story[index - 1]?.release.rollout
  // A policy has seen what it goes past.
  if (cause !== 'promote' || audit?.evidence?.verdict !== undefined || before === undefined) return []
  return sayAhead(before.stageStart).map(what => `past ${what}`)
}

/** Of a person's step the reason, which says nothing of what it went past. */
function whyOf({ audit, release }: HistoryEntry, passed: readonly string[]): string | undefined {
  if (audit === undefined) return release.rollout?.why
  return [audit.reason, ...passed].join('; ')
}

/**
 * Shows a rollout that was: what it tried, how it ended, the clients that its steps rest on, and its
 * story, from the history alone. Throws `not-found` where no rollout of the history fits.
 */
export async function showEarlier(
  { print, json }: CommandContext,
  publisher: Publisher,
  ref: ReleaseRef,
): Promise<void> {
  const { namespace } = publisher
  const story = await earlierStory(publisher, ref)
  const rollout = story.at(-1)?.release.rollout
  const tried = triedBy(story)
  const variant = tried?.variants.at(-1)
  if (rollout === undefined || tried === undefined || variant === undefined)
    throw new NoticeboardError(
      'not-found',
      `the history of ${namespace} has no rollout like that; see which there are with noticeboard history ${namespace}`,
    )
  const { id, state } = rollout
  const { version } = tried
  if (json)
    return print.jsonLine({
      namespace,
      rollout: { id, state, digest: variant.digest, version },
      story: plainStory(story),
    })
  print.data(`${namespace}: rollout ${id} of version ${version} ${shortDigest(variant.digest)}: ${state}\n`)
  const failures = story.flatMap(({ audit }) => audit?.evidence?.exceptions ?? []).map(sayFailure)
  for (const line of new Set(failures)) print.data(`  ${line}\n`)
  print.data('\n')
  printStory(print, story)
}

/**
 * The newest rollout of the history that tried what a reference names, or that has its position.
 */
async function earlierStory(
  publisher: Pick<Publisher, 'history'>,
  ref: ReleaseRef,
): Promise<readonly HistoryEntry[]> {
  let story: HistoryEntry[] = []
  for await (const entry of publisher.history()) {
    const id = entry.release.rollout?.id
    if (story[0] !== undefined && story[0].release.rollout?.id !== id) {
      if (isMeant(story, ref)) return story
      story = []
    }
    if (id !== undefined) story.unshift(entry)
  }
  return isMeant(story, ref) ? story : []
}

function isMeant(story: readonly HistoryEntry[], ref: ReleaseRef): boolean {
  const tried = triedBy(story)
  if (tried === undefined) return false
  if (ref === 'current') return true
  if (typeof ref === 'number') return tried.version === ref
  if (typeof ref === 'string') return tried.variants.some(({ digest }) => digest.startsWith(ref))
  return story.some(({ position }) => comparePositions(position, ref) === 'same')
}

/** What a rollout gave to its first clients; a later release of it may have gone back already. */
function triedBy([first]: readonly HistoryEntry[]): Arm | undefined {
  return first?.release.candidate ?? first?.release.stable
}
