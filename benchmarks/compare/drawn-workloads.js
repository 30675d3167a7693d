// The workloads on which the depths of `noticeboard compare` are held against each other.
import { compare, hybridModel, pullModel, pushModel } from 'noticeboard/compare'
import { seededDice } from 'noticeboard/sim'
import { drawWorkload } from './draw-workload.js'

/** @import { Comparison, Row } from 'noticeboard/compare' */

/** What is compared on each of them. */
export const MODELS = [
  hybridModel(),
  pushModel(),
  ...[5_000, 30_000, 60_000, 300_000].map(pollIntervalMs => pullModel({ pollIntervalMs })),
]

/** Two models that are further apart than this share are no tie. */
const APART = 0.15

/** The longest interval of clients that a real run waits for, in milliseconds. */
const MOST_RUN_MS = 60_000

/** So many of the workloads have the same answer at most. */
const MOST_ALIKE = 2

/** More draws than this have no answers but those that there are enough of. */
const MOST_DRAWS = 200

/**
 * Hybrid and push tie nearly everywhere, and are one answer: streams.
 *
 * @param {string} model
 */
export const familyOf = model => (/^(hybrid|push)/.test(model) ? 'streams' : model)

/**
 * How a comparison is decided: its best model, the best of another family, and how many times as
 * much that costs. Undefined where models of one family at most fit.
 *
 * @param {Pick<Comparison, 'rows' | 'weights'>} comparison
 */
export function decisionOf({ rows, weights }) {
  const cost = (/** @type {Row} */ { cpu, bytes }) =>
    cpu.msPerDay ** weights.cpu * bytes.perDay ** weights.bytes
  const [best, ...others] = rows.filter(({ fits }) => fits).sort((one, two) => cost(one) - cost(two))
  const next = others.find(({ model }) => familyOf(model) !== familyOf(best?.model ?? ''))
  if (best === undefined || next === undefined) return undefined
  return { best: best.model, next: next.model, ratio: cost(next) / cost(best) }
}

/**
 * Draws until there are so many whose best models of two families are more than 15 % apart, by the
 * formula and the recorded costs, and of which a real run shows the better one; two at most have
 * the same answer.
 *
 * @param {number} count
 * @param {number} seed
 */
export async function drawWorkloads(count, seed) {
  const taken = []
  for (let draw = 0; taken.length < count && draw < MOST_DRAWS; draw += 1) {
    const drawn = drawWorkload(seededDice(seed + draw, 'workload'))
    const decision = decisionOf(await compare(drawn.workload, { models: MODELS, weights: drawn.weights }))
    if (decision === undefined || decision.ratio <= 1 + APART || !isRun(decision.best)) continue
    const alike = taken.filter(({ best }) => familyOf(best) === familyOf(decision.best))
    if (alike.length < MOST_ALIKE) taken.push({ seed: seed + draw, ...drawn, ...decision })
  }
  return taken
}

/** @param {string} name */
function isRun(name) {
  const shape = MODELS.find(model => model.name === name)?.shape
  return shape?.type === 'stream' || (shape !== undefined && shape.pollIntervalMs <= MOST_RUN_MS)
}
