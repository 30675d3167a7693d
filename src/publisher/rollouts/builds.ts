import type { HeardReports, SnapshotVerdict } from '../../contracts/report.js'
import type { Digest } from '../../contracts/names.js'
import { groupBy } from '../../core/group-by.js'
import { digestsOf, type Release } from '../../core/release/release.js'
import { liveMembers, type Member } from '../../rollouts/members.js'

/** What is known of one build of the application and a document that is not published yet. */
export interface BuildForecast {
  /** The application's version; undefined for clients that name none. */
  readonly build: string | undefined
  /** How many live clients run it. */
  readonly clients: number
  /**
   * `refused`: clients of it have refused this very document before. `not-known`: they were never
   * given it; a build's own schema stays with the build.
   */
  readonly refuses: 'refused' | 'not-known'
  /** Why it was refused, for people: `invalid-document at pool.size`. */
  readonly why?: string
}

/**
 * The builds of a fleet, the commonest first, and which of them have refused a release's documents
 * before; empty where nothing is heard.
 *
 * ```ts
 * const refusing = buildsIn(release, heard).filter(({ refuses }) => refuses === 'refused')
 * ```
 */
export function buildsIn(release: Release, heard: HeardReports | undefined): readonly BuildForecast[] {
  if (heard === undefined) return []
  const nowMs = Date.parse(heard.asOf)
  const tried = new Set<Digest>(
    release.candidate === undefined
      ? digestsOf(release)
      : release.candidate.variants.map(({ digest }) => digest),
  )
  const live = liveMembers(heard, { beforeMs: nowMs, nowMs })
  const builds = groupBy(live, ({ identity }) => identity.build)
  return [...builds]
    .map(([build, members]): BuildForecast => {
      const refusal = members.flatMap(member => refusalsOf(member, tried)).at(0)
      return {
        build,
        clients: members.length,
        refuses: refusal === undefined ? 'not-known' : 'refused',
        ...(refusal !== undefined && { why: sayRefusal(refusal) }),
      }
    })
    .sort((a, b) => b.clients - a.clients)
}

/** What a client's own overrides had a part in says little about its build. */
function refusalsOf({ current }: Member, tried: ReadonlySet<Digest>): readonly SnapshotVerdict[] {
  return current
    .flatMap(({ verdicts = [] }) => verdicts)
    .filter(({ digest, overridden }) => tried.has(digest) && overridden !== true)
}

function sayRefusal({ verdict, code, path }: SnapshotVerdict): string {
  return `${code ?? verdict}${path === undefined || path === '' ? '' : ` at ${path}`}`
}
