// Numbers for people.

/**
 * A length of time for people, with two or three digits that count; "never" of what does not end.
 *
 * ```ts
 * sayMs(33_100) // 33 s
 * ```
 */
export function sayMs(ms: number, more = 0): string {
  if (ms === Infinity) return 'never'
  if (ms < 1_000) return `${ms < 10 ? figure(ms, more) : rounded(ms, more)} ms`
  if (ms < 120_000) return `${figure(ms / 1_000, more)} s`
  if (ms < 7_200_000) return `${figure(ms / 60_000, more)} min`
  return `${figure(ms / 3_600_000, more)} h`
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
 * A figure beside another one, with as many digits as tell it from that.
 *
 * ```ts
 * sayApart(sayBytes, 20_400, 20_480) // 20.4 KB
 * ```
 */
export function sayApart(say: (value: number, more: number) => string, value: number, other: number): string {
  const more = [0, 1, 2].find(digits => say(value, digits) !== say(other, digits))
  return say(value, more ?? 3)
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
export function percent(share: number, more = 0): string {
  return `${figure(share * 100, more)} %`
}

/**
 * A number with two or three digits that count, and with so many more where that is asked for.
 *
 * ```ts
 * figure(1234.5) // 1,235
 * ```
 */
export function figure(value: number, more = 0): string {
  const size = Math.abs(value)
  if (size >= 100) return rounded(value, more)
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
  return String(Number(value.toFixed(digits + more)))
}

/** A number with so many digits after the point at most. */
function rounded(value: number, digits: number): string {
  if (digits === 0) return count(value)
  const [whole = '', ...rest] = String(Number(value.toFixed(digits))).split('.')
  return [count(Number(whole)), ...rest].join('.')
}

/**
 * Bytes for people.
 *
 * ```ts
 * sayBytes(20_480) // 20 KB
 * ```
 */
export function sayBytes(bytes: number, more = 0): string {
  if (bytes >= 1e12) return `${figure(bytes / 1e12, more)} TB`
  if (bytes >= 1e9) return `${figure(bytes / 1e9, more)} GB`
  if (bytes >= 1e6) return `${figure(bytes / 1e6, more)} MB`
  return bytes >= 1e3 ? `${figure(bytes / 1e3, more)} KB` : `${rounded(bytes, more)} bytes`
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
