import type { Issue } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { Refusal } from '../../contracts/state.js'
import { MAX_REFUSALS } from '../../core/limits.js'
import type { KnownRefusal } from '../report/verdicts.js'

/** What this build of the application has refused, so that no verdict is asked for twice. */
export interface Refusals {
  has(digest: Digest): boolean
  /** What is known of a refusal. */
  get(digest: Digest): Refusal | undefined
  /** Remembers a refusal; one that is not `lasting` is forgotten when the process ends. */
  add(refusal: NewRefusal): void
  forget(digests: readonly Digest[]): void
  /**
   * What is worth keeping on disk, of other builds too: the latest at the end, {@link MAX_REFUSALS}
   * at most.
   */
  list(): readonly Refusal[]
  /** What this build refused, and whether its overrides had a part in it. */
  known(): readonly KnownRefusal[]
}

export interface NewRefusal {
  readonly digest: Digest
  readonly code: string
  readonly issues: readonly Issue[]
  /** Where, as anybody may see it. Default: the path of the first issue. */
  readonly path?: string | undefined
  readonly at: string
  readonly lasting: boolean
  /** Whether it had come into force, and a probe took it back. */
  readonly reverted?: boolean
}

/**
 * Makes {@link Refusals} for one build. A refusal holds for a build of the application: without a
 * build to tell one start from the next, a new start tries again.
 */
export function createRefusals(build: string | undefined, saved: readonly Refusal[]): Refusals {
  let kept: readonly Refusal[] = saved
  const passing = new Map<Digest, KnownRefusal>()

  const get = (digest: Digest): Refusal | undefined =>
    passing.get(digest) ?? kept.find(refusal => refusal.digest === digest && refusal.build === build)

  return {
    get,
    has: digest => get(digest) !== undefined,
    add({ digest, code, issues: [first], path = first?.path ?? '', at, lasting, reverted = false }) {
      const refusal: Refusal = {
        digest,
        build: build ?? '',
        code,
        ...(reverted && { reverted: true as const }),
        ...(first !== undefined && {
          validator: first.validator.slice(0, 256),
          path: path.slice(0, 256),
        }),
        at,
      }
      if (build === undefined || !lasting)
        return void passing.set(digest, { ...refusal, overridden: !lasting })
      const others = kept.filter(other => other.digest !== digest || other.build !== build)
      kept = [...others, refusal].slice(-MAX_REFUSALS)
    },
    forget(digests) {
      for (const digest of digests) passing.delete(digest)
      kept = kept.filter(({ digest }) => !digests.includes(digest))
    },
    list: () => kept,
    known: () => [
      ...kept.filter(refusal => refusal.build === build).map(refusal => ({ ...refusal, overridden: false })),
      ...passing.values(),
    ],
  }
}
