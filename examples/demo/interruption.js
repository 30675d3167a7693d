/**
 * Resolves to the exit status when somebody wants this to end. A second signal ends it at once.
 * @returns {Promise<number>}
 */
export function untilInterrupted() {
  return new Promise(resolve => {
    process.once('SIGINT', () => resolve(130))
    process.once('SIGTERM', () => resolve(143))
  })
}
