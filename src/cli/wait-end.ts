import type { Rollout, RolloutStep } from '../publisher/index.js'

/**
 * What is waited for: the stage at hand, that every client runs it, or the end of the watch too.
 */
export type WaitFor = 'stage' | 'completed' | 'watched'

/** What a step is looked at with. */
export interface WaitQuery {
  readonly what: WaitFor
  /** Where the rollout stood when the wait began. */
  readonly began: Pick<Rollout, 'stage' | 'rehearsal'>
  /** Whether every client ran it at some time since it is out. */
  readonly wasEverywhere: boolean
}

/** How a wait ends at a step. */
export type Arrival = 'passed' | 'completed' | 'refused' | 'nobody'

/**
 * How a wait ends at a step of a rollout; undefined while it goes on. What everybody is to have has
 * come when every client that counts runs it, and not as soon as it is theirs to fetch.
 *
 * ```ts
 * const end = hasArrived(step, { what: 'completed', began: rollout, wasEverywhere: false })
 * ```
 */
export function hasArrived(
  step: RolloutStep,
  { what, began, wasEverywhere }: WaitQuery,
): Arrival | undefined {
  const { state, reach, verdict, isPaused } = step
  if (state === 'running') return what === 'stage' && isPast(step, began) ? 'passed' : undefined
  if (!isOut(step)) return undefined
  // What ends a watch badly is still to come.
  if (state === 'watching' && what === 'watched') return undefined
  switch (reach.is) {
    case 'everywhere':
    case 'unseen':
      // A release for everyone has no stages that could pass.
      return state === 'everyone' ? 'completed' : 'passed'
    case 'refused':
      // Its policy is about to take it back, or holds it up.
      return isPaused || (state === 'watching' && verdict === 'bad') ? undefined : 'refused'
    case 'nobody':
      // While it is watched its policy says what that means.
      return state === 'watching' ? undefined : 'nobody'
    case 'under-way':
      // Clients that were started since do not run it yet, and the watch was about those before.
      return what === 'watched' && wasEverywhere && reach.refused === 0 ? 'passed' : undefined
  }
}

/** Whether every client is to have it. */
export function isOut({ state }: RolloutStep): boolean {
  return state === 'everyone' || state === 'watching' || state === 'completed'
}

function isPast({ stage, rehearsal }: RolloutStep, began: WaitQuery['began']): boolean {
  // A rehearsal is a stage of its own, whatever phase it is in.
  return stage > began.stage || (rehearsal === undefined && began.rehearsal !== undefined)
}
