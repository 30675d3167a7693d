import { NoticeboardError } from '../../contracts/errors.js'
import { checkOptions, type OptionNames } from '../../core/options.js'
import type { Fault, FaultPlan, FaultScope } from './plan.js'

const SCOPE: OptionNames<FaultScope & Pick<Fault, 'type'>> = {
  on: true,
  chance: true,
  from: true,
  to: true,
  type: true,
}

/** What the faults of each type have beside their scope. */
const OWN: {
  readonly [Type in Fault['type']]: OptionNames<Omit<Extract<Fault, { type: Type }>, keyof typeof SCOPE>>
} = {
  fail: { code: true, retryAfterMs: true, afterwards: true },
  delay: { minMs: true, maxMs: true },
  stall: {},
  stale: {},
  truncate: { keep: true },
  corrupt: {},
  drop: {},
  duplicate: {},
  reorder: {},
  end: {},
}

/**
 * Throws `invalid-option` for a plan that makes no sense: a misspelled `chance` must not mean
 * "always".
 */
export function checkPlan(plan: FaultPlan): void {
  if (!Array.isArray(plan?.faults))
    throw new NoticeboardError(
      'invalid-option',
      'faulty() needs a plan: { faults: [{ on: "latest", type: "fail" }] }',
    )
  checkOptions('the plan of faulty()', plan, { faults: true })
  for (const fault of plan.faults as readonly Fault[]) {
    if (!Object.hasOwn(OWN, fault?.type))
      throw new NoticeboardError(
        'invalid-option',
        `\`type\` of a fault must be one of ${Object.keys(OWN).join(', ')}`,
      )
    checkOptions<object>(`a fault of type "${fault.type}"`, fault, { ...SCOPE, ...OWN[fault.type] })
  }
}
