import type { ProveSettings } from './settings.js'

/** A promise that something broke. */
export interface Violation {
  readonly text: string
  /** The one command that shows it again; undefined where there is none. */
  readonly replay?: string
}

/** What a part has come to: in the end, or so far. */
export interface Outcome {
  /** How many histories, bugs, rounds, inputs, trials or publishes. */
  readonly tried: number
  readonly violations: readonly Violation[]
  /** What else is worth telling; goes into the JSON file as it is. */
  readonly figures: Readonly<Record<string, unknown>>
}

export interface PartContext {
  readonly settings: ProveSettings
  /** How many processes can work at a time. */
  readonly workers: number
  /** Told now and then; the time that is left is worked out from it. */
  progress(done: number, of: number, note?: string): void
  /** Shows a violation at once; it still belongs into the outcome. */
  show(violation: Violation): void
  say(line: string): void
  /**
   * What an interrupted run of this part had come to, with the same settings at the same commit.
   */
  readonly before: Outcome | undefined
  /** Keeps what has been done so far, for a run after an interruption. */
  save(outcome: Outcome): Promise<void>
}

/** One instrument of the proof. */
export interface Part {
  readonly name: string
  /** What it tries, in the plural. */
  readonly what: string
  /** The settings that it depends on: what was proved under others is no proof. */
  readonly settings: readonly (keyof ProveSettings)[]
  /** Whether it starts the package as users get it, from `dist`. */
  readonly built?: boolean
  run(context: PartContext): Promise<Outcome>
}
