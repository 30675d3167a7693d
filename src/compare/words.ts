// Numbers for people.

/**
 * A length of time for people, with two or three digits that count; "never" of what does not end.
 *
 * ```ts
 * sayMs(33_100) // 33 s
 * ```
 */
export function sayMs(ms: number): string {
  if (ms === Infinity) return 'never'
  if (ms < 1_000) return `${ms < 10 ? figure(ms) : Math.round(ms)} ms`
  if (ms < 120_000) return `${figure(ms / 1_000)} s`
  if (ms < 7_200_000) return `${figure(ms / 60_000)} min`
  return `${figure(ms / 3_600_000)} h`
}

/**
 * When something is so, where that may be never.
 *
 * ```ts
 * sayAfter(33_100) // after 33 s
 * ```
 */
export function sayAfter(ms: number): string {
  return ms === Infinity ? 'never' : `after ${sayMs(ms)}`
}

/**
 * A length of time that is beyond another, with as many digits as tell it from that one.
 *
 * ```ts
 * sayBeyond(10_080, 10_000) // 10.08 s
 * ```
 */
export function sayBeyond(ms: number, limitMs: number): string {
  const [said, limit] = [sayMs(ms), sayMs(limitMs)]
  if (said !== limit) return said
  const exact = `${Number((ms / 1_000).toFixed(2))} s`
  return exact === `${limitMs / 1_000} s` ? `a little over ${limit}` : exact
}

/**
 * How much something costs beside something else: in percent below twice as much, where a number of
 * times would hide the difference.
 *
 * ```ts
 * sayRatio(1.05) // 5 % more
 * sayRatio(3.2) // 3.2 times as much
 * ```
 */
export function sayRatio(ratio: number): string {
  if (ratio >= 1.995) return `${figure(ratio)} times as much`
  const share = Math.round(Math.abs(ratio - 1) * 100)
  if (share === 0) return 'as much'
  return `${share} % ${ratio > 1 ? 'more' : 'less'}`
}

/**
 * A share for people.
 *
 * ```ts
 * percent(0.02) // 2 %
 * ```
 */
export function percent(share: number): string {
  return `${figure(share * 100)} %`
}

/**
 * A number with two or three digits that count.
 *
 * ```ts
 * figure(1234.5) // 1,235
 * ```
 */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return count(value)
  const digits =
    size >= 10
      ? 0
      : size >= 1
        ? 1
        : size >= 0.1
          ? 2
          : size === 0
            ? 0
            : Math.min(6, 1 - Math.floor(Math.log10(size)))
  return String(Number(value.toFixed(digits)))
}

/**
 * Bytes for people.
 *
 * ```ts
 * sayBytes(20_480) // 20 KB
 * ```
 */
export function sayBytes(bytes: number): string {
  if (bytes >= 1e12) return `${figure(bytes / 1e12)} TB`
  if (bytes >= 1e9) return `${figure(bytes / 1e9)} GB`
  if (bytes >= 1e6) return `${figure(bytes / 1e6)} MB`
  return bytes >= 1e3 ? `${figure(bytes / 1e3)} KB` : `${Math.round(bytes)} bytes`
}

/**
 * A count for people.
 *
 * ```ts
 * count(3_000) // 3,000
 * ```
 */
export function count(value: number): string {
  // Intl does the same, some hundred times as slowly.
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}
