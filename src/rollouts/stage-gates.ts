import { bothResults, readGates, type GateAnswers, type GateResult } from './gate.js'
import { guardrailResult } from './guardrail.js'
import type { StageView } from './view.js'

/**
 * What the user's gates and the guardrails of a stage come to together.
 *
 * ```ts
 * const { rollBack, recorded } = gatesOfStage({ view, gates })
 * ```
 */
export function gatesOfStage({
  view,
  gates,
}: {
  readonly view: StageView
  readonly gates: GateAnswers
}): GateResult {
  const answers = readGates(view.plan.gates, gates, view.rollout.stage)
  return bothResults(answers, guardrailResult(view.readings, view))
}
