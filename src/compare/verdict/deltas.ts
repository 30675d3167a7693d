import { sendsDeltas } from '../formula/counts.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import { sayBytes, sayMs } from '../words.js'
import { savedOf, sayBeside } from './saved.js'

/**
 * What deltas would save with the model that is taken, for who said how much changes: a sentence,
 * or none where the model has them already. What is saved goes by the formula, whatever the depth,
 * from what the row of the model says.
 *
 * ```ts
 * sayDeltas(hybridModel(), { workload, costs, row })
 * ```
 */
export function sayDeltas(
  model: ShapedModel,
  { row, ...basis }: Basis & { readonly row: Pick<Row, 'stalenessMs' | 'bytes'> },
): readonly string[] {
  const { workload } = basis
  const { documentBytes, encodedBytes, changedBytes } = workload
  if (workload.assumed.includes('changedBytes') || model.shape.deltas) return []
  const shape = { ...model.shape, deltas: true }
  if (!sendsDeltas(shape, workload))
    return [
      `deltas would save nothing: about ${sayBytes(changedBytes)} of a document of ${sayBytes(documentBytes)} change, and it travels whole then`,
    ]
  const whole = essentials(model, basis)
  const deltas = essentials({ ...model, shape }, basis)
  const saved = savedOf(row, { from: whole, to: deltas })
  const comesPlain = whole.perDay.delivery !== undefined && !(shape.type === 'stream' && shape.compressed)
  // The files of a folder are what they are.
  const isPlain = comesPlain || shape.answers === 'static'
  const sent = isPlain ? documentBytes : Math.min(documentBytes, encodedBytes)
  return [
    `with deltas ${model.name} sends a delta of about ${sayBytes(changedBytes)} for a change in place of ${sayBytes(sent)}, as it does by itself where both ends have Zstandard with dictionaries: all clients that are there have it within ${sayBeside(sayMs(saved.allMs), sayMs(row.stalenessMs.all))}, for ${sayBeside(sayBytes(saved.bytesPerDay), sayBytes(row.bytes.perDay), ' a day')}`,
  ]
}
