/**
 * How much a test tries: a share of it, or all of it with `NOTICEBOARD_SCALE=whole`, as `npm run prove -- --only scale` does. In
 * `npm test` the share is the same with and without `CI`.
 */
export const WHOLE: boolean = process.env['NOTICEBOARD_SCALE'] === 'whole'

/** One of two sizes. */
export function scaled<Size>({ share, whole }: { readonly share: Size; readonly whole: Size }): Size {
  return WHOLE ? whole : share
}

/** For tests with a size: a limit for those that hang, which says nothing of how long they take. In milliseconds. */
export const SCALED_LIMIT_MS: number = scaled({ share: 600_000, whole: 7_200_000 })
