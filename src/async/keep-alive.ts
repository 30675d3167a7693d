/**
 * Waits for some work and keeps the process alive meanwhile. The clock's timers do not, and a
 * program that awaits a start or a publish expects it to come to an end. Keeps nothing alive where
 * there are no message channels.
 *
 * ```ts
 * await keepAlive(clock.sleep(1_000, signal))
 * ```
 */
export async function keepAlive<Result>(work: Promise<Result>): Promise<Result> {
  if (typeof MessageChannel === 'undefined') return work
  const { port1 } = new MessageChannel()
  // A port that listens keeps Node running until it is closed; nothing is ever sent.
  Object.assign(port1, { onmessage: () => {} })
  try {
    return await work
  } finally {
    port1.close()
  }
}
