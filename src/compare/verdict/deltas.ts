import { sendsDeltas } from '../formula/counts.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import { sayBytes, sayMs } from '../words.js'

/**
 * What deltas would save with the model that is taken, for who said how much changes: a sentence,
 * or none where the model has them already. By the formula on both sides, whatever the depth.
 *
 * ```ts
 * sayDeltas(hybridModel(), { workload, costs })
 * ```
 */
export function sayDeltas(model: ShapedModel, basis: Basis): readonly string[] {
  const { workload } = basis
  const { documentBytes, encodedBytes, changedBytes } = workload
  if (workload.assumed.includes('changedBytes') || model.shape.deltas) return []
  const shape = { ...model.shape, deltas: true }
  if (!sendsDeltas(shape, workload))
    return [
      `deltas would save nothing: ${sayBytes(changedBytes)} of a document of ${sayBytes(documentBytes)} change, and it travels whole then`,
    ]
  const whole = essentials(model, basis)
  const deltas = essentials({ ...model, shape }, basis)
  const sent = whole.perDay.delivery === undefined ? Math.min(documentBytes, encodedBytes) : documentBytes
  return [
    `with deltas ${model.name} sends ${sayBytes(changedBytes)} for a change in place of ${sayBytes(sent)}: all clients that are there have it within ${sayMs(deltas.stalenessMs.all)} in place of ${sayMs(whole.stalenessMs.all)}, for ${sayBytes(deltas.bytes.perDay)} a day in place of ${sayBytes(whole.bytes.perDay)}`,
  ]
}
