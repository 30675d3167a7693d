import type { Digest } from '../../contracts/names.js'
import { isDigest } from '../../contracts/names.js'
import type { Shape } from '../json/shape.js'
import { isLine } from '../json/text.js'
import { MAX_COUNTS, MAX_EXCEPTIONS, MAX_STAGE } from '../limits.js'
import { isInstant } from './instant.js'

/** One client that a step of a rollout rests on. */
export interface StepException {
  readonly clientId: string
  readonly instanceId?: string
  /** What it is an exception as: `rejected`, `silent`, …; the words of the policy. */
  readonly kind: string
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
 * What a step of a rollout was decided on, kept in the audit record of its release, so that the
 * whole story can be read again from the store alone.
 */
export interface StepEvidence {
  /** The rollout's `id`. */
  readonly rollout: string
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** What was done: `start`, `advance`, `widen`, `roll-back`, `retreat`, `complete`, `kill`, …. */
  readonly step: string
  /** The verdict that it follows from; absent where somebody asked for the step. */
  readonly verdict?: 'good' | 'bad' | 'unknown'
  /** A reason of the rollout's own, for machines: `way-back-failed`. */
  readonly code?: string
  /** Why, for people. */
  readonly why: string
  /** What the stage could see, for people; absent in records of earlier versions. */
  readonly canSee?: string
  /** What was unknown, by the names of the policy; absent where nothing was. */
  readonly unknowns?: readonly string[]
  /** What would have changed the verdict, for people; absent where nothing would. */
  readonly wouldChange?: readonly string[]
  /** When the evidence was gathered, by the clock that stamps the reports. */
  readonly asOf: string
  /** Clients by what they are, each name with a number. */
  readonly counts: Readonly<Record<string, number>>
  /** The clients that it rests on, {@link MAX_EXCEPTIONS} at most. */
  readonly exceptions: readonly StepException[]
  /** How many more there were. */
  readonly omitted?: number
}

/** Reads the `evidence` member of an audit record. */
export function readStepEvidence(shape: Shape): StepEvidence {
  return {
    rollout: shape.string('rollout', isLine),
    stage: shape.integer('stage', 0, MAX_STAGE),
    step: shape.string('step', isLine),
    ...shape.optional('verdict', name => {
      const verdict = shape.string(name, isLine)
      return verdict === 'good' || verdict === 'bad' ? verdict : 'unknown'
    }),
    ...shape.optional('code', name => shape.string(name, isLine)),
    why: shape.string('why', isLine),
    ...shape.optional('canSee', name => shape.string(name, isLine)),
    ...shape.optional('unknowns', name => linesIn(shape, name)),
    ...shape.optional('wouldChange', name => linesIn(shape, name)),
    asOf: shape.string('asOf', isInstant),
    counts: readCounts(shape.object('counts')),
    exceptions: shape.objects('exceptions', MAX_EXCEPTIONS).map(readException),
    ...shape.optional('omitted', name => shape.integer(name, 1, Number.MAX_SAFE_INTEGER)),
  }
}

function linesIn(shape: Shape, name: string): readonly string[] {
  return shape.list(name, MAX_COUNTS).map((line, index) => {
    if (!isLine(line)) throw shape.refuse(`${name}.${index}`, 'must be a line of text')
    return line
  })
}

function readCounts(shape: Shape): Readonly<Record<string, number>> {
  const names = shape.names()
  if (names.length > MAX_COUNTS) throw shape.refuse('', `holds more than ${MAX_COUNTS} numbers`)
  return Object.fromEntries(names.map(name => [name, shape.integer(name, 0, Number.MAX_SAFE_INTEGER)]))
}

function readException(shape: Shape): StepException {
  return {
    clientId: shape.string('clientId', isLine),
    ...shape.optional('instanceId', name => shape.string(name, isLine)),
    kind: shape.string('kind', isLine),
    ...shape.optional('digest', name => shape.string(name, isDigest)),
    ...shape.optional('ranMs', name => shape.integer(name, 0, Number.MAX_SAFE_INTEGER)),
    ...shape.optional('code', name => shape.string(name, isLine)),
    ...shape.optional('validator', name => shape.string(name, isLine)),
    ...shape.optional('path', name => shape.string(name, isLine)),
  }
}
