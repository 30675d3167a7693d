import { comparePositions, epochNumber, type Position } from '../../contracts/position.js'
import type { Refusal, SavedSnapshot, SavedState } from '../../contracts/state.js'
import { newestOfEach } from './entries.js'
import { stillRefused, unionOfReadmitted } from './readmitted.js'
import type { StateFile } from './state-file.js'
import { MAX_GOOD, MAX_REFUSALS } from '../../core/limits.js'

/**
 * Everything that the instances of one folder knew, and a warning where they contradict each other.
 */
export interface FoldedState {
  readonly state: SavedState
  readonly warnings: readonly string[]
}

/**
 * Folds what several instances knew: the highest `seen` with its release, the highest `applied`
 * with its snapshot, the union of the rest; but what was refused by who had not seen the release
 * that readmits it is forgotten. A pure function; the order of the files does not matter, but for
 * those saved at the very same time.
 */
export function foldStates(files: readonly StateFile[]): FoldedState {
  const newestFirst = [...files].sort((a, b) => (a.savedAt < b.savedAt ? 1 : a.savedAt > b.savedAt ? -1 : 0))
  const seen = highest(newestFirst, ({ state }) => state.seen)
  const applied = highest(newestFirst, ({ state }) => state.applied)
  const release =
    seen.file &&
    newestFirst.find(({ state }) => state.release && state.seen && isSame(state.seen, seen.position))?.state
      .release
  const current =
    applied.file &&
    newestFirst.find(({ state }) => state.current && state.applied && isSame(state.applied, applied.position))
      ?.state.current
  const readmitted = unionOfReadmitted(newestFirst.map(({ state }) => state))
  const refused = newestFirst.map(({ state }) => stillRefused(state, readmitted))
  const forks = [...new Set([...seen.forks, ...applied.forks])]
  return {
    state: {
      ...(release && { release }),
      ...(seen.position && { seen: seen.position }),
      ...(applied.position && { applied: applied.position }),
      ...(current && { current }),
      good: unionOfGood(newestFirst),
      refused: unionOfRefused(refused),
      ...(readmitted.length > 0 && { readmitted }),
    },
    warnings: forks.map(
      fork =>
        `processes that share this folder followed two logs of one namespace (${fork}); the state saved last is used`,
    ),
  }
}

interface Highest {
  readonly file?: StateFile | undefined
  readonly position?: Position | undefined
  readonly forks: readonly string[]
}

/** Of the highest epoch number the epoch of the file saved last, and in it the highest sequence. */
function highest(
  newestFirst: readonly StateFile[],
  positionOf: (file: StateFile) => Position | undefined,
): Highest {
  const found = newestFirst.flatMap(file => {
    const position = positionOf(file)
    return position === undefined ? [] : [{ file, position }]
  })
  const number = found.reduce((most, { position }) => Math.max(most, epochNumber(position.epoch)), 0)
  const candidates = found.filter(({ position }) => epochNumber(position.epoch) === number)
  const epoch = candidates[0]?.position.epoch
  const best = candidates
    .filter(({ position }) => position.epoch === epoch)
    .reduce<(typeof found)[number] | undefined>(
      (most, next) => (most === undefined || next.position.sequence > most.position.sequence ? next : most),
      undefined,
    )
  const epochs = [...new Set(candidates.map(({ position }) => position.epoch))].sort()
  return {
    file: best?.file,
    position: best?.position,
    forks: epochs.length > 1 ? [epochs.join(' and ')] : [],
  }
}

function isSame(a: Position, b: Position | undefined): boolean {
  return b !== undefined && comparePositions(a, b) === 'same'
}

function unionOfGood(newestFirst: readonly StateFile[]): readonly SavedSnapshot[] {
  const good = new Map<string, SavedSnapshot>()
  for (const { state } of newestFirst)
    for (const snapshot of state.good) if (!good.has(snapshot.digest)) good.set(snapshot.digest, snapshot)
  return [...good.values()].slice(0, MAX_GOOD)
}

/** Each (digest, build) once, with its latest reason; the latest ones when there are too many. */
function unionOfRefused(newestFirst: readonly (readonly Refusal[])[]): readonly Refusal[] {
  const refused = newestOfEach(newestFirst.flat(), {
    keyOf: ({ digest, build }) => `${digest} ${build}`,
    isNewer: (refusal, than) => refusal.at > than.at,
  })
  return [...refused].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).slice(-MAX_REFUSALS)
}
