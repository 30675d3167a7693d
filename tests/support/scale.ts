/**
 * How much a test tries: a share of it, or all of it with `NOTICEBOARD_SCALE=whole`, as
 * `npm run prove -- --only scale` does. In `npm test` the share is the same with and without `CI`.
 */
export const WHOLE: boolean = process.env['NOTICEBOARD_SCALE'] === 'whole'

/** One of two sizes. */
export function scaled<Size>({ share, whole }: { readonly share: Size; readonly whole: Size }): Size {
  return WHOLE ? whole : share
}

/**
 * A few of what there is, drawn anew in each run so that in time all of it is tried; all of it with
 * `NOTICEBOARD_SCALE=whole`. In the order in which they are given. The title of each test names
 * what it tries, so that one that failed can be tried again.
 */
export function drawn<Item>(items: readonly Item[], { share }: { readonly share: number }): readonly Item[] {
  if (WHOLE) return items
  const left = [...items.keys()]
  const taken = new Set(
    Array.from(
      { length: Math.min(share, items.length) },
      () => left.splice(Math.floor(Math.random() * left.length), 1)[0],
    ),
  )
  return items.filter((_, index) => taken.has(index))
}

/**
 * For tests with a size: a limit for those that hang, which says nothing of how long they take. In
 * milliseconds.
 */
export const SCALED_LIMIT_MS: number = scaled({ share: 600_000, whole: 7_200_000 })
