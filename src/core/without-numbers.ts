/**
 * A text for people without its numbers and their units, by which it is told whether it says
 * something else than before.
 *
 * ```ts
 * withoutNumbers('bakes 5 min, 40 s left') === withoutNumbers('bakes 5 min, 2 min left') // true
 * ```
 */
export function withoutNumbers(text: string): string {
  return text.replace(/\d[\d.,]*(?:e[+-]?\d+)?(?: (?:ms|s|min|h|%)(?![a-z]))?/g, '')
}
