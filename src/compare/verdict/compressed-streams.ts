import { isInline, isShorterEncoded } from '../formula/counts.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import type { Workload } from '../workload.js'
import { percent, sayBytes, sayMs } from '../words.js'
import { costOf, TIE, type Weights } from './recommend.js'
import { savedOf, sayBeside } from './saved.js'

/** Whose streams are compressed. */
const WHO = 'clients that decode streams in gzip, as http() does with the fetch of its runtime,'

/** What was compared, and what came of it. */
interface Compared extends Basis {
  readonly models: readonly ShapedModel[]
  readonly rows: readonly Pick<Row, 'model' | 'stalenessMs' | 'bytes'>[]
  readonly weights: Weights
}

/**
 * What compressed streams save, for who said how large the document is encoded: a sentence of the
 * model that is taken, or of push that was compared without them and would come to no more; none
 * where nothing comes along on a stream, or compressed already. What is saved goes by the formula,
 * whatever the depth, from what the row of the model says.
 *
 * ```ts
 * sayCompressedStreams(pushModel(), { models, rows, weights, workload, costs })
 * ```
 */
export function sayCompressedStreams(taken: ShapedModel, compared: Compared): readonly string[] {
  const { models, rows, weights, workload } = compared
  if (!isShorterEncoded(workload)) return []
  const sayOf = (model: ShapedModel, say: (one: Variant) => string): readonly string[] => {
    const row = rows.find(({ model: name }) => name === model.name)
    const [plain, gzip] = [essentials(model, compared), essentials(compressed(model), compared)]
    return row === undefined || gzip.bytes.perDay >= plain.bytes.perDay
      ? []
      : [say({ row, ...savedOf(row, { from: plain, to: gzip }) })]
  }
  if (isPlainPush(taken, workload))
    return sayOf(
      taken,
      ({ row, allMs, bytesPerDay }) =>
        `with ${taken.name}, ${WHO} have a change within ${sayBeside(sayMs(allMs), sayMs(row.stalenessMs.all))}, for ${sayBeside(sayBytes(bytesPerDay), sayBytes(row.bytes.perDay), ' a day')}`,
    )
  if (models.some(({ shape }) => shape.type === 'stream' && shape.compressed)) return []
  const costOfTaken = costOf(essentials(taken, compared), weights)
  const ratioOf = (model: ShapedModel): number => {
    const row = essentials(compressed(model), compared)
    return row.fits ? costOf(row, weights) / costOfTaken : Number.POSITIVE_INFINITY
  }
  const [best] = models
    .filter(model => isPlainPush(model, workload))
    .map(model => ({ model, ratio: ratioOf(model) }))
    .filter(({ ratio }) => ratio <= 1 + TIE)
    .sort((a, b) => a.ratio - b.ratio)
  if (best === undefined) return []
  const { model, ratio } = best
  return sayOf(
    model,
    ({ allMs, bytesPerDay }) =>
      `${model.name} is counted without compression: ${WHO} have a change within ${sayMs(allMs)} with it, for ${sayBytes(bytesPerDay)} a day, which costs ${ratio < 1 / (1 + TIE) ? `less than ${taken.name}` : `the same as ${taken.name} within ${percent(TIE)}`}`,
  )
}

/** What a row would say of compressed streams. */
interface Variant {
  readonly row: Pick<Row, 'stalenessMs' | 'bytes'>
  readonly allMs: number
  readonly bytesPerDay: number
}

/** Whether a document comes along on the streams of a model as it is. */
function isPlainPush({ shape }: ShapedModel, { documentBytes }: Workload): boolean {
  return shape.type === 'stream' && !shape.compressed && isInline(shape, documentBytes)
}

function compressed(model: ShapedModel): ShapedModel {
  const { shape } = model
  return shape.type === 'stream' ? { ...model, shape: { ...shape, compressed: true } } : model
}
