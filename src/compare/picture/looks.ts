/**
 * How many looks there are for models; the page's style has one for each. The second half has the
 * colours of the first, with other dashes, and paler areas.
 */
export const LOOKS = 14

/** Models that look the same on every page. */
const FIXED: readonly string[] = ['hybrid', 'push', 'pull 30 s']

/**
 * The look of each model, the same in all pictures of a page: those that are compared unless others
 * are named look the same on every page, and the others take what is left, in their order.
 *
 * ```ts
 * looksOf(['pull 8 s', 'push']).get('push') // 1
 * ```
 */
export function looksOf(models: readonly string[]): ReadonlyMap<string, string> {
  const fixed = FIXED.map((model, look) => ({ model, look })).filter(({ model }) => models.includes(model))
  const free = Array.from({ length: LOOKS }, (_, look) => look).filter(
    look => !fixed.some(other => other.look === look),
  )
  // What belongs to a model that is not there is lent last.
  const lent = [...free.filter(look => look >= FIXED.length), ...free.filter(look => look < FIXED.length)]
  return new Map([
    ...fixed.map(({ model, look }) => [model, String(look)] as const),
    ...models
      .filter(model => !FIXED.includes(model))
      .map((model, index) => [model, String(lent[index % lent.length])] as const),
  ])
}
