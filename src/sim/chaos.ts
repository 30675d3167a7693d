import { applyFault, FAULTS, type Fault } from './faults.js'
import { seededDice, type Dice } from './dice.js'
import type { Machine } from './machine.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import { isError } from '../core/built-ins.js'

/** What may happen while things go wrong. */
export interface ChaosOptions {
  /** The faults to draw from. Default {@link FAULTS}. Each seed draws its own mix of them. */
  readonly faults?: readonly Fault[]
  /**
   * What else happens, by name: each is called one to three times, at drawn instants. An action
   * that throws or rejects is noted in the trace and breaks nothing, since under faults that is
   * normal. Default: none.
   */
  readonly actions?: Readonly<Record<string, (dice: Dice) => unknown>>
  /** How long things go wrong, in milliseconds. Default 60,000. */
  readonly forMs?: number
}

/**
 * A step of a history's chaos: plain data, so that shrinking can leave it out. Times are in
 * milliseconds.
 */
export type ChaosStep = {
  /** Since the chaos began. */
  readonly atMs: number
} & (
  | { readonly type: 'fault'; readonly fault: Fault; readonly lastsMs: number }
  | { readonly type: 'action'; readonly action: string }
)

/** The chance of each fault to be in the mix: a mix of everything hides mistakes. */
const IN_THE_MIX = 0.4

/** Draws the steps of a seed in the order of their times. */
export function drawSteps(seed: number, { faults, actions, forMs }: Required<ChaosOptions>): ChaosStep[] {
  const steps: ChaosStep[] = []
  const mix = seededDice(seed, 'mix')
  const drawn = faults.filter(() => mix.chance(IN_THE_MIX))
  if (drawn.length === 0 && faults.length > 0) drawn.push(mix.pick(faults))
  for (const fault of drawn) {
    const dice = seededDice(seed, `steps ${fault}`)
    for (let left = dice.between(1, 2); left > 0; left -= 1)
      steps.push({
        atMs: dice.between(0, forMs),
        type: 'fault',
        fault,
        lastsMs: dice.between(500, Math.max(500, forMs / 3)),
      })
  }
  for (const action of Object.keys(actions)) {
    const dice = seededDice(seed, `steps ${action}`)
    for (let left = dice.between(1, 3); left > 0; left -= 1)
      steps.push({ atMs: dice.between(0, forMs), type: 'action', action })
  }
  return steps.sort((a, b) => a.atMs - b.atMs)
}

/** Where a chaos takes place. */
export interface ChaosPlace {
  readonly seed: number
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly machines: readonly Machine[]
}

/** Lets the steps happen, then ends every fault and brings every machine up. */
export async function playSteps(
  { seed, clock, trace, machines }: ChaosPlace,
  steps: readonly ChaosStep[],
  { actions, forMs }: Required<ChaosOptions>,
): Promise<void> {
  const beganMs = clock.monotonic()
  const until = (atMs: number): Promise<void> =>
    clock.advance(Math.max(0, beganMs + atMs - clock.monotonic()))
  const ends = new Set<() => void>()

  const cause = (fault: Fault, lastsMs: number, dice: Dice): void => {
    if (machines.length === 0) return
    trace.add('world', 'fault', `${fault} for ${lastsMs} ms`)
    const undo = applyFault(fault, machines, dice)
    const end = (): void => {
      if (ends.delete(end)) undo()
    }
    ends.add(end)
    clock.after(lastsMs, end)
  }
  const act = async (action: string, dice: Dice): Promise<void> => {
    trace.add('world', 'action', action)
    try {
      await actions[action]?.(dice)
    } catch (error) {
      trace.add('world', 'failed', `${action} ${codeOf(error)}`)
    }
  }

  for (const step of steps) {
    await until(step.atMs)
    if (step.type === 'fault')
      cause(step.fault, step.lastsMs, seededDice(seed, `fault ${step.fault} ${step.atMs}`))
    else void act(step.action, seededDice(seed, `action ${step.action} ${step.atMs}`))
  }
  await until(forMs)
  trace.add('world', 'heals')
  for (const end of ends) end()
  for (const { process, start } of machines) {
    process.resume()
    start()
  }
}

/** The options with their defaults. */
export function readChaos({
  faults = FAULTS,
  actions = {},
  forMs = 60_000,
}: ChaosOptions): Required<ChaosOptions> {
  return { faults, actions, forMs }
}

function codeOf(error: unknown): string {
  if (!isError(error)) return typeof error
  return 'code' in error ? String(error.code) : error.name
}
