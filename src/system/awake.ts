/**
 * Waits for some work with the process held open: the clock's timers let it end, and somebody who awaits a start or a publish
 * expects it to come to an end. Holds nothing where there are no message channels.
 */
export async function awake<T>(work: Promise<T>): Promise<T> {
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
