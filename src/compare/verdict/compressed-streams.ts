import { isInline } from '../formula/counts.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import { sayBytes, sayMs } from '../words.js'

/**
 * What compressed streams save with the model that is taken, for who said how large the document is
 * encoded: a sentence, or none where nothing comes along on a stream, or compressed already. By the
 * formula on both sides, whatever the depth.
 *
 * ```ts
 * sayCompressedStreams(pushModel(), { workload, costs })
 * ```
 */
export function sayCompressedStreams(model: ShapedModel, basis: Basis): readonly string[] {
  const { workload } = basis
  const { documentBytes, encodedBytes } = workload
  const { shape } = model
  if (shape.type !== 'stream' || shape.compressed || !isInline(shape, documentBytes)) return []
  if (workload.assumed.includes('encodedBytes') || encodedBytes >= documentBytes) return []
  const plain = essentials(model, basis)
  const gzip = essentials({ ...model, shape: { ...shape, compressed: true } }, basis)
  if (gzip.bytes.perDay >= plain.bytes.perDay) return []
  return [
    `with ${model.name}, clients that decode streams in gzip, as http() does with the fetch of its runtime, have a change within ${sayMs(gzip.stalenessMs.all)} in place of ${sayMs(plain.stalenessMs.all)}, for ${sayBytes(gzip.bytes.perDay)} a day in place of ${sayBytes(plain.bytes.perDay)}`,
  ]
}
