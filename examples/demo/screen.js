// What people see: progress on standard error, the table on standard output; colours on a terminal
// only.

/** @typedef {{ bold: Style, dim: Style, red: Style, green: Style }} Paint */
/** @typedef {(text: string) => string} Style */

/** @param {NodeJS.WriteStream} stream @returns {Paint} */
export function paintFor(stream) {
  const { NO_COLOR = '', FORCE_COLOR = '' } = process.env
  const forced = FORCE_COLOR !== '' && FORCE_COLOR !== '0'
  const colours = NO_COLOR === '' && FORCE_COLOR !== '0' && (forced || stream.isTTY)
  const style = (/** @type {number} */ on, /** @type {number} */ off) => (/** @type {string} */ text) =>
    colours ? `\u001B[${on}m${text}\u001B[${off}m` : text
  return { bold: style(1, 22), dim: style(2, 22), red: style(31, 39), green: style(32, 39) }
}

/** Progress: a line at a time, with the seconds since the beginning. */
export function createScreen() {
  const paint = paintFor(process.stderr)
  const startedAt = Date.now()
  const seconds = () => `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`.padStart(7)
  return {
    paint,
    /** @param {string} text */
    say: text => void process.stderr.write(`${paint.dim(seconds())}  ${text}\n`),
    /** @param {string} text */
    print: text => void process.stderr.write(`${text}\n`),
    get elapsedMs() {
      return Date.now() - startedAt
    },
  }
}
