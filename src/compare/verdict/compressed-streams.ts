import { isInline } from '../formula/counts.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import { sayBytes, sayMs } from '../words.js'
import { savedOf } from './saved.js'

/**
 * What compressed streams save with the model that is taken, for who said how large the document is
 * encoded: a sentence, or none where nothing comes along on a stream, or compressed already. What
 * is saved goes by the formula, whatever the depth, from what the row of the model says.
 *
 * ```ts
 * sayCompressedStreams(pushModel(), { workload, costs, row })
 * ```
 */
export function sayCompressedStreams(
  model: ShapedModel,
  { row, ...basis }: Basis & { readonly row: Pick<Row, 'stalenessMs' | 'bytes'> },
): readonly string[] {
  const { workload } = basis
  const { documentBytes, encodedBytes } = workload
  const { shape } = model
  if (shape.type !== 'stream' || shape.compressed || !isInline(shape, documentBytes)) return []
  if (workload.assumed.includes('encodedBytes') || encodedBytes >= documentBytes) return []
  const plain = essentials(model, basis)
  const gzip = essentials({ ...model, shape: { ...shape, compressed: true } }, basis)
  if (gzip.bytes.perDay >= plain.bytes.perDay) return []
  const saved = savedOf(row, { from: plain, to: gzip })
  return [
    `with ${model.name}, clients that decode streams in gzip, as http() does with the fetch of its runtime, have a change within ${sayMs(saved.allMs)} in place of ${sayMs(row.stalenessMs.all)}, for ${sayBytes(saved.bytesPerDay)} a day in place of ${sayBytes(row.bytes.perDay)}`,
  ]
}
