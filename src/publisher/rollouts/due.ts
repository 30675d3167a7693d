import type { HeardReports } from '../../contracts/report.js'
import type { RolloutState } from '../../core/release/rollout.js'
import { runnerNames } from '../../rollouts/controllers.js'
import type { Decision } from '../../rollouts/policy.js'
import { sayTime } from '../../rollouts/say-time.js'

/**
 * Who is to take a step that is due by the evidence, and since when that one says nothing: none
 * while a rollout waits for something else.
 *
 * ```ts
 * sayDue(decision, { rollout, heard }) // ['the next step is due, and is taken by controller of web-1 (heard 4 s ago)']
 * ```
 */
export function sayDue(
  { type }: Pick<Decision, 'type'>,
  { rollout, heard }: { readonly rollout: Pick<RolloutState, 'id' | 'plan'>; readonly heard: HeardReports },
): readonly string[] {
  if (type !== 'advance' && type !== 'widen') return []
  const nowMs = Date.parse(heard.asOf)
  const runners = runnerNames(rollout, heard).map(name => {
    const heardMs = heard.reports
      .filter(({ clientId, role }) => role?.type === 'controller' && clientId === name)
      .map(({ receivedAt }) => (receivedAt === undefined ? nowMs : Date.parse(receivedAt)))
    return `${name} (heard ${sayTime(Math.max(0, nowMs - Math.max(...heardMs)))} ago)`
  })
  return runners.length === 0
    ? ['the next step is due, and nobody is heard that could take it']
    : [`the next step is due, and is taken by ${runners.join(' or ')}`]
}
