import { formatPosition } from '../contracts/position.js'
import type { Arm } from '../core/release/release.js'
import { severalIn } from '../publisher/history.js'
import type { HistoryEntry, Publisher } from '../publisher/index.js'
import { shortDigest, shortTime } from './references.js'
import { printable } from './style.js'
import { mainDigest, variantLines } from './variants.js'

/** The releases that brought some versions. */
export type Origins = ReadonlyMap<number, HistoryEntry>

/** What brings no version: a step of a rollout, or what is said again. */
const STEPS: ReadonlySet<string> = new Set([
  'advance', 'widen', 'pause', 'resume', 'promote', 'complete', 'retreat', 'readmit',
]) // prettier-ignore

/** How far back a version is looked for, in releases. */
const FAR = 500

/**
 * The releases that brought the versions of the newest one, by version: each has its own time, and
 * its own reason. Without those that are further back than 500 releases.
 *
 * ```ts
 * const published = (await originsOf(publisher, newest)).get(newest.version)
 * ```
 */
export async function originsOf(
  publisher: Pick<Publisher, 'history'>,
  { release: { epoch, stable, candidate } }: HistoryEntry,
): Promise<Origins> {
  const wanted = new Set([stable.version, ...(candidate === undefined ? [] : [candidate.version])])
  const found = new Map<number, HistoryEntry>()
  for await (const entry of publisher.history({ limit: FAR })) {
    const { release, cause } = entry
    if (release.epoch !== epoch || wanted.size === 0) break
    if (STEPS.has(cause)) continue
    const brought = release.candidate === undefined || cause === 'kill' ? [release.stable] : []
    for (const { version } of [...brought, ...(release.candidate === undefined ? [] : [release.candidate])])
      if (wanted.delete(version)) found.set(version, entry)
  }
  return found
}

/**
 * What runs; and while a rollout goes on each of its two versions with what brought it, since the
 * newest release is of the candidate alone.
 *
 * ```ts
 * for (const line of headlines(namespace, newest, await originsOf(publisher, newest))) print(line)
 * ```
 */
export function headlines(namespace: string, newest: HistoryEntry, origins: Origins): readonly string[] {
  const { stable, candidate } = newest.release
  const variants = variantLines(newest.variants)
  if (candidate === undefined) return [`${namespace}: ${sayBrought(stable, newest)}`, ...variants]
  return [
    `${namespace}: ${sayBrought(stable, origins.get(stable.version))}`,
    ...variants,
    `in stages: ${sayBrought(candidate, origins.get(candidate.version))}; noticeboard rollout show says more`,
    ...variantLines(severalIn(candidate).variants),
  ]
}

function sayBrought(arm: Arm, entry: HistoryEntry | undefined): string {
  const digest = shortDigest(mainDigest(arm))
  if (entry === undefined) return `version ${arm.version} ${digest}`
  const { position, cause, issuedAt, audit } = entry
  const who = audit?.author === undefined ? '' : ` by ${audit.author}`
  const why = audit === undefined ? '' : `: ${audit.reason}`
  return printable(
    `version ${arm.version} (${formatPosition(position)}) ${digest}, ${cause} ${shortTime(issuedAt)}${who}${why}`,
  )
}
