/**
 * Many holds on one thing: `take` is called for the first, and what it returned when the last is
 * let go. Letting go twice is harmless.
 *
 * ```ts
 * const hold = createHold(() => {
 *   const timer = setInterval(() => {}, 60_000)
 *   return () => clearInterval(timer)
 * })
 * ```
 */
export function createHold(take: () => () => void): () => () => void {
  let holders = 0
  let letGo: (() => void) | undefined

  return () => {
    let holding = true
    holders += 1
    letGo ??= take()
    return () => {
      if (!holding) return
      holding = false
      holders -= 1
      if (holders > 0) return
      letGo?.()
      letGo = undefined
    }
  }
}
