const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** Where the JSON number that starts at a place ends; the place itself when none starts there. */
export function numberEnd(text: string, start: number): number {
  const first = text.charCodeAt(start) === 0x2d ? start + 1 : start
  const whole = digitsEnd(text, first)
  if (whole === first) return start
  // JSON knows no leading zeros: what follows one is not part of the number.
  let end = text.charCodeAt(first) === 0x30 ? first + 1 : whole
  if (text.charCodeAt(end) === 0x2e) {
    const fraction = digitsEnd(text, end + 1)
    if (fraction === end + 1) return start
    end = fraction
  }
  if (text.charCodeAt(end) === 0x65 || text.charCodeAt(end) === 0x45) {
    const sign = text.charCodeAt(end + 1)
    const digits = sign === 0x2b || sign === 0x2d ? end + 2 : end + 1
    const exponent = digitsEnd(text, digits)
    if (exponent === digits) return start
    end = exponent
  }
  return end
}

function digitsEnd(text: string, start: number): number {
  let end = start
  while (isDigit(text.charCodeAt(end))) end += 1
  return end
}

/** Whole numbers of this many digits and less are exact in a double. */
const EXACT_DIGITS = 15

/**
 * What a JSON number would lose by becoming a double, in words; undefined when nothing that
 * matters. A fraction is rounded to the nearest double, as `0.1` is already; a whole number must
 * come out as it was written, however it was written.
 */
export function lostByNumber(spelling: string): string | undefined {
  const value = Number(spelling)
  if (!Number.isFinite(value)) return 'the number is too large for a double'
  if (Object.is(value, -0)) return '-0 does not survive JSON; write 0'
  if (spelling.length <= EXACT_DIGITS && value !== 0) return undefined
  const written = decimalOf(spelling)
  if (value === 0) return written.digits === '' ? undefined : 'the number is so small that it would become 0'
  if (written.exponent < 0) return undefined
  const kept = decimalOf(String(value))
  return written.digits === kept.digits && written.exponent === kept.exponent
    ? undefined
    : 'the whole number has more digits than a double holds (2^53); write it as a string'
}

/**
 * A number's significant digits, without zeros at either end, and the power of ten that their last
 * one counts; no digits for zero.
 */
function decimalOf(spelling: string): { readonly digits: string; readonly exponent: number } {
  const [mantissa = '', power = '0'] = spelling.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  let first = 0
  while (all[first] === '0') first += 1
  let last = all.length
  while (last > first && all[last - 1] === '0') last -= 1
  return { digits: all.slice(first, last), exponent: Number(power) - fraction.length + (all.length - last) }
}
