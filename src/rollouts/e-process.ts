/** Rate ratios between which the alternatives lie, and how many there are. */
const LOWEST_RATIO = 1.5
const HIGHEST_RATIO = 1_000
const RATIOS = 24

/** Logarithms of the rate ratios, evenly spaced. */
const LOG_RATIOS: readonly number[] = Array.from(
  { length: RATIOS },
  (_, index) => Math.log(LOWEST_RATIO) + (index * Math.log(HIGHEST_RATIO / LOWEST_RATIO)) / (RATIOS - 1),
)

/**
 * An e-value from which a stage pauses: so much comes up by chance in one of twenty stages at most.
 */
export const PAUSE_AT = 20

/** An e-value from which a stage is rolled back: one of a hundred at most. */
export const ROLL_BACK_AT = 100

/** What a stage has seen of failures, each client counted once. */
export interface StageCounts {
  /** How many clients were in the audience when the stage began. */
  readonly exposed: number
  /** How many live clients were outside it then: all of them, never a part. */
  readonly control: number
  /** How many of the exposed failed since. */
  readonly failedExposed: number
  /** How many of the control failed since. */
  readonly failedControl: number
}

/**
 * How much the failures of a stage speak against its candidate: an e-value, 1 when they say
 * nothing. Under a candidate that changes nothing it reaches 1/a with a chance of at most a, at
 * whatever time and however often one looks. It rests on failures alone, since they are known
 * within seconds and successes only after the bake; so counts are enough, and a controller that was
 * restarted computes the same.
 *
 * Under the hypothesis a failure falls on an exposed client with chance q0 = exposed / (exposed +
 * control). Against it stand rates of failure that are 1.5 to 1,000 times as high in the audience;
 * the e-value is the mean of their likelihood ratios.
 *
 * ```ts
 * eValue({ exposed: 6, control: 54, failedExposed: 3, failedControl: 0 }) // 497
 * ```
 */
export function eValue({ exposed, control, failedExposed, failedControl }: StageCounts): number {
  if (exposed <= 0 || control <= 0) return 1
  const q0 = exposed / (exposed + control)
  let sum = 0
  for (const logRatio of LOG_RATIOS) {
    const scale = Math.log(Math.exp(logRatio) * q0 + 1 - q0)
    sum += Math.exp(failedExposed * logRatio - (failedExposed + failedControl) * scale)
  }
  return sum / RATIOS
}

/**
 * Whether a stage could show anything at all: whether its e-value would reach the bound if every
 * exposed client failed and nobody else did.
 *
 * ```ts
 * if (!canReach({ exposed, control }, ROLL_BACK_AT)) show('the control group is too small')
 * ```
 */
export function canReach(
  { exposed, control }: Pick<StageCounts, 'exposed' | 'control'>,
  bound: number,
): boolean {
  return eValue({ exposed, control, failedExposed: exposed, failedControl: 0 }) >= bound
}
