/**
 * What an operator is called for:
 * - `clients-behind`: they were heard, and take the newest release later than they should;
 * - `clients-rejected`: they refuse the newest document, or lack a feature that its release needs;
 * - `clients-failed`: they took the newest document back, or run it after a process that died;
 * - `clients-diverged`: they took the newest release, and run a document that it does not name;
 * - `board-behind`: it went back, or clients have seen releases that it does not have;
 * - `board-forked`: the namespace has two histories: clients have seen another epoch with the number
 *   of this one, or the board has another log than before;
 * - `board-failing`: the board cannot be read or written, or contradicts itself;
 * - `clock-wrong`: two clocks differ by more than a minute, so that times say little;
 * - `rollout-paused`: a rollout stands still until somebody decides;
 * - `rollout-overdue`: a stage was not decided by its `decideBy`;
 * - `rollout-orphaned`: no controller that could move the rollout on is heard;
 * - `saturated`: a server is near the number of connections or instances that it takes.
 */
export type AlarmName =
  | 'clients-behind'
  | 'clients-rejected'
  | 'clients-failed'
  | 'clients-diverged'
  | 'board-behind'
  | 'board-forked'
  | 'board-failing'
  | 'clock-wrong'
  | 'rollout-paused'
  | 'rollout-overdue'
  | 'rollout-orphaned'
  | 'saturated'

/** `critical`: damage is done, or the way back is in danger. `warning`: look at it today. */
export type AlarmSeverity = 'critical' | 'warning'

/** Something that stands now and wants a person; docs/alarms.md has a section for each name. */
export interface Alarm {
  readonly name: AlarmName
  readonly severity: AlarmSeverity
  /** What is the case, in one line, without a value of the configuration. */
  readonly says: string
  /** How many instances it is about; absent where it is about none. */
  readonly instances?: number
}

/** How urgent the alarms of each name are. */
export const ALARM_SEVERITIES: { readonly [Name in AlarmName]: AlarmSeverity } = {
  'board-failing': 'critical',
  'board-behind': 'critical',
  'board-forked': 'critical',
  'clients-diverged': 'critical',
  'clients-failed': 'critical',
  'clock-wrong': 'warning',
  'clients-rejected': 'warning',
  'rollout-paused': 'warning',
  'rollout-overdue': 'critical',
  'rollout-orphaned': 'critical',
  'clients-behind': 'warning',
  saturated: 'warning',
}

/** Every name, the ones that come first in lists at the front. */
export const ALARM_NAMES: readonly AlarmName[] = Object.keys(ALARM_SEVERITIES) as AlarmName[]

/**
 * Makes an alarm with the severity of its name.
 *
 * ```ts
 * const alarm = alarmOf('board-failing', 'the board cannot be read: unavailable')
 * ```
 */
export function alarmOf(name: AlarmName, says: string, instances?: number): Alarm {
  return { name, severity: ALARM_SEVERITIES[name], says, ...(instances !== undefined && { instances }) }
}
