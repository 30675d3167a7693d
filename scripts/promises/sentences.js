// The sentences of a text in Markdown, with the lines on which they begin: of paragraphs, of items
// of lists and of cells of tables. Headings, code blocks and comments are none, and neither is code
// in a cell.

/**
 * @typedef {object} Sentence
 * @property {string} text on one line, without emphasis and without the addresses of links
 * @property {number} line its first, from 1
 */

/** A sentence ends before a capital letter, code, a number, a link or a parenthesis. */
const ENDS = /(?<=[^\s.][.!?][")*_]*)\s+(?=["(*_[]*(?:[A-Z`]|\d))/

/** What ends in a full stop and ends no sentence. */
const ABBREVIATED = /\b(?:e\.g|i\.e|vs|cf|etc|approx|resp|No)\.$/

/** @param {string} markdown @param {number} [firstLine] @returns {Sentence[]} */
export function sentencesOf(markdown, firstLine = 1) {
  return blocksOf(markdown).flatMap(lines => {
    /** Where each line begins in the text of the block. @type {number[]} */
    const starts = []
    let text = ''
    for (const [, words] of lines) {
      starts.push(text.length)
      text += `${words} `
    }
    return piecesOf(text).map(([offset, piece]) => ({
      text: plain(piece),
      line: firstLine + (lines[starts.findLastIndex(start => start <= offset)]?.[0] ?? 0),
    }))
  })
}

/**
 * The lines of each block of prose, with their numbers from 0.
 * @param {string} markdown @returns {[number, string][][]}
 */
function blocksOf(markdown) {
  /** @type {[number, string][][]} */
  const blocks = []
  /** @type {[number, string][]} */
  let block = []
  let fence = ''
  const end = () => {
    if (block.length > 0) blocks.push(block)
    block = []
  }
  for (const [index, line] of markdown.split('\n').entries()) {
    const mark = /^\s*(?:>\s*)?(`{3,}|~{3,})/.exec(line)?.[1] ?? ''
    if (fence !== '' || mark !== '') {
      end()
      if (fence === '') fence = mark
      else if (mark.startsWith(fence)) fence = ''
    } else if (/^\s*(?:#{1,6}\s|<|\[[^\]]+\]:|-{3,}\s*$|={3,}\s*$|$)/.test(line)) {
      end()
    } else if (line.startsWith('|')) {
      end()
      if (!/^\|[\s|:-]+\|$/.test(line))
        blocks.push(...cellsOf(line).map(cell => [/** @type {[number, string]} */ ([index, cell])]))
    } else {
      const item = /^\s*(?:[-+*]|\d+[.)])\s+/.exec(line)
      if (item) end()
      block.push([
        index,
        line
          .slice(item?.[0].length ?? 0)
          .replace(/^\s*(?:>\s?)?/, '')
          .trimEnd(),
      ])
    }
  }
  end()
  return blocks
}

/** The prose in the cells of a row. @param {string} row */
function cellsOf(row) {
  return (
    row
      .split(/(?<!\\)\|/)
      .map(cell => cell.trim())
      // What names a test promises nothing itself.
      .filter(cell => !cell.startsWith('`tests/'))
      .map(cell => cell.replaceAll(/`[^`]*`/g, '').trim())
      .filter(cell => (cell.match(/[a-z]{2,}/gi) ?? []).length > 3)
  )
}

/** Sentences, with where they begin. @param {string} text @returns {[number, string][]} */
function piecesOf(text) {
  // Code holds no end of a sentence.
  const masked = text.replaceAll(/`[^`]*`/g, code => `\`${'x'.repeat(code.length - 2)}\``)
  /** @type {[number, string][]} */
  const pieces = []
  let from = 0
  for (const { index, 0: gap } of masked.matchAll(new RegExp(ENDS, 'g'))) {
    if (ABBREVIATED.test(masked.slice(from, index))) continue
    pieces.push([from, text.slice(from, index)])
    from = index + gap.length
  }
  pieces.push([from, text.slice(from)])
  return pieces.filter(([, piece]) => piece.trim() !== '')
}

/** @param {string} piece */
function plain(piece) {
  return piece
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/\{@\w+ (?:[^}|]*\| ?)?([^}]*)\}/g, '$1')
    .replaceAll(/\*\*|__/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
}
