import { checkOptions } from '../core/options.js'

/** How far to shrink. */
export interface ShrinkOptions<Part> {
  /** How many attempts to make at most. Default 500. */
  readonly maxAttempts?: number
  /** Ends shrinking early; what is left then is returned. Default: none. */
  readonly signal?: AbortSignal
  /** Called with each smaller list that still fails, as soon as it is found. Default: none. */
  readonly onSmaller?: (left: readonly Part[]) => void
}

/**
 * How many parts are taken away at once. Many at first: most have nothing to do with the failure.
 */
const SIZES = [8, 3, 1]

/**
 * Takes parts away as long as what is left still fails, the last ones first, until no single part
 * can go. Resolves with the parts that are needed, in their order. Throws `invalid-option`.
 *
 * ```ts
 * const needed = await shrink(documents, async left => (await publishAll(left)) === 'crashed')
 * ```
 */
export async function shrink<Part>(
  parts: readonly Part[],
  fails: (left: readonly Part[]) => Promise<boolean>,
  options: ShrinkOptions<Part> = {},
): Promise<readonly Part[]> {
  checkOptions('shrink()', options, { maxAttempts: true, signal: true, onSmaller: true })
  const { maxAttempts = 500, signal, onSmaller } = options
  let left = parts
  let attempts = 0
  const over = (): boolean => signal?.aborted === true || attempts >= maxAttempts

  const takeAway = async (size: number): Promise<void> => {
    for (let end = left.length; end > 0 && !over(); end -= size) {
      attempts += 1
      const smaller = [...left.slice(0, Math.max(0, end - size)), ...left.slice(end)]
      if (!(await fails(smaller))) continue
      left = smaller
      onSmaller?.(left)
    }
  }

  for (const size of SIZES) await takeAway(size)
  // Taking one away may have made another superfluous.
  for (let before = Infinity; left.length < before && !over();) {
    before = left.length
    await takeAway(1)
  }
  return left
}
