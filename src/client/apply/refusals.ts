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
  /** Those of other builds as well. */
  forget(digests: readonly Digest[]): void
  /** What this build refused runs here again. */
  retract(digest: Digest): void
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
  return new OfBuild(build, saved)
}

/** A class, since every client has one. */
class OfBuild implements Refusals {
  readonly #build: string | undefined
  #kept: readonly Refusal[]
  /** Those that end with the process; made with the first one. */
  #passing: Map<Digest, KnownRefusal> | undefined

  constructor(build: string | undefined, saved: readonly Refusal[]) {
    this.#build = build
    this.#kept = saved
  }

  has(digest: Digest): boolean {
    return this.get(digest) !== undefined
  }

  get(digest: Digest): Refusal | undefined {
    return (
      this.#passing?.get(digest) ??
      this.#kept.find(refusal => refusal.digest === digest && refusal.build === this.#build)
    )
  }

  add({
    digest,
    code,
    issues: [first],
    path = first?.path ?? '',
    at,
    lasting,
    reverted = false,
  }: NewRefusal): void {
    const build = this.#build
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
    if (build === undefined || !lasting) {
      this.#passing ??= new Map()
      this.#passing.set(digest, { ...refusal, overridden: !lasting })
      return
    }
    const others = this.#kept.filter(other => other.digest !== digest || other.build !== build)
    this.#kept = [...others, refusal].slice(-MAX_REFUSALS)
  }

  forget(digests: readonly Digest[]): void {
    for (const digest of digests) this.#passing?.delete(digest)
    this.#kept = this.#kept.filter(({ digest }) => !digests.includes(digest))
  }

  retract(digest: Digest): void {
    const refusal = this.get(digest)
    if (refusal === undefined) return
    this.#passing?.delete(digest)
    this.#kept = this.#kept.filter(other => other !== refusal)
  }

  list(): readonly Refusal[] {
    return this.#kept
  }

  known(): readonly KnownRefusal[] {
    return [
      ...this.#kept
        .filter(refusal => refusal.build === this.#build)
        .map(refusal => ({ ...refusal, overridden: false })),
      ...(this.#passing?.values() ?? []),
    ]
  }
}
