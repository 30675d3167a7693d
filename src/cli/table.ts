import { printable, type Style, type Tone } from './style.js'

/** A cell: its text, and how it looks on a terminal. */
export type Cell = string | number | undefined | { readonly text: string; readonly tone: Tone }

/**
 * An aligned table, a line each, headings first. Empty cells are a dash; what no row fills is left
 * out.
 */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): string {
  const filled = headings.map((_, column) => rows.some(row => textOf(row[column]) !== ''))
  const shown = <T>(items: readonly T[]): T[] => items.filter((_, column) => filled[column])
  const names = shown(headings)
  const cells = rows.map(row => shown(headings.map((_, column) => row[column])))
  const widths = names.map((name, column) =>
    Math.max(widthOf(name), ...cells.map(row => widthOf(textOf(row[column]) || '-'))),
  )
  const numeric = names.map((_, column) =>
    cells.every(row => row[column] === undefined || typeof row[column] === 'number'),
  )
  const line = (texts: readonly { text: string; tone?: Tone }[]): string =>
    texts
      .map(({ text, tone }, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - widthOf(text))
        const toned = tone === undefined ? text : style(tone, text)
        return numeric[column] === true ? space + toned : toned + space
      })
      .join('  ')
      .trimEnd()
  const heading = line(names.map(text => ({ text: text.toUpperCase(), tone: 'dim' })))
  const body = cells.map(row =>
    line(
      row.map(cell => ({ text: textOf(cell) || '-', ...(typeof cell === 'object' && { tone: cell.tone }) })),
    ),
  )
  return [heading, ...body].map(text => `${text}\n`).join('')
}

function textOf(cell: Cell): string {
  if (cell === undefined) return ''
  return printable(typeof cell === 'object' ? cell.text : String(cell))
}

/** Code points; wide characters are rare in what these tables show. */
function widthOf(text: string): number {
  return [...text].length
}
