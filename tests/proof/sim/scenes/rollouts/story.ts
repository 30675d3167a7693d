import { createHash } from 'node:crypto'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'

// Reads releases by itself: nothing here comes from the library, so that what it got wrong is not
// got wrong twice.

/** A release as it stands in the log. */
export interface PlainRelease {
  readonly epoch: string
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
    readonly skipped?: readonly number[]
    readonly controller: string
    readonly decideBy: string
    readonly plan: {
      readonly type: string
      readonly stages: readonly PlainStage[]
      readonly everyMs?: number
      readonly reportMs?: number
      readonly holdback?: number
      readonly gates?: readonly { readonly name: string; readonly onBad: string }[]
    }
    readonly stageStart: {
      readonly awaitsGates?: true
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

type PlainLabels = Readonly<Record<string, readonly string[]>>

/** What a stage exposes. */
export interface PlainStage {
  readonly by: string
  readonly labels?: PlainLabels
  readonly ids?: readonly string[]
}

/** Who runs a candidate. */
export interface PlainAudience {
  readonly salt: string
  readonly clauses: readonly {
    readonly ids?: readonly string[]
    readonly labels?: PlainLabels
    readonly below?: number
  }[]
}

/** A client as audiences know it. */
export interface Who {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** One release of the log, when it came to stand there, and the evidence that is kept beside it. */
export interface Step {
  readonly release: PlainRelease
  readonly atMs: number
  readonly evidence: PlainEvidence | undefined
}

/** What is kept of a decision. */
export interface PlainEvidence {
  readonly why: string
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
export function isIn({ salt, clauses }: PlainAudience, { name, labels }: Who): boolean {
  const { bucket, id } = drawOf(salt, name)
  return clauses.some(
    ({ ids, labels: wanted, below }) =>
      (ids !== undefined || wanted !== undefined || below !== undefined) &&
      (ids === undefined || ids.includes(id)) &&
      (wanted === undefined || carries(labels, wanted)) &&
      (below === undefined || bucket < below),
  )
}

/** What a salt draws for a client: its bucket of 2^32, and its hashed id. */
export function drawOf(salt: string, name: string): { readonly bucket: number; readonly id: string } {
  const hash = createHash('sha256').update(`${salt}\0${name}`).digest('hex')
  return { bucket: Number.parseInt(hash.slice(0, 8), 16), id: hash.slice(0, 32) }
}

/** Whether a client carries labels, of each one of the values. */
export function carries(labels: Who['labels'], wanted: PlainLabels): boolean {
  const names = Object.keys(wanted)
  return names.length > 0 && names.every(name => wanted[name]?.includes(labels[name] ?? '') === true)
}

/**
 * What a release lets a client run: it names it for it, or it was good for everybody once and was
 * not withdrawn since.
 */
export function mayRun(
  story: Pick<Story, 'at'>,
  {
    sequence,
    who,
    digest,
  }: {
    readonly sequence: number
    readonly who: Who
    readonly digest: string
  },
): boolean {
  const own = story.at(sequence)?.release
  if (own === undefined) return false
  if (isNamedFor(own, who, digest)) return true
  for (let at = sequence; at > 0; at -= 1) {
    const release = story.at(at)?.release
    if (named(release?.stable).includes(digest)) return true
    if (release?.withdrawn?.includes(digest) === true) return false
  }
  return false
}

/** Whether a release names a snapshot for a client. */
export function isNamedFor({ stable, candidate, audience }: PlainRelease, who: Who, digest: string): boolean {
  if (named(stable).includes(digest)) return true
  return named(candidate).includes(digest) && audience !== undefined && isIn(audience, who)
}
