/** @import { Row } from './figures.js' */

/** @type {readonly (readonly [string, number])[]} */
const columns = [
  ['half', 9],
  ['90 %', 9],
  ['all', 9],
  ['requests', 9],
  ['bytes', 9],
  ['bound', 8],
  ['missed', 10],
]
const titleWidth = 29
const strategyWidth = 7

/**
 * The table, 99 columns wide.
 * @param {Row[]} rows
 * @param {import('./screen.js').Paint} paint
 */
export function formatTable(rows, { bold, dim, red, green }) {
  const head =
    'what happened'.padEnd(titleWidth) +
    'strategy'.padEnd(strategyWidth) +
    columns
      .map(([name, width]) => name.padStart(width))
      .join('')
      .slice(1)
  const lines = [bold(head), dim('-'.repeat(head.length))]
  let title = ''
  for (const row of rows) {
    const first = row.title !== title
    if (first && title !== '') lines.push('')
    title = row.title
    const { missed, clients } = row
    const judged = row.boundMs !== undefined
    const cells = [
      duration(row.halfMs),
      duration(row.mostMs),
      duration(row.allMs),
      String(row.requests),
      size(row.bytes),
      duration(row.boundMs),
      judged ? `${missed.length} of ${clients}` : '-',
    ].map((cell, index) => cell.padStart(columns[index]?.[1] ?? 0))
    const last = cells.pop() ?? ''
    const colour = !judged ? dim : missed.length > 0 ? red : green
    lines.push(
      bold((first ? title : '').padEnd(titleWidth)) +
        row.strategy.padEnd(strategyWidth) +
        cells.join('') +
        colour(last),
    )
  }
  return `${lines.join('\n')}\n`
}

/** @param {number | undefined} ms */
export function duration(ms) {
  if (ms === undefined) return '-'
  const whole = Math.max(0, Math.round(ms))
  return whole < 1_000
    ? `${whole} ms`
    : `${(whole / 1_000).toFixed(whole < 10_000 ? 2 : whole < 100_000 ? 1 : 0)} s`
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
