/** @import { Summary } from './statistics.js' */

/** The widest line that is printed. */
export const width = 100

/**
 * A table: the first column reads from the left, the others from the right.
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function formatTable(head, rows) {
  const widths = head.map((title, index) =>
    Math.max(title.length, ...rows.map(row => (row[index] ?? '').length)),
  )
  const line = (/** @type {readonly string[]} */ cells) =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
  const first = line(head)
  return [first, '-'.repeat(first.length), ...rows.map(line)].map(text => text.trimEnd()).join('\n')
}

/**
 * A median with its range: `12.3 (10.1-15.2)`. @param {Summary} summary
 * @param {(value: number) => string} [show]
 */
export function ranged({ median, min, max }, show = figure) {
  return `${show(median)} (${show(min)}-${show(max)})`
}

/** Three digits that count. @param {number} value */
export function figure(value) {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 1_000) return Math.round(value).toLocaleString('en')
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

/** @param {number} bytes */
export function size(bytes) {
  const amount = Math.abs(bytes)
  if (amount >= 1e9) return `${figure(bytes / 1e9)} GB`
  if (amount >= 1e6) return `${figure(bytes / 1e6)} MB`
  return amount >= 1e3 ? `${figure(bytes / 1e3)} KB` : `${Math.round(bytes)} B`
}

/**
 * Text in lines that fit. @param {string} text @param {{ margin?: string }} [options] what each line
 * begins with
 */
export function paragraph(text, { margin = '' } = {}) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && margin.length + last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.map(line => margin + line).join('\n')
}
