import { createHash } from 'node:crypto'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'

// Reads releases by itself: nothing here comes from the library, so that what it got wrong is not got wrong twice.

/** A release as it stands in the log. */
export interface PlainRelease {
  readonly sequence: number
  readonly cause: string
  readonly stable: PlainArm
  readonly candidate?: PlainArm
  readonly audience?: PlainAudience
  readonly withdrawn?: readonly string[]
  readonly rollout?: {
    readonly id: string
    readonly state: string
    readonly stage: number
    readonly controller: string
    readonly decideBy: string
    readonly plan: {
      readonly type: string
      readonly stages: readonly unknown[]
      readonly everyMs?: number
      readonly reportMs?: number
    }
    readonly stageStart: {
      readonly at: string
      readonly live: number
      readonly exposed: number
      readonly added?: number
      readonly position: { readonly sequence: number }
    }
  }
}

interface PlainArm {
  readonly variants: readonly { readonly digest: string }[]
}

interface PlainAudience {
  readonly salt: string
  readonly clauses: readonly { readonly ids?: readonly string[]; readonly below?: number }[]
}

/** One release of the log, when it came to stand there, and the evidence that is kept beside it. */
export interface Step {
  readonly release: PlainRelease
  readonly atMs: number
  readonly evidence: PlainEvidence | undefined
}

/** What is kept of a decision. */
export interface PlainEvidence {
  readonly counts: Readonly<Record<string, number>>
  readonly exceptions: readonly { readonly clientId: string; readonly kind: string }[]
}

/** The log as it grows, and what it lets clients run. */
export interface Story {
  /** The store, which tells of each release that comes to stand in its log. */
  readonly store: CompleteStore
  readonly steps: readonly Step[]
  readonly newest: Step | undefined
  at(sequence: number): Step | undefined
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Reads a release. */
export function readRelease(bytes: Uint8Array): PlainRelease {
  return (JSON.parse(textOf(bytes)) as { readonly release: PlainRelease }).release
}

/** Watches what is appended. */
export function watchStory(
  store: CompleteStore,
  {
    nowMs,
    onStep,
  }: { readonly nowMs: () => number; readonly onStep: (step: Step, before: Step | undefined) => void },
): Story {
  const steps: Step[] = []
  return {
    steps,
    get newest() {
      return steps.at(-1)
    },
    at: sequence => steps[sequence - 1],
    store: {
      ...store,
      async append(query, signal) {
        const outcome = await store.append(query, signal)
        const release = readRelease(query.bytes)
        if (outcome !== 'appended' || release.sequence <= steps.length) return outcome
        const audit =
          query.audit && (JSON.parse(textOf(query.audit)) as { readonly evidence?: PlainEvidence })
        const before = steps.at(-1)
        const step: Step = { release, atMs: nowMs(), evidence: audit?.evidence }
        steps.push(step)
        onStep(step, before)
        return outcome
      },
    },
  }
}

/** The digests of an arm. */
export function named(arm: PlainArm | undefined): readonly string[] {
  return arm?.variants.map(({ digest }) => digest) ?? []
}

/** Whether a client is in an audience. */
export function isIn({ salt, clauses }: PlainAudience, clientId: string): boolean {
  const hash = createHash('sha256').update(`${salt}\0${clientId}`).digest('hex')
  const bucket = Number.parseInt(hash.slice(0, 8), 16)
  return clauses.some(
    ({ ids, below }) =>
      (ids !== undefined || below !== undefined) &&
      (ids === undefined || ids.includes(hash.slice(0, 32))) &&
      (below === undefined || bucket < below),
  )
}

/** What a release lets a client run: it names it for it, or it was good for everybody once and was not withdrawn since. */
export function mayRun(
  story: Pick<Story, 'at'>,
  {
    sequence,
    clientId,
    digest,
  }: {
    readonly sequence: number
    readonly clientId: string
    readonly digest: string
  },
): boolean {
  const own = story.at(sequence)?.release
  if (own === undefined) return false
  if (isNamedFor(own, clientId, digest)) return true
  for (let at = sequence; at > 0; at -= 1) {
    const release = story.at(at)?.release
    if (named(release?.stable).includes(digest)) return true
    if (release?.withdrawn?.includes(digest) === true) return false
  }
  return false
}

/** Whether a release names a snapshot for a client. */
export function isNamedFor(
  { stable, candidate, audience }: PlainRelease,
  clientId: string,
  digest: string,
): boolean {
  if (named(stable).includes(digest)) return true
  return named(candidate).includes(digest) && audience !== undefined && isIn(audience, clientId)
}
