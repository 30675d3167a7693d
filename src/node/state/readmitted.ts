import type { Json } from '../../contracts/json.js'
import { isDigest } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { Refusal, SavedReadmission, SavedState } from '../../contracts/state.js'
import { shapeOf } from '../../core/json/shape.js'
import { MAX_READMITTED } from '../../core/limits.js'
import { readPosition } from '../../core/release/read-position.js'
import { ifReadable, newestOfEach } from './entries.js'

/** Each snapshot that a release readmitted, with the newest that did; the newest of them last. */
export function unionOfReadmitted(states: readonly SavedState[]): readonly SavedReadmission[] {
  const all = states.flatMap(({ readmitted = [] }) => readmitted)
  const newest = newestOfEach(all, {
    keyOf: ({ digest }) => digest,
    isNewer: (each, than) => comparePositions(each.position, than.position) === 'newer',
  })
  return [...newest]
    .sort((a, b) => order(a.position, b.position) || (a.digest < b.digest ? -1 : 1))
    .slice(-MAX_READMITTED)
}

/**
 * What an instance refused, without what was readmitted by a release that it had not seen: what it
 * refused after it had seen that release still counts.
 */
export function stillRefused(
  { refused, seen }: SavedState,
  readmitted: readonly SavedReadmission[],
): readonly Refusal[] {
  const isUnheard = ({ position }: SavedReadmission): boolean =>
    seen === undefined || comparePositions(seen, position) === 'older'
  return refused.filter(({ digest }) => !readmitted.some(each => each.digest === digest && isUnheard(each)))
}

/** A readmission in a state file, in a list of its own; an empty list where it cannot be read. */
export function readReadmission(entry: Json): readonly SavedReadmission[] {
  return ifReadable(() => {
    const shape = shapeOf(entry, 'the state file')
    return { digest: shape.string('digest', isDigest), position: readPosition(shape.object('position')) }
  })
}

function order(a: Position, b: Position): number {
  const found = comparePositions(a, b)
  return found === 'older' ? -1 : found === 'newer' ? 1 : 0
}
