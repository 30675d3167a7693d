import { isAtLeast, positionIn, type Position } from '../../contracts/position.js'
import type { Fs } from '../../contracts/system.js'
import { readAsked } from './asked.js'
import type { StateFile } from './state-file.js'

/** A position that an operator wants to be forgotten, with all that are newer. */
export interface Forgotten {
  readonly position: Position
  /** Who saved it later than this, a time in milliseconds since 1970, saw it again. */
  readonly untilMs: number
}

/** Processes that are yet to start anew save what they saw for so long, in milliseconds. */
const STARTED_ANEW_MS = 86_400_000

/** What the files in the folder say: each is named for a position, `1-9f3a01bc.42`. */
export async function readForgotten(fs: Fs, folder: string): Promise<readonly Forgotten[]> {
  const asked = await readAsked(fs, folder, name => positionIn(name, '.'))
  return asked.map(({ what, atMs }) => ({ position: what, untilMs: atMs + STARTED_ANEW_MS }))
}

/**
 * What an instance knew, without what it saw from a forgotten position on; its snapshots stay as
 * last-known-good.
 */
export function withoutForgotten(file: StateFile, forgotten: readonly Forgotten[]): StateFile {
  const savedMs = Date.parse(file.savedAt)
  const isForgotten = (position: Position | undefined): boolean =>
    position !== undefined &&
    forgotten.some(from => savedMs <= from.untilMs && isAtLeast(position, from.position))
  const { seen, applied, release, ...rest } = file.state
  const forgetsSeen = isForgotten(seen)
  const forgetsApplied = isForgotten(applied)
  if (!forgetsSeen && !forgetsApplied) return file
  return {
    ...file,
    state: {
      ...rest,
      ...(seen !== undefined && !forgetsSeen && { seen }),
      ...(release !== undefined && !forgetsSeen && { release }),
      ...(applied !== undefined && !forgetsApplied && { applied }),
    },
  }
}
