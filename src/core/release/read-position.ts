import { isEpoch, type Position } from '../../contracts/position.js'
import type { Shape } from '../json/shape.js'

/** Reads a position that stands inside another format. */
export function readPosition(shape: Shape): Position {
  return {
    epoch: shape.string('epoch', isEpoch),
    sequence: shape.integer('sequence', 1, Number.MAX_SAFE_INTEGER),
  }
}
