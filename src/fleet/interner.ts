/** How many texts are remembered in one generation; of two of them one is forgotten at a time. */
const MOST_REMEMBERED = 2_048

/** A longer text is hardly one that many have, and is given back as it is. In UTF-16 code units. */
const LONGEST = 2_048

/**
 * Makes a function that gives back the first text of those that are equal, so that many holders
 * keep one. A text that was not seen for a while is forgotten; the next one like it is then the
 * first again.
 *
 * ```ts
 * const same = createInterner()
 * const words = reports.map(({ strategy }) => same(strategy))
 * ```
 */
export function createInterner(): (text: string) => string {
  let young = new Map<string, string>()
  let old = young

  return text => {
    if (text.length > LONGEST) return text
    const seen = young.get(text)
    if (seen !== undefined) return seen
    const first = old.get(text) ?? text
    if (young.size >= MOST_REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(first, first)
    return first
  }
}
