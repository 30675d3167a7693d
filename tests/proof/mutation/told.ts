/** A mutant that no test can fail for, and why. */
export interface Told {
  readonly file: string
  /** A piece of the line, which tells it from the others of its file. */
  readonly line: string
  /** What is replaced there, and by what; any unless given. */
  readonly from?: string
  readonly to?: string
  readonly why: string
}

/**
 * Survivors that were read and are no bug. Each must fit its source: one whose line is gone is
 * forgotten here.
 */
export const TOLD: readonly Told[] = []
