/**
 * Waits for as long as something goes on: `begin` gets a function to call at each step, and one to
 * call when everything is there. Resolves then, or when nothing happened for `quietMs`, which is
 * never unless it is given.
 * @param {{ quietMs?: number | undefined }} options
 * @param {(step: () => void, settled: () => void) => void} begin
 * @returns {Promise<void>}
 */
export function whenQuiet({ quietMs }, begin) {
  return new Promise(resolve => {
    /** @type {NodeJS.Timeout | undefined} */
    let timer
    const settled = () => {
      clearTimeout(timer)
      resolve()
    }
    if (quietMs !== undefined) timer = setTimeout(resolve, quietMs)
    begin(() => void timer?.refresh(), settled)
  })
}
